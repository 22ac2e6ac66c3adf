package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/flows/oidc"
	"pratu/flows/secret"
	"pratu/storage"
)

// OpenID Connect Core section 8: one value for all clients of a sector, another for those of the next, wherever it is told.
func TestPairwiseSubjects(t *testing.T) {
	each(t, func(w *world) {
		for id, uri := range map[string]string{"pair1": "https://one.test/cb", "pair2": "https://one.test/other", "pair3": "https://two.test/cb"} {
			_, _, err := w.clients.Create(t.Context(), clients.Document{
				ClientID: id, Kind: clients.KindWeb, ClientSecret: s1, Settings: clients.Settings{FirstParty: true, SubjectType: "pairwise"},
				Metadata: clients.Metadata{RedirectURIs: []string{uri}, PostLogoutRedirectURIs: []string{uri}, IDTokenAlg: "ES256"},
			})
			must(t, err)
		}
		b := w.signedIn("alice")
		tokens := func(b *browser, id, uri string) map[string]any {
			t.Helper()
			code := b.code(base("client_id", id, "redirect_uri", uri))
			answer := w.post("/oauth2/token", id, s1, grant(code, "redirect_uri", uri))
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", answer.StatusCode, answer.body)
			}
			return answer.json(t)
		}
		one, two, three := tokens(b, "pair1", "https://one.test/cb"), tokens(b, "pair2", "https://one.test/other"), tokens(b, "pair3", "https://two.test/cb")
		sub := text(claims(t, text(one, "id_token")), "sub")
		if sub == "21992040" || len(sub) != 43 || text(claims(t, text(two, "id_token")), "sub") != sub || text(claims(t, text(three, "id_token")), "sub") == sub {
			t.Errorf("%q", sub)
		}
		if other := text(claims(t, text(tokens(w.signedIn("bob"), "pair1", "https://one.test/cb"), "id_token")), "sub"); other == sub {
			t.Error("two people are one")
		}
		if got := w.do(bearer(http.MethodGet, text(one, "access_token"))).json(t)["sub"]; got != sub {
			t.Errorf("userinfo: %v", got)
		}
		if got := claims(t, text(one, "access_token"))["sub"]; got != sub {
			t.Errorf("access token: %v", got)
		}
		for _, name := range []string{"access_token", "refresh_token"} {
			if got := w.post("/oauth2/introspect", "pair1", s1, url.Values{"token": {text(one, name)}}).json(t)["sub"]; got != sub {
				t.Errorf("introspected %s: %v", name, got)
			}
		}
		next := w.post("/oauth2/token", "pair1", s1, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(one, "refresh_token")}}).json(t)
		if got := claims(t, text(next, "id_token"))["sub"]; got != sub {
			t.Errorf("refreshed: %v", got)
		}
		// Hints name the person under the client's own name for them.
		asking := base("client_id", "pair1", "redirect_uri", "https://one.test/cb", "prompt", "none")
		b.code(changed(asking, "id_token_hint", text(one, "id_token")))
		b.code(changed(asking, "id_token_hint", "", "claims", `{"id_token":{"sub":{"value":"`+sub+`"}}}`))
		refused := func(answer reply) {
			t.Helper()
			if got := answer.query(t).Get("error"); got != "login_required" {
				t.Errorf("%q", got)
			}
		}
		refused(b.authorize(changed(asking, "claims", `{"id_token":{"sub":{"value":"21992040"}}}`)))
		answer := b.get("/oauth2/logout?" + url.Values{"id_token_hint": {text(one, "id_token")}, "post_logout_redirect_uri": {"https://one.test/cb"}}.Encode())
		if answer.Header.Get("Location") != "https://one.test/cb" {
			t.Errorf("signed out to %q", answer.Header.Get("Location"))
		}
		refused(b.authorize(changed(asking, "claims", "")))
	})
}

// Pairwise subjects outlive the secret key, and are the same on every replica.
func TestPairwiseSubjectsLast(t *testing.T) {
	each(t, func(w *world) {
		client := &clients.Client{Metadata: clients.Metadata{SubjectType: "pairwise", RedirectURIs: []string{"https://one.test/cb"}}}
		key := func(letter string) []byte { return []byte(strings.Repeat(letter, secret.KeySize)) }
		subject := func(current string, previous ...string) (string, error) {
			var older [][]byte
			for _, p := range previous {
				older = append(older, key(p))
			}
			ring, err := secret.NewKeyring(key(current), older...)
			must(t, err)
			must(t, oidc.ResealSubjects(t.Context(), w.store, ring)) // as a server does when it starts with two keys
			p := &oidc.Provider{Options: oidc.Options{Store: w.store, Keyring: ring, Clients: w.clients, Now: w.now}}
			return p.Subject(t.Context(), client, storage.Account{ID: "alice", SSOID: 1})
		}
		// A key that was made in a sign-in that didn't come off is nobody's.
		ring, err := secret.NewKeyring(key("k"))
		must(t, err)
		p, gone := &oidc.Provider{Options: oidc.Options{Store: w.store, Keyring: ring, Clients: w.clients, Now: w.now}}, errors.New("undone")
		var undone string
		err = w.store.InTx(t.Context(), func(ctx context.Context) error {
			undone, _ = p.Subject(ctx, client, storage.Account{ID: "alice", SSOID: 1})
			return gone
		})
		if !errors.Is(err, gone) || len(undone) != 43 {
			t.Fatalf("%q %v", undone, err)
		}
		first, err := subject("k")
		must(t, err)
		if got, err := p.Subject(t.Context(), client, storage.Account{ID: "alice", SSOID: 1}); err != nil || got != first {
			t.Errorf("this replica goes on with a key that was never written: %q %v, want %q", got, err, first)
		}
		for _, keys := range [][]string{{"k"}, {"n", "k"}, {"n"}} { // replaced, and then forgotten
			if got, err := subject(keys[0], keys[1:]...); err != nil || got != first {
				t.Errorf("%v: %q %v, want %q", keys, got, err, first)
			}
		}
		if got, err := subject("x"); err == nil {
			t.Errorf("another key made %q of it", got)
		}
	})
}
