package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/server/formtest"
)

var shownOnce = regexp.MustCompile(`id="client-secret">([^<]+)<`)

// From nothing to an application that signs somebody in: wizard, exact messages, secret, second secret, end.
func TestOfficeClient(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("owner@x.test", office.Owner)
		b.get("/admin/new-client").expect(t, 200, `id="kind-web"`, `id="kind-machine"`)
		machine := b.get("/admin/new-client?kind=machine").expect(t, 200)
		if strings.Contains(machine.body, "redirect_uris") {
			t.Error("a machine is asked for redirect URIs")
		}
		form := b.get("/admin/new-client?kind=web").expect(t, 200, `name="redirect_uris"`)
		wrong := b.submit(form, "client-form", "client_name", "Shop", "redirect_uris", "http://shop.test/cb\nhttps://shop.test/cb#x\nhttps://shop.test/cb")
		wrong.expect(t, 422, `role="alert"`, `<code>http://shop.test/cb</code>`, "http only for localhost, 127.0.0.1 and [::1]: use https",
			`<code>https://shop.test/cb#x</code>`, "a fragment is not allowed", `value="Shop"`)
		made := b.submit(wrong, "client-form", "redirect_uris", "https://shop.test/cb\r\n\r\n https://shop.test/cb/ ").expect(t, 201, "CLIENT_SECRET=")
		first := shownOnce.FindStringSubmatch(made.body)[1]
		id := formtest.Find(t, form.body, "client-form").Values.Get("client_id")
		if made.Header.Get("Cache-Control") != "no-store" {
			t.Error("a secret that is kept")
		}
		b.submit(wrong, "client-form", "redirect_uris", "https://shop.test/cb").expect(t, 422, "This id is taken") // sent twice
		list := b.get("/admin/clients?q=SHO").expect(t, 200, "/admin/clients/"+id)
		if strings.Contains(list.body, "/admin/clients/web1") {
			t.Error("a search finds everything")
		}
		page := b.get("/admin/clients/"+id).expect(t, 200, "the trailing slash is part of the comparison", op, "next-auth")
		if strings.Contains(page.body, first) {
			t.Error("the secret is shown again")
		}
		c, err := s.clients.Find(t.Context(), id)
		must(t, err)
		if c.Kind != clients.KindWeb || len(c.Metadata.RedirectURIs) != 2 || !s.opens(id, first) {
			t.Errorf("%+v", c)
		}
		// Two secrets at once; the third ends the first.
		s.pass(time.Second)
		second := shownOnce.FindStringSubmatch(b.submit(page, "rotate", "action", "rotate", "overlap", "24").expect(t, 200).body)[1]
		if !s.opens(id, first) || !s.opens(id, second) {
			t.Error("two secrets don't work at once")
		}
		s.pass(time.Second)
		third := shownOnce.FindStringSubmatch(b.submit(page, "rotate", "action", "rotate", "overlap", "24").expect(t, 200).body)[1]
		s.pass(time.Second)
		if s.opens(id, first) || !s.opens(id, second) || !s.opens(id, third) {
			t.Error("three secrets")
		}
		b.submit(page, "rotate", "action", "rotate", "overlap", "99999").expect(t, 422)
		page = b.get("/admin/clients/" + id)
		b.to(b.submit(page, "end-old", "action", "end-old"), "/admin/clients/"+id)
		s.pass(time.Second)
		if s.opens(id, second) || !s.opens(id, third) {
			t.Error("the older secret didn't end")
		}
		// Somebody else's change isn't overwritten.
		page = b.get("/admin/clients/" + id)
		s.pass(time.Second)
		b.to(b.submit(page, "client-form", "action", "save", "client_name", "Shop 2"), "/admin/clients/"+id).expect(t, 200, "Saved.", "Shop 2")
		b.submit(page, "client-form", "action", "save", "client_name", "Shop 3").expect(t, 422, "Somebody else changed it")
		page = b.get("/admin/clients/" + id)
		b.to(b.submit(page, "switch", "action", "disable"), "/admin/clients/"+id)
		s.pass(2 * time.Second)
		if s.opens(id, third) {
			t.Error("a disabled client is let in")
		}
		page = b.get("/admin/clients/"+id).expect(t, 200, `value="enable"`)
		b.submit(page, "client-delete", "action", "delete").expect(t, 422, "confirm-problem")
		b.to(b.submit(page, "client-delete", "action", "delete", "confirm", "1"), "/admin/clients")
		b.get("/admin/clients/"+id).expect(t, 404)
	})
}

// opens tells whether a client gets in with a secret: the grant fails for want of a code, and not of the client.
func (s *site) opens(id, secret string) bool {
	s.t.Helper()
	answer := s.post("/oauth2/token", id, secret, grant("pratu_ac_none", "redirect_uri", "https://shop.test/cb"))
	return answer.json(s.t)["error"] == "invalid_grant"
}

