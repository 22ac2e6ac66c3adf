package storagetest

import (
	"testing"
	"time"

	"pratu/storage"
)

// grant writes an account and a grant for it. The account is inserted past the store: its contract is elsewhere.
func grant(t *testing.T, s *storage.Store, url string, change func(*storage.Grant)) storage.Grant {
	t.Helper()
	g := carried(t, s, url, change)
	ok(t, apply(t.Context(), s, s.CreateGrant(g)))
	return g
}

// carried is a grant that isn't written yet.
func carried(t *testing.T, s *storage.Store, url string, change func(*storage.Grant)) storage.Grant {
	t.Helper()
	account := name("account")
	db := raw(t, url)
	query := "INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at) VALUES ('" +
		account + "', " + digits(account) + ", '" + account + "', '1', '0', 'th', '{}', 1, 1)"
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	g := storage.Grant{
		ID: name("grant"), ClientID: "web", AccountID: account, SessionID: name("session"), Subject: "42", Scopes: "openid",
		Claims: "", AuthTime: start, ACR: "1", AMR: "pwd", Form: "nonce=n", CodeHash: name("code"),
		CodeExpiresAt: start.Add(minute), CreatedAt: start, ExpiresAt: start.Add(30 * day),
	}
	if change != nil {
		change(&g)
	}
	n := session(account, name("cookie"), start)
	n.ID = g.SessionID
	must[storage.SessionView](t)(s.BeginSession(t.Context(), n, storage.Start{}))
	return g
}

func digits(s string) string {
	out := "7"
	for _, r := range s {
		if '0' <= r && r <= '9' {
			out += string(r)
		}
	}
	return out
}

