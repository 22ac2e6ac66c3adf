package social

import (
	"testing"

	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/storage"
)

func TestDecide(t *testing.T) {
	alices := func(status string) *storage.IdentityLogin {
		return &storage.IdentityLogin{Identity: storage.Identity{AccountID: "alice"}, Status: status}
	}
	open, closed := &connectors.Connector{}, &connectors.Connector{Settings: connectors.Settings{NoSignUp: true}}
	who := func(trust Trust) Identity {
		return Identity{Namespace: "https://idp.test", Subject: "1", Email: "alice@x.test", Trust: trust}
	}
	for name, c := range map[string]struct {
		who   Identity
		c     *connectors.Connector
		known Known
		want  Decision
		code  string
	}{
		"no subject":                         {Identity{Namespace: "https://idp.test"}, open, Known{}, Decision{}, "federation.refused"},
		"no namespace":                       {Identity{Subject: "1"}, open, Known{}, Decision{}, "federation.refused"},
		"known":                              {who(None), open, Known{Login: alices("1")}, Decision{Step: SignIn, AccountID: "alice"}, ""},
		"known, whatever the address":        {who(Authoritative), open, Known{Login: alices("1"), Holder: "bob"}, Decision{Step: SignIn, AccountID: "alice"}, ""},
		"known, no sign-up":                  {who(None), closed, Known{Login: alices("1")}, Decision{Step: SignIn, AccountID: "alice"}, ""},
		"known, to be deleted":               {who(None), open, Known{Login: alices("3")}, Decision{Step: SignIn, AccountID: "alice"}, ""},
		"known, disabled":                    {who(None), open, Known{Login: alices("2")}, Decision{AccountID: "alice"}, "account.disabled"},
		"known, merged":                      {who(None), open, Known{Login: alices("4")}, Decision{AccountID: "alice"}, "account.disabled"},
		"new without address":                {who(None), open, Known{}, Decision{Step: Create}, ""},
		"new, address asserted":              {who(Asserted), open, Known{}, Decision{Step: Create}, ""},
		"new, asserted address of alice":     {who(Asserted), open, Known{Holder: "alice"}, Decision{Step: Create}, ""}, // nOAuth
		"new, address believed":              {who(Authoritative), open, Known{}, Decision{Step: Create, Verified: true}, ""},
		"new, believed address of alice":     {who(Authoritative), open, Known{Holder: "alice"}, Decision{Step: Offer, AccountID: "alice"}, ""},
		"new, no sign-up":                    {who(Authoritative), closed, Known{}, Decision{}, "federation.no_account"},
		"new, no sign-up, asserted":          {who(Asserted), closed, Known{Holder: "alice"}, Decision{}, "federation.no_account"},
		"new, no sign-up, but alice's":       {who(Authoritative), closed, Known{Holder: "alice"}, Decision{Step: Offer, AccountID: "alice"}, ""},
		"linked by alice":                    {who(Asserted), closed, Known{Linker: "alice", Holder: "bob"}, Decision{Step: Link, AccountID: "alice"}, ""},
		"linked by alice again":              {who(None), open, Known{Linker: "alice", Login: alices("1")}, Decision{Step: Keep, AccountID: "alice"}, ""},
		"linked by bob, but alice's":         {who(None), open, Known{Linker: "bob", Login: alices("1")}, Decision{}, "federation.taken"},
		"linked by bob, disabled alice's":    {who(None), open, Known{Linker: "bob", Login: alices("2")}, Decision{}, "federation.taken"},
		"linked without a subject by nobody": {Identity{}, open, Known{Linker: "bob"}, Decision{}, "federation.refused"},
	} {
		got := Decide(c.who, c.c, c.known)
		if err := got.Err; err != nil || c.code != "" {
			if !kind.Is(err, c.code) {
				t.Errorf("%s: %v", name, err)
			}
			got.Err = nil
		}
		if got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