// What a form can't say isn't done, whoever posts it: no foreign page, no other's title, no member that isn't an input.
func TestOfficeClientAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		for _, d := range []clients.Document{
			{ClientID: "dragons", Kind: clients.KindGame}, {ClientID: "tigers", Kind: clients.KindGame},
			{ClientID: "robot", Kind: clients.KindMachine, ClientSecret: s2, Settings: clients.Settings{Title: "dragons"}},
			{ClientID: "drone", Kind: clients.KindMachine, ClientSecret: s2, Settings: clients.Settings{Title: "tigers", Resources: []string{`urn:x:"title":"dragons"`}}},
			{ClientID: "evil", Kind: clients.KindWeb, Metadata: clients.Metadata{ClientName: "<script>alert(1)</script>\u202egnp.exe", RedirectURIs: []string{"https://rp.test/\";alert('x')"}}},
		} {
			if _, _, err := s.clients.Create(t.Context(), d); err != nil && d.ClientID != "drone" {
				t.Fatalf("%s: %v", d.ClientID, err)
			}
		}
		owner, _ := s.appointed("owner@x.test", office.Owner)
		b := s.proven(owner.ID)
		titled, theirs := s.appointed("titled@x.test", office.TitleOwner)

		// OF-02, IDOR: somebody else's title is unknown, in lists, pages and posts.
		list := theirs.get("/admin/clients").expect(t, 200, "/admin/clients/dragons", "/admin/clients/robot")
		for _, foreign := range []string{"tigers", "drone", "web1"} {
			if strings.Contains(list.body, "/admin/clients/"+foreign) {
				t.Errorf("a list shows %s", foreign)
			}
			theirs.get("/admin/clients/"+foreign).expect(t, 404)
			form := formtest.Find(t, theirs.get("/admin/clients/dragons").body, "client-form").Values
			theirs.send(post("/admin/clients/"+foreign, changed(form, "action", "save", "client_name", "mine"))).expect(t, 404)
			theirs.send(post("/admin/clients/"+foreign, changed(form, "action", "rotate", "overlap", "0"))).expect(t, 404)
		}
		// What is theirs gets another name, and no more power.
		form := formtest.Find(t, theirs.get("/admin/clients/robot").body, "client-form").Values
		theirs.send(post("/admin/clients/robot", changed(form, "action", "save", "scope", "admin:clients.write"))).expect(t, 403)
		theirs.send(post("/admin/clients/robot", changed(form, "action", "disable"))).expect(t, 403)
		theirs.send(post("/admin/clients/robot", changed(form, "action", "delete", "confirm", "1"))).expect(t, 403)
		theirs.get("/admin/new-client").expect(t, 403)
		theirs.send(post("/admin/new-client", changed(form, "kind", "machine", "client_id", "new"))).expect(t, 403)
		form = formtest.Find(t, theirs.get("/admin/clients/robot").body, "client-form").Values
		theirs.to(theirs.send(post("/admin/clients/robot", changed(form, "action", "save", "scope", "", "client_name", "Robot"))), "/admin/clients/robot")

		// OF-03, mass assignment: members without an input do nothing.
		form = formtest.Find(t, b.get("/admin/clients/web1").body, "client-form").Values
		for name, value := range map[string]string{
			"grant_types": "client_credentials", "settings.require_pkce": "false", "require_pkce": "false", "client_secret": s2, "kind": "machine",
			"client_id": "web2", "disabled": "true", "origin": "", "resources": "urn:x", "title": "dragons",
		} {
			form.Set(name, value)
		}
		b.to(b.send(post("/admin/clients/web1", changed(form, "action", "save"))), "/admin/clients/web1")
		c, err := s.clients.Find(t.Context(), "web1")
		must(t, err)
		if c.Kind != clients.KindWeb || !c.RequirePKCE() || c.Allows(clients.GrantClientCredentials) || c.Disabled() || c.Settings.Title != "" || s.opens("web1", s2) {
			t.Errorf("%+v", c)
		}

		// OF-01, CSRF: without our token, from another site, by a form of somebody else who sat here before.
		good := formtest.Find(t, b.get("/admin/clients/web1").body, "switch").Values
		for what, change := range map[string]func(url.Values, *http.Request){
			"no token": func(v url.Values, _ *http.Request) { v.Del("csrf") },
			"another's token": func(v url.Values, _ *http.Request) {
				v.Set("csrf", formtest.Find(t, theirs.get("/admin/clients/dragons").body, "client-form").Values.Get("csrf"))
			},
		} {
			v := changed(url.Values{}, "action", "disable", "version", good.Get("version"), "owner", good.Get("owner"), "csrf", good.Get("csrf"))
			change(v, nil)
			if answer := b.send(post("/admin/clients/web1", v)); answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %d", what, answer.StatusCode)
			}
		}
		cross := post("/admin/clients/web1", changed(good, "action", "disable"))
		cross.Header.Set("Sec-Fetch-Site", "cross-site")
		b.send(cross).expect(t, 403)
		b.send(post("/admin/clients/web1", changed(good, "action", "disable", "owner", number(titled.SSOID)))).expect(t, 303)
		if c, err = s.clients.Find(t.Context(), "web1"); err != nil || c.Disabled() {
			t.Errorf("disabled by a form that nobody sent: %v", err)
		}

		// OF-04, OF-05: stored markup and direction marks are inert in every page that shows them, and in code to be copied.
		for _, path := range []string{"/admin/clients", "/admin/clients/evil"} {
			page := b.get(path).expect(t, 200)
			main := page.main()
			if strings.Contains(main, "<script>alert") || strings.Contains(strings.ReplaceAll(main, `value="`+"&lt;script&gt;alert(1)&lt;/script&gt;\u202egnp.exe", ""), "\u202e") || strings.Contains(main, `/&#34;;alert`) && strings.Contains(main, "redirect_uri: &#34;https://rp.test/&#34;;alert") {
				t.Errorf("%s: %s", path, main)
			}
		}
	})
}