// Grants is the contract of authorizations and their codes.
func Grants(t *testing.T, url string) {
	s := Open(t, url)
	t.Run("round trip, one statement each", func(t *testing.T) {
		g := grant(t, s, url, func(g *storage.Grant) { g.Offline = true; g.Claims = `{"userinfo":{"name":null}}` })
		for _, read := range []func() (storage.GrantView, error){
			func() (storage.GrantView, error) { return s.GrantByID(t.Context(), g.ID) },
			func() (storage.GrantView, error) { return s.GrantByCode(t.Context(), g.CodeHash) },
		} {
			costs(t, s, 1, func() {
				v := must[storage.GrantView](t)(read())
				if v.Grant != g || v.AccountStatus != "1" || v.AccountProfile != "{}" {
					t.Errorf("got %+v, want %+v", v, g)
				}
			})
		}
		_, err := s.GrantByCode(t.Context(), "nobody's")
		fails(t, err, storage.ErrNotFound)
	})
	t.Run("a code buys once, however many ask at once", func(t *testing.T) {
		g := grant(t, s, url, nil)
		won := race(t, crowd, func(int) (bool, error) {
			return verdict(apply(t.Context(), s, s.UseCode(g.ID, start.Add(minute/2))), storage.ErrNotFound)
		})
		if won != 1 {
			t.Errorf("%d of %d spent one code", won, crowd)
		}
	})
	t.Run("a code that has expired or whose grant has ended buys nothing", func(t *testing.T) {
		late := grant(t, s, url, nil)
		fails(t, apply(t.Context(), s, s.UseCode(late.ID, start.Add(minute))), storage.ErrNotFound)
		ended := grant(t, s, url, nil)
		must[bool](t)(s.RevokeGrant(t.Context(), ended.ID, start))
		fails(t, apply(t.Context(), s, s.UseCode(ended.ID, start)), storage.ErrNotFound)
	})
	t.Run("too many wrong proofs spend a code", func(t *testing.T) {
		g := grant(t, s, url, nil)
		for range 2 {
			ok(t, s.FailProof(t.Context(), g.ID, 3, start))
		}
		if v := must[storage.GrantView](t)(s.GrantByID(t.Context(), g.ID)); !v.CodeUsedAt.IsZero() || v.FailedProofs != 2 {
			t.Errorf("two of three: %+v", v)
		}
		ok(t, s.FailProof(t.Context(), g.ID, 3, start.Add(minute/4)))
		fails(t, apply(t.Context(), s, s.UseCode(g.ID, start)), storage.ErrNotFound)
	})
	t.Run("what a code carries is written once, as used", func(t *testing.T) {
		g := carried(t, s, url, nil)
		costs(t, s, 1, func() {
			if v := must[storage.CarriedView](t)(s.GrantCarried(t.Context(), g)); v.Grant != g || v.AccountStatus != "1" {
				t.Errorf("got %+v, want %+v", v, g)
			}
		})
		won := race(t, crowd, func(int) (bool, error) {
			return verdict(apply(t.Context(), s, s.UseCarriedCode(g, false, start+1)), storage.ErrNotFound)
		})
		g.CodeUsedAt = start + 1
		v := must[storage.GrantView](t)(s.GrantByID(t.Context(), g.ID))
		if again := must[storage.CarriedView](t)(s.GrantCarried(t.Context(), g)); won != 1 || v.Grant != g || again.GrantView != v {
			t.Errorf("%d of %d: %+v, %+v", won, crowd, v, again)
		}
		nobody := g
		nobody.AccountID = "nobody"
		_, err := s.GrantCarried(t.Context(), nobody)
		fails(t, err, storage.ErrNotFound)
	})
	t.Run("carried proofs are counted, at once as well", func(t *testing.T) {
		g, four := carried(t, s, url, nil), carried(t, s, url, nil)
		for range 4 {
			ok(t, s.FailCarriedProof(t.Context(), four, 5, start))
		}
		if v := must[storage.CarriedView](t)(s.GrantCarried(t.Context(), four)); v.FailedProofs != 4 || v.CodeUsedAt != 0 {
			t.Errorf("%+v", v)
		}
		ok(t, apply(t.Context(), s, s.UseCarriedCode(four, false, start)))
		race(t, crowd, func(int) (bool, error) { return true, s.FailCarriedProof(t.Context(), g, 5, start) })
		if v := must[storage.CarriedView](t)(s.GrantCarried(t.Context(), g)); v.FailedProofs != 5 || v.CodeUsedAt != start {
			t.Errorf("%+v", v)
		}
		fails(t, apply(t.Context(), s, s.UseCarriedCode(g, false, start)), storage.ErrNotFound)
	})
	t.Run("nothing is written of what ended or was taken back", func(t *testing.T) {
		signedOut, revoked, asked := carried(t, s, url, nil), carried(t, s, url, nil), carried(t, s, url, nil)
		must[bool](t)(s.EndSession(t.Context(), signedOut.SessionID, start))
		fails(t, apply(t.Context(), s, s.UseCarriedCode(signedOut, false, start)), storage.ErrNotFound)
		ok(t, s.FailCarriedProof(t.Context(), signedOut, 5, start))
		_, err := s.GrantByID(t.Context(), signedOut.ID)
		fails(t, err, storage.ErrNotFound)
		ok(t, s.FailCarriedProof(t.Context(), revoked, 5, start)) // which writes it
		must[bool](t)(s.RevokeGrant(t.Context(), revoked.ID, start))
		fails(t, apply(t.Context(), s, s.UseCarriedCode(revoked, false, start)), storage.ErrNotFound)
		fails(t, apply(t.Context(), s, s.UseCarriedCode(asked, true, start)), storage.ErrNotFound)
		ok(t, s.PutConsent(t.Context(), storage.Consent{AccountID: asked.AccountID, ClientID: "another", ExpiresAt: start.Add(day)}))
		fails(t, apply(t.Context(), s, s.UseCarriedCode(asked, true, start)), storage.ErrNotFound)
		ok(t, s.PutConsent(t.Context(), storage.Consent{AccountID: asked.AccountID, ClientID: asked.ClientID, ExpiresAt: start.Add(day)}))
		ok(t, apply(t.Context(), s, s.UseCarriedCode(asked, true, start)))
	})
	t.Run("revoking is news once", func(t *testing.T) {
		g := grant(t, s, url, nil)
		if !must[bool](t)(s.RevokeGrant(t.Context(), g.ID, start)) || must[bool](t)(s.RevokeGrant(t.Context(), g.ID, start.Add(hour))) {
			t.Error("the first is news and the second isn't")
		}
		if v := must[storage.GrantView](t)(s.GrantByID(t.Context(), g.ID)); v.RevokedAt != start {
			t.Errorf("revoked at %d", v.RevokedAt)
		}
	})
	t.Run("all of an account's, for one client or for all", func(t *testing.T) {
		g := grant(t, s, url, nil)
		ok(t, s.RevokeGrantsOfAccount(t.Context(), g.AccountID, "another", start))
		if v := must[storage.GrantView](t)(s.GrantByID(t.Context(), g.ID)); !v.RevokedAt.IsZero() {
			t.Error("another client's revocation hit it")
		}
		ok(t, s.RevokeGrantsOfAccount(t.Context(), g.AccountID, "", start))
		if v := must[storage.GrantView](t)(s.GrantByID(t.Context(), g.ID)); v.RevokedAt.IsZero() {
			t.Error("not revoked")
		}
	})
	t.Run("with contacts in one statement", func(t *testing.T) {
		g := grant(t, s, url, nil)
		db := raw(t, url)
		for _, id := range []string{name("c"), name("c")} {
			query := "INSERT INTO contacts (id, account_id, kind, value, preferred, added_at, verified_at) VALUES ('" + id + "', '" + g.AccountID + "', 'email', 'sealed', 1, 5, 0)"
			if _, err := db.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		costs(t, s, 1, func() {
			v, contacts, err := s.GrantWithContacts(t.Context(), g.ID)
			if err != nil || v.Grant != g || len(contacts) != 2 || contacts[0].Value != "sealed" || !contacts[0].Preferred {
				t.Errorf("%+v %+v %v", v, contacts, err)
			}
		})
		bare := grant(t, s, url, nil)
		if _, contacts, err := s.GrantWithContacts(t.Context(), bare.ID); err != nil || contacts != nil {
			t.Errorf("without contacts: %+v %v", contacts, err)
		}
		_, _, err := s.GrantWithContacts(t.Context(), "nobody's")
		fails(t, err, storage.ErrNotFound)
	})
}

// Tokens is the contract of refresh tokens and opaque access tokens.
func Tokens(t *testing.T, url string) {
	s := Open(t, url)
	token := func(t *testing.T, g storage.Grant, kind string) storage.Token {
		t.Helper()
		row := storage.Token{
			ID: name("token"), Kind: kind, GrantID: g.ID, ClientID: g.ClientID, Scopes: "openid", Audience: "web",
			CreatedAt: start, ExpiresAt: start.Add(7 * day),
		}
		ok(t, apply(t.Context(), s, s.CreateToken(row)))
		return row
	}
	t.Run("round trip, one statement", func(t *testing.T) {
		g := grant(t, s, url, nil)
		row := token(t, g, storage.TokenRefresh)
		costs(t, s, 1, func() {
			v := must[storage.TokenView](t)(s.TokenWithGrant(t.Context(), row.ID, storage.TokenRefresh))
			if v.Token != row || v.Grant.Grant != g {
				t.Errorf("got %+v", v)
			}
		})
		fails(t, apply(t.Context(), s, s.CreateToken(row)), storage.ErrExists)
	})
	t.Run("a kind never passes for the other", func(t *testing.T) {
		row := token(t, grant(t, s, url, nil), storage.TokenRefresh)
		_, err := s.TokenWithGrant(t.Context(), row.ID, storage.TokenAccess)
		fails(t, err, storage.ErrNotFound)
		_, err = s.TokenByID(t.Context(), row.ID, storage.TokenAccess)
		fails(t, err, storage.ErrNotFound)
		access := token(t, grant(t, s, url, nil), storage.TokenAccess)
		fails(t, apply(t.Context(), s, s.UseRefreshToken(access.ID, start)), storage.ErrNotFound)
	})
	t.Run("spent once, however many ask at once", func(t *testing.T) {
		row := token(t, grant(t, s, url, nil), storage.TokenRefresh)
		won := race(t, crowd, func(int) (bool, error) {
			return verdict(apply(t.Context(), s, s.UseRefreshToken(row.ID, start)), storage.ErrNotFound)
		})
		if won != 1 {
			t.Errorf("%d of %d spent one refresh token", won, crowd)
		}
	})
	t.Run("not after its end, nor its grant's", func(t *testing.T) {
		g := grant(t, s, url, nil)
		expired, revoked := token(t, g, storage.TokenRefresh), token(t, g, storage.TokenRefresh)
		fails(t, apply(t.Context(), s, s.UseRefreshToken(expired.ID, expired.ExpiresAt)), storage.ErrNotFound)
		ok(t, s.RevokeToken(t.Context(), revoked.ID, storage.TokenRefresh, start))
		fails(t, apply(t.Context(), s, s.UseRefreshToken(revoked.ID, start)), storage.ErrNotFound)
		must[bool](t)(s.RevokeGrant(t.Context(), g.ID, start))
		fails(t, apply(t.Context(), s, s.UseRefreshToken(token(t, g, storage.TokenRefresh).ID, start)), storage.ErrNotFound)
	})
}

// Interactions is the contract of requests that wait, of pushed ones, of consents and of things seen once.
func Interactions(t *testing.T, s *storage.Store) {
	park := func(t *testing.T) storage.Interaction {
		t.Helper()
		i := storage.Interaction{ID: name("interaction"), ClientID: "web", Form: "a=b", RequestedAt: start, ExpiresAt: start.Add(hour)}
		ok(t, apply(t.Context(), s, s.CreateInteraction(i)))
		return i
	}
	t.Run("bound to one browser", func(t *testing.T) {
		i := park(t)
		won := race(t, crowd, func(n int) (bool, error) {
			return verdict(s.BindInteraction(t.Context(), i.ID, name("browser")), storage.ErrNotFound)
		})
		if won != 1 {
			t.Errorf("%d browsers own it", won)
		}
	})
	t.Run("who signs in or is chosen anew has consented to nothing yet", func(t *testing.T) {
		i := park(t)
		ok(t, s.SignInInteraction(t.Context(), i.ID, "one", start.Add(minute)))
		ok(t, s.ConsentInteraction(t.Context(), i.ID, "one", "openid", start.Add(2*minute)))
		ok(t, s.SelectInteraction(t.Context(), i.ID, "two", start.Add(3*minute)))
		got := must[storage.Interaction](t)(s.Interaction(t.Context(), i.ID))
		if got.SessionID != "two" || !got.ConsentedAt.IsZero() || got.Scopes != "" || got.SelectedAt != start.Add(3*minute) || !got.SignedInAt.IsZero() {
			t.Errorf("%+v", got)
		}
		fails(t, s.ConsentInteraction(t.Context(), i.ID, "one", "openid", start.Add(4*minute)), storage.ErrNotFound)
	})
	t.Run("who signed in and is chosen then has still signed in", func(t *testing.T) {
		i := park(t)
		ok(t, s.SignInInteraction(t.Context(), i.ID, "one", start.Add(minute)))
		ok(t, s.SelectInteraction(t.Context(), i.ID, "one", start.Add(2*minute)))
		if got := must[storage.Interaction](t)(s.Interaction(t.Context(), i.ID)); got.SignedInAt != start.Add(minute) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nothing is noted after the end", func(t *testing.T) {
		i := park(t)
		fails(t, s.SignInInteraction(t.Context(), i.ID, "one", i.ExpiresAt), storage.ErrNotFound)
		fails(t, s.DenyInteraction(t.Context(), i.ID, i.ExpiresAt), storage.ErrNotFound)
	})
	t.Run("answered once", func(t *testing.T) {
		i := park(t)
		won := race(t, crowd, func(n int) (bool, error) {
			now := start.Add(-time.Duration(n) * time.Second) // replicas' clocks differ
			return verdict(apply(t.Context(), s, s.EndInteraction(i, now)), storage.ErrNotFound)
		})
		if won != 1 {
			t.Errorf("%d answers", won)
		}
	})
	t.Run("pushed requests", func(t *testing.T) {
		p := storage.PushedRequest{ID: name("pushed"), ClientID: "web", Form: "a=b", CreatedAt: start, ExpiresAt: start.Add(minute)}
		ok(t, s.CreatePushedRequest(t.Context(), p))
		_, err := s.PushedRequest(t.Context(), p.ID, "another", start)
		fails(t, err, storage.ErrNotFound)
		_, err = s.PushedRequest(t.Context(), p.ID, "web", p.ExpiresAt)
		fails(t, err, storage.ErrNotFound)
		for range 2 { // reading burns nothing
			if got := must[storage.PushedRequest](t)(s.PushedRequest(t.Context(), p.ID, "web", start)); got != p {
				t.Errorf("%+v", got)
			}
		}
		won := race(t, crowd, func(int) (bool, error) {
			return verdict(apply(t.Context(), s, s.UsePushedRequest(p.ID)), storage.ErrNotFound)
		})
		if won != 1 {
			t.Errorf("%d consumed it", won)
		}
	})
	t.Run("seen once", func(t *testing.T) {
		id := name("jti")
		won := race(t, crowd, func(int) (bool, error) { return verdict(s.MarkSeen(t.Context(), id, start), storage.ErrExists) })
		if won != 1 || !must[bool](t)(s.Seen(t.Context(), id)) || must[bool](t)(s.Seen(t.Context(), "never")) {
			t.Errorf("%d saw it first", won)
		}
	})
}
