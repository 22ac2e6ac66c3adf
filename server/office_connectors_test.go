package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pratu/flows/connectors"
	"pratu/flows/office"
	"pratu/server/formtest"
)

// From nothing to a button on the sign-in page: kind, exact messages, a secret that is written and never read; off and on
// without a restart; gone, with what hung on it said before.
func TestOfficeConnector(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		b.get("/admin/new-connector").expect(t, 200, `id="kind-google"`, `id="kind-oidc"`)
		for kindName, want := range map[string][2]string{
			"google": {"connector.client_id", "connector.issuer"}, "apple": {"connector.team", "connector.tenants"}, "azuread": {"connector.tenants", "connector.team"},
			"b2c": {"connector.authority", "connector.key"}, "line": {"connector.provider", "connector.issuer"},
		} {
			page := b.get("/admin/new-connector?kind="+kindName).expect(t, 200, `name="`+want[0]+`"`, op+"/federation/"+kindName+"/callback")
			if strings.Contains(page.body, `name="`+want[1]+`"`) {
				t.Errorf("%s is asked for %s", kindName, want[1])
			}
		}
		form := b.get("/admin/new-connector?kind=oidc")
		wrong := b.submit(form, "connector-form", "connector.id", "Corp!", "connector.name", "Corp", "connector.issuer", "https://idp.test/?x", "connector.domains", "corp.test\nx y",
			"connector.claims", "name", "connector.secret", "canary-secret")
		wrong.expect(t, 422, `role="alert"`, "claims: &#34;name&#34; is not our=theirs")
		wrong = b.submit(wrong, "connector-form", "connector.claims", "name=displayName", "connector.secret", "canary-secret")
		wrong.expect(t, 422, "the id that the provider gave to this application is missing", "an https address", "<code>x y</code>", `value="Corp!"`, "connector.id-problem")
		if strings.Contains(wrong.body, "canary-secret") || strings.Contains(wrong.body, `href="#/`) {
			t.Error("a secret is sent back, or a problem leads nowhere")
		}
		fixed := []string{
			"connector.id", "corp", "connector.client_id", "pratu", "connector.issuer", "https://idp.test", "connector.domains", "Corp.test",
			"connector.secret", "canary-secret", "connector.no_sign_up", "1", "connector.sync", "always",
		}
		made := b.to(b.submit(wrong, "connector-form", fixed...), "/admin/connectors/corp").expect(t, 200, op+"/federation/corp/callback", "There is one.", "corp.test", "It is set up.")
		b.submit(wrong, "connector-form", fixed...).expect(t, 422, "connector.id-problem", "exists already") // sent twice
		b.get("/admin/connectors").expect(t, 200, "/admin/connectors/corp", "on every application")
		c, err := s.social.Connectors.Find(t.Context(), "corp")
		must(t, err)
		if c.Secret != "canary-secret" || !c.Settings.NoSignUp || c.Settings.Sync != connectors.SyncAlways || c.Settings.Claims["name"] != "displayName" {
			t.Errorf("%+v", c)
		}
		shown := func() bool {
			s.pass(time.Second)
			return strings.Contains(s.browser().get("/login").expect(t, 200).body, `id="door-corp"`)
		}
		if !shown() {
			t.Error("no button")
		}
		b.submit(made, "connector-form", "action", "save", "connector.clients", "web1\nshop").expect(t, 422, "there is no client shop", `id="connector.clients"`)
		// Another name; the secret stays unless another is typed.
		b.to(b.submit(made, "connector-form", "action", "save", "connector.name", "Corporation", "connector.clients", "web1", "connector.no_sign_up", ""), "/admin/connectors/corp").
			expect(t, 200, "Saved.", "Corporation", `href="/admin/clients/web1"`)
		b.submit(made, "connector-form", "action", "save", "connector.name", "Late").expect(t, 422, "Somebody else changed it")
		c, err = s.social.Connectors.Find(t.Context(), "corp")
		must(t, err)
		if c.Secret != "canary-secret" || c.Settings.NoSignUp || c.Name != "Corporation" {
			t.Errorf("%+v", c)
		}
		page := b.get("/admin/connectors/corp")
		b.to(b.submit(page, "connector-form", "action", "save", "connector.secret", "another", "connector.clients", ""), "/admin/connectors/corp")
		if c, err = s.social.Connectors.Find(t.Context(), "corp"); err != nil || c.Secret != "another" {
			t.Errorf("%+v, %v", c, err)
		}
		page = b.get("/admin/connectors/corp")
		b.to(b.submit(page, "switch", "action", "disable"), "/admin/connectors/corp").expect(t, 200, `value="enable"`)
		if shown() {
			t.Error("switched off, and there")
		}
		b.to(b.submit(b.get("/admin/connectors/corp"), "switch", "action", "enable"), "/admin/connectors/corp")
		if !shown() {
			t.Error("switched on, and not there")
		}
		s.exec(`INSERT INTO identities (id, account_id, namespace, subject, connector_id, email, linked_at, last_used_at) VALUES ('i1', '` + s.mali.ID + `', 'n', 's', 'corp', '', 1, 1)`)
		page = b.get("/admin/connectors/corp").expect(t, 200, "One linked login came by it")
		b.submit(page, "connector-delete", "action", "delete").expect(t, 422, "confirm-problem")
		b.to(b.submit(page, "connector-delete", "action", "delete", "confirm", "1"), "/admin/connectors")
		b.get("/admin/connectors/corp").expect(t, 404)
		if shown() {
			t.Error("deleted, and there")
		}
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event LIKE 'connector.%' AND actor_kind = 'account' AND details NOT LIKE '%canary%'`); n != 6 {
			t.Errorf("%d events", n)
		}
	})
}

// What a form can't say isn't done, whoever posts it; what is stored is shown inert, field by field.
func TestOfficeConnectorAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		evil := "<script>alert(1)</script>\u202egnp.exe"
		_, err := s.social.Connectors.Create(t.Context(), connectors.Document{
			Kind: connectors.KindOIDC, ID: "corp", Name: evil, ClientID: "<img src=x>", Secret: "canary-secret", Settings: connectors.Settings{
				Issuer: "https://idp.test/<script>", Claims: map[string]string{"name": "<script>"}, Scopes: []string{"<script>"},
			},
		})
		must(t, err)
		owner, b := s.appointed("owner@x.test", office.Owner)
		_, auditor := s.appointed("auditor@x.test", office.Auditor)
		inertPages(t, b, "/admin/connectors", "/admin/connectors/corp")
		for _, path := range []string{"/admin/connectors", "/admin/connectors/corp"} {
			if page := auditor.get(path).expect(t, 200); strings.Contains(page.body, "<form") || strings.Contains(page.body, "canary") {
				t.Errorf("%s: a form, or a secret, for an auditor", path)
			}
		}
		before, err := s.social.Connectors.Find(t.Context(), "corp")
		must(t, err)
		form := formtest.Find(t, b.get("/admin/connectors/corp").body, "connector-form").Values

		// OF-03, mass assignment: members that this kind hasn't, or that no input has, do nothing.
		good := changed(form, "action", "save", "connector.id", "other", "connector.kind", "google", "kind", "google", "id", "other", "secret", "x", "client_id", "x",
			"connector.disabled", "true", "disabled", "true", "connector.team", "T", "connector.tenants", "x", "settings.sync", "always", "connector.settings", "x")
		b.to(b.send(post("/admin/connectors/corp", good)), "/admin/connectors/corp")
		c, err := s.social.Connectors.Find(t.Context(), "corp")
		must(t, err)
		if c.Kind != before.Kind || c.Disabled() || c.Secret != before.Secret || c.ClientID != before.ClientID || c.Settings.Team != "" || c.Settings.Sync != "" {
			t.Errorf("%+v", c)
		}
		// By what people are known stays, whoever posts another.
		form = formtest.Find(t, b.get("/admin/connectors/corp").body, "connector-form").Values
		b.send(post("/admin/connectors/corp", changed(form, "action", "save", "connector.issuer", "https://evil.test"))).expect(t, 422, "people are known by it")
		// OF-01: CSRF, another's form, somebody without the permission.
		form = formtest.Find(t, b.get("/admin/connectors/corp").body, "switch").Values
		cross := post("/admin/connectors/corp", changed(form, "action", "disable"))
		cross.Header.Set("Origin", "https://evil.test")
		b.send(cross).expect(t, 403)
		b.send(post("/admin/connectors/corp", changed(form, "action", "disable", "owner", number(owner.SSOID+1)))).expect(t, 303)
		b.send(post("/admin/connectors/corp", changed(form, "owner", number(owner.SSOID), "csrf", ""))).expect(t, 403)
		b.send(post("/admin/new-connector", changed(url.Values{}, "kind", "google", "connector.client_id", "x", "connector.secret", "s", "owner", number(owner.SSOID)))).expect(t, 403)
		if c, err = s.social.Connectors.Find(t.Context(), "corp"); err != nil || c.Disabled() {
			t.Errorf("disabled by a form that nobody sent: %v", err)
		}
		for _, id := range []string{"none", "%00", "..%2Fclients", "%3Cscript%3E", strings.Repeat("x", 300)} {
			if answer := b.get("/admin/connectors/" + id); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", id, answer.StatusCode)
			}
		}
	})
}

var inputValues = regexp.MustCompile(` value="[^"]*"|<textarea[^>]*>[^<]*</textarea>`)

// inertPages (OF-04, OF-05) looks for what somebody stored on pages: as markup, or turning the text around. What is in an input may be there
// to be mended.
func inertPages(t *testing.T, b *browser, paths ...string) {
	t.Helper()
	for _, path := range paths {
		main := b.get(path).expect(t, 200).main()
		for _, markup := range []string{"<script", "<img", "<svg onload", "javascript:"} {
			if strings.Contains(main, markup) {
				t.Errorf("%s: %s became markup: %s", path, markup, main)
			}
		}
		if text := inputValues.ReplaceAllString(main, ""); strings.ContainsAny(text, "\u202e\u2066\u200b") {
			t.Errorf("%s: the text is turned around: %s", path, text)
		}
	}
}
