package oidc

import (
	"context"
	"encoding/json"
	"strings"

	"pratu/flows/authorize"
	"pratu/flows/secret"
	"pratu/storage"
)

// A code carries its grant, sealed for its client, and the row is written by whoever exchanges it first: a browser that is
// signed in is answered with one read, and codes that nobody fetches leave nothing behind. The codes of devices, those with
// tokens beside them and those too long for a URL name a row that is there already.

const (
	maxCode   = 1024 // bytes, of a URL that has 2,000 where it has the fewest
	labelCode = "code"
)

// carried is a grant in its code.
type carried struct {
	ID        string          `json:"i"`
	Account   string          `json:"u"`
	Session   string          `json:"s"`
	Subject   string          `json:"n"`
	Scopes    string          `json:"o"`
	Audience  string          `json:"r,omitempty"`
	Claims    string          `json:"q,omitempty"`
	AuthTime  storage.Instant `json:"t"`
	ACR       string          `json:"l"`
	AMR       string          `json:"m"`
	Form      string          `json:"f"`
	Told      string          `json:"w,omitempty"`
	Offline   bool            `json:"k,omitempty"`
	CreatedAt storage.Instant `json:"c"`
	UsableTo  storage.Instant `json:"d"`
	ExpiresAt storage.Instant `json:"e"`
}

// sealCode is the code that carries a grant, or "" for one that would be too long.
func (p *Provider) sealCode(g storage.Grant) string {
	plain, _ := json.Marshal(carried{ // of texts and numbers
		g.ID, g.AccountID, g.SessionID, g.Subject, g.Scopes, g.Audience, g.Claims, g.AuthTime, g.ACR, g.AMR, g.Form, g.Told, g.Offline,
		g.CreatedAt, g.CodeExpiresAt, g.ExpiresAt,
	})
	if code := prefixCode + p.Keyring.Seal(labelCode, plain, g.ClientID); len(code) <= maxCode {
		return code
	}
	return ""
}

// openCode is the grant that a code of a client carries; false for one that carries none, or another client's.
func (p *Provider) openCode(code, clientID string) (g storage.Grant, ok bool) {
	sealed, ours := strings.CutPrefix(code, prefixCode)
	if !ours || len(code) > maxCode {
		return g, false
	}
	plain, err := p.Keyring.Open(labelCode, sealed, clientID)
	if err != nil {
		return g, false
	}
	var c carried
	if json.Unmarshal(plain, &c) != nil {
		return g, false
	}
	return storage.Grant{
		ID: c.ID, ClientID: clientID, AccountID: c.Account, SessionID: c.Session, Subject: c.Subject, Scopes: c.Scopes,
		Audience: c.Audience, Claims: c.Claims, AuthTime: c.AuthTime, ACR: c.ACR, AMR: c.AMR, Form: c.Form, Told: c.Told,
		CodeHash: secret.Hash(code), CodeExpiresAt: c.UsableTo, Offline: c.Offline, CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt,
	}, true
}

// grantOfCode finds the grant of a code in any state, written or not; storage.ErrNotFound.
func (p *Provider) grantOfCode(ctx context.Context, u *unit, code string) (v storage.GrantView, err error) {
	g, carries := p.openCode(code, u.client.ID)
	if !carries {
		return p.Store.GrantByCode(ctx, secret.Hash(code))
	}
	u.carries = true
	view, err := p.Store.GrantCarried(ctx, g)
	u.withdrawn = u.allowed() && !covered(view)
	return view.GrantView, err
}

// useCode spends the code of a unit.
func (p *Provider) useCode(u *unit) storage.Write {
	now := storage.At(u.now)
	if !u.carries {
		return p.Store.UseCode(u.grant.ID, now).Else(errSpent)
	}
	return p.Store.UseCarriedCode(u.grant.Grant, u.allowed(), now).Else(errSpent)
}

// failProof counts a wrong verifier. For a code that buys nothing any more it would write a grant that nobody gave.
func (p *Provider) failProof(ctx context.Context, u *unit) error {
	now := storage.At(u.now)
	if u.over() {
		return nil
	}
	if !u.carries {
		return p.Store.FailProof(ctx, u.grant.ID, maxProofs, now)
	}
	return p.Store.FailCarriedProof(ctx, u.grant.Grant, maxProofs, now)
}

// allowed tells whether somebody was asked for the grant, so that there is a consent as long as it isn't taken back.
func (u *unit) allowed() bool { return !u.trial && !u.client.FirstParty() }

// covered tells whether what was allowed still is: who takes it back and then allows less isn't got round with a code from
// before.
func covered(v storage.CarriedView) bool {
	claims := append(strings.Fields(v.Told), authorize.NamedClaims(v.Claims)...)
	return within(strings.Fields(v.Scopes), strings.Fields(v.ConsentScopes)) && within(claims, strings.Fields(v.ConsentClaims))
}

// over tells whether a code buys nothing any more, used or not. A grant that expired counts even while its code doesn't: its
// row may be gone, and with it that the code was used.
func (u *unit) over() bool {
	g, now := u.grant, storage.At(u.now)
	return g.CodeExpiresAt <= now || g.ExpiresAt <= now || !g.RevokedAt.IsZero() || u.withdrawn || !signsIn(g.AccountStatus)
}
