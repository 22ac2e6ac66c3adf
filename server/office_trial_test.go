package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/storage"
)

// A trial is a whole sign-in of the administrator's own, and nothing that it issues opens anything or is kept.
func TestOfficeTrial(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		a, b := s.appointed("owner@x.test", office.Owner)
		must(t, s.accounts.UpdateProfile(t.Context(), a.ID, map[string]string{"name": "<script>alert(1)</script>\u202eOwner"}))
		_, err := s.clients.Update(t.Context(), "web1", func(d *clients.Document) error {
			d.BackchannelLogoutURI, d.RequirePAR = "https://rp.test/backchannel", true
			return nil
		})
		must(t, err)
		try := func(id string) reply {
			s.pass(2 * time.Second)
			return b.submit(b.get("/admin/clients/"+id), "trial", "action", "try")
		}
		consent := b.follow(try("web1")).expect(t, 200, `id="consent-allow"`)
		came := b.proceed(b.submit(consent, "consent", "decision", "allow"))
		back := came.Header.Get("Location")
		if !strings.HasPrefix(back, op+"/admin/trial?") || came.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Fatal(back)
		}
		result := b.get(back).expect(t, 200, "nonce", "code_challenge", `id="id_token"`, `id="userinfo"`, `id="access_token"`, "ES256", "owner@x.test", "phone_number", "the scope phone gave nothing")
		if main := result.main(); strings.Contains(main, "<script>alert") || strings.Contains(main, "\u202e") || strings.Contains(main, "eyJ") {
			t.Error(main)
		}
		// Single use, and dead: the code, the grant, the participant, the row.
		b.get(back).expect(t, 404, "This trial is over")
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM grants WHERE client_id = 'web1' AND revoked_at = 0`:        0,
			`SELECT COUNT(*) FROM grants WHERE client_id = 'web1' AND code_used_at > 0`:      1,
			`SELECT COUNT(*) FROM tokens WHERE client_id = 'web1'`:                           0,
			`SELECT COUNT(*) FROM session_clients`:                                           0,
			`SELECT COUNT(*) FROM trials`:                                                    0,
			`SELECT COUNT(*) FROM consents WHERE client_id = 'web1'`:                         0,
			`SELECT COUNT(*) FROM audit WHERE event = 'client.tried' AND client_id = 'web1'`: 1,
		} {
			if n := s.count(query); n != want {
				t.Errorf("%s: %d", query, n)
			}
		}
		// A denial is shown as well; an opaque token isn't kept; a public client works too.
		must1(s.clients.Update(t.Context(), "spa1", func(d *clients.Document) error { d.Settings.AccessTokenFormat = clients.FormatOpaque; return nil }))(t)
		page := b.follow(try("spa1")).expect(t, 200)
		b.get(b.proceed(b.submit(page, "consent", "decision", "deny")).Header.Get("Location")).expect(t, 200, "access_denied")
		page = b.follow(try("spa1")).expect(t, 200)
		b.get(b.proceed(b.submit(page, "consent", "decision", "allow")).Header.Get("Location")).expect(t, 200, `id="id_token"`)
		if n := s.count(`SELECT COUNT(*) FROM tokens`) + s.count(`SELECT COUNT(*) FROM trials`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		// What was allowed to look at it lets the application in no more than before (OF-10).
		silent := base("client_id", "spa1", "redirect_uri", "https://spa.test/cb", "scope", "openid email", "prompt", "none")
		if _, params := b.authorize(silent).location(t); params.Get("error") != "consent_required" || params.Has("code") {
			t.Errorf("without a question: %v", params)
		}
		// A consent from before stays.
		must(t, s.store.PutConsent(t.Context(), storage.Consent{AccountID: a.ID, ClientID: "spa1", Scopes: clients.DefaultScope, GrantedAt: storage.At(s.now()), ExpiresAt: storage.At(s.now().Add(time.Hour))}))
		b.get(b.get(try("spa1").Header.Get("Location")).Header.Get("Location")).expect(t, 200, `id="id_token"`)
		if _, params := b.authorize(silent).location(t); !params.Has("code") {
			t.Errorf("%v", params)
		}
		if machine := b.get("/admin/clients/svc1"); strings.Contains(machine.body, `id="trial"`) {
			t.Error("a machine is tried")
		}
		b.submit(b.get("/admin/clients/web1"), "trial", "action", "try", "owner", "1").expect(t, 303) // a form of somebody who left
	})
}

// A trial warns where an application's server has another time than this one, and says nothing where none can be known.
func TestTrialClock(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		for name, c := range map[string]struct {
			off       time.Duration
			date, age string
			told      string
		}{
			"the same": {}, "behind": {off: -5 * time.Minute, told: "5m0s behind ours"}, "ahead": {off: 5 * time.Minute, told: "5m0s ahead of ours"},
			"from a cache": {off: -5 * time.Minute, age: "300"}, "no time": {date: "<script>"}, "a little": {off: -20 * time.Second},
		} {
			s.remote.mu.Lock()
			s.remote.pages["rp.test/"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", s.now().Add(c.off).UTC().Format(http.TimeFormat))
				if c.date != "" {
					w.Header().Set("Date", c.date)
				}
				if c.age != "" {
					w.Header().Set("Age", c.age)
				}
			}
			s.remote.mu.Unlock()
			s.remote.requests()
			s.pass(2 * time.Second)
			page := b.follow(b.submit(b.get("/admin/clients/ours"), "trial", "action", "try")).expect(t, 200, `id="id_token"`, c.told)
			if strings.Contains(page.main(), "the clock of") != (c.told != "") || len(s.remote.requests()) != 1 {
				t.Errorf("%s: %s", name, page.main())
			}
		}
		s.pass(2 * time.Second)
		answer := b.follow(b.submit(b.get("/admin/clients/spa1"), "trial", "action", "try"))
		b.get(b.proceed(b.submit(answer, "consent", "decision", "allow")).Header.Get("Location")).expect(t, 200, `id="id_token"`)
		if asked := s.remote.requests(); len(asked) > 0 {
			t.Errorf("a browser's clock was asked of %v", asked)
		}
	})
}

// The redirect URI of trials is nobody's: only the request that an administrator began is let through, whole and once, and
// only its own administrator sees what it brings (OF-07).
func TestTrialAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		_, other := s.appointed("admin@x.test", office.Admin)
		_, support := s.appointed("support@x.test", office.Support)
		_, titled := s.appointed("titled@x.test", office.TitleOwner)
		trial := op + "/admin/trial"
		begun := func() url.Values {
			s.pass(2 * time.Second)
			_, params := b.submit(b.get("/admin/clients/ours"), "trial", "action", "try").location(t)
			return params
		}
		good := begun()
		for name, changes := range map[string][]string{
			"nobody's":             {"state", "12345678"},
			"no state":             {"state", ""},
			"another challenge":    {"code_challenge", codeChallenge},
			"no challenge":         {"code_challenge", "", "code_challenge_method", ""},
			"another scope":        {"scope", "openid"},
			"another client":       {"client_id", "web1"},
			"more":                 {"prompt", "none"},
			"another nonce":        {"nonce", "n-12345678"},
			"a longer address":     {"redirect_uri", trial + "/"},
			"a query":              {"redirect_uri", trial + "?x=1"},
			"another page of ours": {"redirect_uri", op + "/admin/enter"},
			"upper case":           {"redirect_uri", strings.Replace(trial, "trial", "Trial", 1)},
			"a fragment":           {"response_type", "code id_token"},
		} {
			v := url.Values{}
			for k := range good {
				v.Set(k, good.Get(k))
			}
			answer := b.authorize(changed(v, changes...))
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" {
				t.Errorf("%s: %d to %s", name, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
		// Registered, it would be a client's own address; it never matches by being written.
		b.authorize(base("redirect_uri", trial)).expect(t, 400)
		back := b.authorize(good).Header.Get("Location")
		if !strings.HasPrefix(back, trial+"?code=") {
			t.Fatal(back)
		}
		// Somebody else's browser gets nothing out of it, and doesn't use it up.
		for name, c := range map[string]*browser{"another administrator": other, "support": support} {
			if answer := c.get(back); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", name, answer.StatusCode)
			}
		}
		s.signedIn(s.mali.ID).get(back).expect(t, 303) // she has no business here
		stranger := s.browser().get(back)
		if target, _ := stranger.location(t); target != op+"/oauth2/authorize" {
			t.Errorf("a stranger is sent to %s", target)
		}
		// The code buys its client nothing: the verifier is ours alone.
		code := mustQuery(t, back).Get("code")
		s.refused(s.post("/oauth2/token", "ours", s1, grant(code, "redirect_uri", trial)), 400, "invalid_grant")
		b.get(back).expect(t, 200)
		b.get(back).expect(t, 404)
		// Another code, or none, in the answer; a trial that took too long.
		for _, params := range []url.Values{{"state": {begun().Get("state")}, "code": {"pratu_ac_x"}}, {"state": {begun().Get("state")}}, {"code": {"x"}}, {}} {
			b.get("/admin/trial?"+params.Encode()).expect(t, 404)
		}
		late := begun()
		s.pass(11 * time.Minute)
		b.authorize(late).expect(t, 400)
		// Who may not change an application doesn't try it, nor somebody else's title.
		form := url.Values{}
		for k, c := range map[string]*browser{"/admin/clients/ours": support, "/admin/clients/web1": titled} {
			form.Set("csrf", c.csrfOf())
			form.Set("owner", field(c.get("/admin/clients").body, "owner", 0))
			form.Set("action", "try")
			if answer := c.send(post(k, form)); answer.StatusCode/100 == 2 || strings.Contains(answer.Header.Get("Location"), "authorize") {
				t.Errorf("%s: %d to %s", k, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	})
}

func mustQuery(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	return u.Query()
}

// What an application would be told is shown to who may see both, by a POST, and its owner can read that it was.
func TestOfficePreview(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("auditor@x.test", office.Auditor)
		page := b.get("/admin/clients/web1")
		b.submit(page, "preview", "action", "preview", "account", "nobody@x.test").expect(t, 422, "account-problem")
		shown := b.submit(page, "preview", "action", "preview", "account", malisMail).expect(t, 200, "Mali Saelim", malisMail, `id="userinfo"`, "Chiang Mai")
		if strings.Contains(shown.Request.URL.String(), "mali") {
			t.Error("an address in a URL")
		}
		b.submit(shown, "preview", "action", "preview", "account", number(s.mali.SSOID)).expect(t, 200, malisMail)
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'account.claims_previewed' AND account_id = '` + s.mali.ID + `'`); n != 2 {
			t.Errorf("recorded %d times", n)
		}
		s.signedIn(s.mali.ID).get("/account/activity").expect(t, 200, "An administrator looked at what an application would be told of you")
		b.submit(b.get("/admin/clients/svc1"), "preview", "action", "preview").expect(t, 200, `id="access_token"`, "orders.read")
		// A title owner sees the title, and nobody's account.
		_, _, err := s.clients.Create(t.Context(), clients.Document{ClientID: "dragons", Kind: clients.KindGame})
		must(t, err)
		_, theirs := s.appointed("titled@x.test", office.TitleOwner)
		form := theirs.get("/admin/clients/dragons").expect(t, 200)
		if strings.Contains(form.body, `id="preview"`) {
			t.Error("a title owner is offered people's claims")
		}
		theirs.submit(form, "client-form", "action", "preview", "account", malisMail).expect(t, 403)
	})
}

