package server_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/mail"
	"pratu/flows/secret"
)

// Everything we know about somebody, for them alone, after a fresh proof; and nothing that opens a door.
func TestPortalData(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.to(b.get("/account/data"), "/login")
		s.signIn(b, chromeOnAndroid)
		tokens := s.tokens(b)
		page := s.stale(b, "/account/data").expect(t, 200)
		b.send(post("/account/data", url.Values{})).expect(t, 403)
		if got := s.malisNews(); got != "" {
			t.Errorf("told %q", got)
		}
		answer := b.submit(page, "data-form").expect(t, 200)
		h := answer.Header
		if h.Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", h)
		}
		var e struct {
			Account  struct{ SSOID int64 }
			Profile  map[string]any
			Contacts []struct{ Value string }
			Sessions []struct {
				UserAgent string `json:"user_agent"`
			}
			Access   []struct{ Scopes []string } `json:"application_access"`
			Methods  []struct{ Kind string }     `json:"sign_in_methods"`
			Activity []struct{ Event string }
		}
		must(t, json.Unmarshal([]byte(answer.body), &e))
		if e.Account.SSOID != s.mali.SSOID || e.Profile["name"] != "Mali Saelim" || len(e.Contacts) != 2 || e.Contacts[0].Value != malisMail ||
			len(e.Sessions) != 1 || len(e.Access) != 1 || len(e.Methods) != 1 || len(e.Activity) < 3 {
			t.Errorf("%+v", e)
		}
		credential := must1(s.store.Password(t.Context(), s.mali.ID))(t)
		for _, hidden := range []string{
			credential.Secret, "$argon2", s.mali.ID, b.cookies[sessionName], secret.Hash(b.cookies[sessionName]), secret.Hash(b.cookies[browserName]),
			b.cookies[browserName], text(tokens, "refresh_token"), secret.Hash(text(tokens, "refresh_token")), malisPassword, "alice", "bob",
		} {
			if strings.Contains(answer.body, hidden) {
				t.Errorf("the file holds %q", hidden)
			}
		}
		if got := s.malisNews(); got != mail.DataDownloaded {
			t.Errorf("told %q", got)
		}
	})
}
