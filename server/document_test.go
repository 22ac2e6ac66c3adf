package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
)

const (
	selfID  = "https://app.test/client.json"
	selfURI = "https://app.test/cb"
)

// documents switches such clients on and puts one on the web.
func (w *world) documents(body string) {
	w.clients.Documents = &clients.Documents{Fetch: w.clients.Fetch, Limiter: w.limiter, Now: w.now}
	w.remote.serve(selfID, "application/json", body)
}

func selfDocument(t *testing.T, changes ...any) string {
	t.Helper()
	members := map[string]any{
		"client_id": selfID, "client_name": "Assistant", "redirect_uris": []string{selfURI, "http://localhost:3000/cb"}, "token_endpoint_auth_method": "none",
		"client_uri": "https://bank.test/", "grant_types": []string{"authorization_code", "refresh_token"},
	}
	for i := 0; i < len(changes); i += 2 {
		members[changes[i].(string)] = changes[i+1]
	}
	return document(t, members)
}

func asked(changes ...string) url.Values {
	return base(append([]string{"client_id", selfID, "redirect_uri", selfURI, "scope", "openid profile"}, changes...)...)
}

// A client that nobody registered signs people in by its document, if that is switched on; the page that asks says where
// the document is.
func TestClientDocuments(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.remote.serve(selfID, "application/json", selfDocument(t))
		s.page(s.browser().authorize(asked()), http.StatusBadRequest)
		if got := s.remote.requests(); len(got) > 0 {
			t.Errorf("switched off, it asked %v", got)
		}
		s.documents(selfDocument(t))
		b := s.browser()
		login := b.to(b.authorize(asked()), "/login").expect(t, 200, "Assistant", "app.test")
		page := b.to(b.proceed(b.submit(login, "sign-in", "username", malisMail, "password", malisPassword)), "/consent")
		page.expect(t, 200, "Assistant", "We don’t know who runs this application.", "All we have is what", "app.test")
		if strings.Contains(page.body+login.body, "bank.test") {
			t.Error("a page shows an address that anybody may write")
		}
		code := b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code")
		answer := s.post("/oauth2/token", "", "", grant(code, "client_id", selfID, "redirect_uri", selfURI))
		tokens := answer.json(t)
		if c := claims(t, text(tokens, "id_token")); answer.StatusCode != http.StatusOK || c["aud"] != selfID || c["sub"] != number(s.mali.SSOID) {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		if info := s.do(bearer(http.MethodGet, text(tokens, "access_token"))); info.StatusCode != http.StatusOK {
			t.Errorf("%d %s", info.StatusCode, info.body)
		}
		refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {selfID}, "refresh_token": {text(tokens, "refresh_token")}}
		if answer := s.post("/oauth2/token", "", "", refresh); answer.StatusCode != http.StatusOK {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		s.page(b.authorize(asked("redirect_uri", "https://evil.test/cb")), http.StatusBadRequest)
		// Another program on the same machine may listen there: nobody is answered for unasked.
		if got := b.authorize(asked("redirect_uri", "http://localhost:3000/cb", "prompt", "none")).query(t).Get("error"); got != "consent_required" {
			t.Errorf("localhost: %q", got)
		}
		if got := s.remote.requests(); len(got) != 1 {
			t.Errorf("fetched %v", got)
		}
		b.get("/account/applications").expect(t, 200, "Assistant", "app.test", "We don’t know who runs this application.")
		s.clients.Documents = nil // looking at a list asks nobody
		b.get("/account/applications").expect(t, 200, "app.test")
		s.page(b.authorize(asked()), http.StatusBadRequest)
	})
}