// A redirect URI that was refused can be added as it was shown; strangers fill a few places and no more.
func TestRefusedRedirects(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		stranger := s.browser()
		ask := func(uri string) { stranger.authorize(base("redirect_uri", uri)).expect(t, 400) }
		ask(rp + "/")
		page := b.get("/admin/clients/ours").expect(t, 200, "<mark>/</mark>", "at character "+number(int64(len(rp)+1)), `value="`+rp+`/"`)
		b.submit(page, "refused-0", "action", "add-redirect").expect(t, 422, "Tick the box")
		b.to(b.submit(page, "refused-0", "action", "add-redirect", "confirm", "1"), "/admin/clients/ours").expect(t, 200, "Saved.")
		c := must1(s.clients.Find(t.Context(), "ours"))(t)
		if len(c.Metadata.RedirectURIs) != 2 || c.Metadata.RedirectURIs[1] != rp+"/" {
			t.Errorf("%v", c.Metadata.RedirectURIs)
		}
		page = b.get("/admin/clients/ours")
		if strings.Contains(page.body, "refused-0") {
			t.Error("it is still offered")
		}
		s.pass(2 * time.Minute)
		ask("http://rp.test/cb")
		page = b.get("/admin/clients/ours").expect(t, 200, "http only for localhost")
		if strings.Contains(page.body, `value="add-redirect"`) {
			t.Error("what can't be registered is offered")
		}
		b.submit(page, "refused-0", "action", "add-redirect", "confirm", "1").expect(t, 422, "http only for localhost")
		b.to(b.submit(page, "refused-0", "action", "forget-redirect"), "/admin/clients/ours").expect(t, 200, "Forgotten.")
		// However many are sent, a few are kept, and what turns text around or is endless never is.
		for i := range 40 {
			ask("https://evil.test/" + number(int64(i)))
		}
		for _, uri := range []string{"https://rp.test/\u202ecb", "https://rp.test/\x00", strings.Repeat("x", 600), "javascript:alert(1)", `https://x.test/"><script>alert(1)</script>`} {
			ask(uri)
		}
		ask(op + "/admin/trial")
		stranger.authorize(base("client_id", "nobody", "redirect_uri", "https://x.test/")).expect(t, 400)
		if n := s.count(`SELECT COUNT(*) FROM refused_redirects`); n < 2 || n > 4 {
			t.Errorf("%d places", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event = 'client.redirect_refused'`); n > 6 {
			t.Errorf("%d records", n)
		}
		s.pass(2 * time.Minute)
		ask(`https://x.test/"><script>alert(1)</script>`)
		if page = b.get("/admin/clients/ours"); strings.Contains(page.main(), "<script>alert") {
			t.Error(page.main())
		}
	})
}

// When a secret was used last is noted in passing, and shown.
func TestSecretLastUsed(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		b.get("/admin/clients/web2").expect(t, 200, "not used yet")
		if s.opens("web2", s1) || !s.opens("web2", s2) {
			t.Fatal("which secret is it?")
		}
		must(t, s.presence.Flush(t.Context(), true))
		b.get("/admin/clients/web2").expect(t, 200, "last used")
	})
}