// A document that isn't right is no client, by the same rules as all.
func TestClientDocumentsRefused(t *testing.T) {
	each(t, func(w *world) {
		for name, body := range map[string]string{
			"another's":        selfDocument(t, "client_id", "https://app.test/client.json2"),
			"no id":            selfDocument(t, "client_id", nil),
			"a secret":         selfDocument(t, "client_secret", "0123456789abcdef"),
			"a method":         selfDocument(t, "token_endpoint_auth_method", "client_secret_basic"),
			"keys":             selfDocument(t, "token_endpoint_auth_method", "private_key_jwt", "jwks_uri", "https://app.test/jwks"),
			"a redirect":       selfDocument(t, "redirect_uris", []string{"javascript:alert(1)"}),
			"none":             selfDocument(t, "redirect_uris", []string{}),
			"a machine":        selfDocument(t, "grant_types", []string{"client_credentials"}),
			"a sector":         selfDocument(t, "sector_identifier_uri", "https://app.test/sector"),
			"too long":         selfDocument(t, "unknown", strings.Repeat("a", 6000)),
			"not JSON":         "<html>",
			"given twice":      `{"client_id":"` + selfID + `","redirect_uris":["` + selfURI + `"],"redirect_uris":["https://evil.test/cb"]}`,
			"nothing":          "",
			"a list of things": "[]",
		} {
			w.documents(body)
			w.page(w.browser().authorize(asked()), http.StatusBadRequest)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		w.documents(selfDocument(t))
		w.remote.serve(selfID, "text/html", selfDocument(t))
		w.page(w.browser().authorize(asked()), http.StatusBadRequest)
		// MI-16: what isn't such an address is never asked.
		w.remote.requests()
		for _, id := range []string{
			"http://app.test/client.json", "https://app.test/", "https://app.test", "https://127.0.0.1/client.json", "https://localhost/client.json", "https://[::1]/c",
			"https://app.test/a/../client.json", "https://app.test/./client.json", "https://app.test/client.json#x", "https://app.test/client.json?x=1",
			"https://user@app.test/client.json", "https://APP.test/client.json", "https://app.test/%2e%2e/client.json", "https://app.test\\client.json",
			"https://app.test/" + strings.Repeat("a", 600),
		} {
			w.page(w.browser().authorize(asked("client_id", id)), http.StatusBadRequest)
			if asked := w.remote.requests(); len(asked) > 0 {
				t.Errorf("%s: asked %v", id, asked)
			}
		}
	})
}

// Documents are remembered for as long as their server says, within bounds; who is away stays known for a day, who is gone
// doesn't; and nobody makes us ask without end.
func TestClientDocumentsAreRemembered(t *testing.T) {
	each(t, func(w *world) {
		w.documents("")
		cache, status := "max-age=7200", http.StatusOK
		w.remote.pages["app.test/client.json"] = func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			rw.Header().Set("Cache-Control", cache)
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(selfDocument(t)))
		}
		known := func(fetches int, want bool) {
			t.Helper()
			got := w.browser().authorize(asked()).StatusCode == http.StatusSeeOther
			if n := len(w.remote.requests()); got != want || n != fetches {
				t.Errorf("known %v after %d fetches, want %v after %d", got, n, want, fetches)
			}
		}
		known(1, true)
		w.pass(2*time.Hour - time.Second)
		known(0, true)
		w.pass(time.Second)
		status = http.StatusServiceUnavailable
		known(1, true)
		known(0, true)
		w.pass(25 * time.Hour)
		known(1, false)
		known(0, false)
		w.pass(time.Minute)
		status, cache = http.StatusOK, "no-store"
		known(1, true)
		w.pass(5*time.Minute - time.Second)
		known(0, true)
		w.pass(time.Second)
		status = http.StatusNotFound
		known(1, false)
		// A visitor with ever new addresses.
		w.pass(time.Hour)
		var statuses []int
		for i := range 70 {
			statuses = append(statuses, w.browser().authorize(asked("client_id", selfID+number(int64(i)))).StatusCode)
		}
		if n := len(w.remote.requests()); n != 60 || !slices.Contains(statuses, http.StatusTooManyRequests) {
			t.Errorf("%d fetches, %v", n, statuses)
		}
	})
}
