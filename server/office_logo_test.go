package server_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/server/formtest"
)

// uploading is a form with a file, as a browser posts it.
func uploading(t *testing.T, path string, form url.Values, content string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name := range form {
		must(t, w.WriteField(name, form.Get(name)))
	}
	file, err := w.CreateFormFile("logo", `../../<script>.svg`)
	must(t, err)
	_, err = file.Write([]byte(content))
	must(t, err)
	must(t, w.Close())
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// A logo that is uploaded is drawn anew as a fetched one is, or refused, and takes the place of the one at an address; it stays
// until somebody replaces it.
func TestOfficeLogo(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.remote.serve("https://rp.test/logo.png", "image/png", picture(t, 30))
		must1(s.clients.Update(t.Context(), "web1", func(d *clients.Document) error { d.LogoURI = "https://rp.test/logo.png"; return nil }))(t)
		_, b := s.appointed("admin@x.test", office.Admin)
		const here = "/admin/clients/web1"
		form := func() url.Values {
			return changed(formtest.Find(t, b.get(here).body, "logo-form").Values, "action", "logo")
		}
		logo := func() string { return must1(s.clients.Find(t.Context(), "web1"))(t).LogoVersion() }
		fetched := logo()
		page := b.to(b.send(uploading(t, here, form(), picture(t, 300))), here).expect(t, 200, `src="/client-logo/web1?v=`+logo())
		if c := must1(s.clients.Find(t.Context(), "web1"))(t); c.LogoVersion() == fetched || c.Metadata.LogoURI != "" || strings.Contains(page.body, "&lt;script&gt;") {
			t.Errorf("%+v", c)
		}
		uploaded := logo()
		shown := s.browser().get("/client-logo/web1?v="+uploaded).expect(t, 200)
		if shown.Header.Get("Content-Type") != "image/png" || len(shown.body) > 4<<10 {
			t.Errorf("%v, %d bytes", shown.Header, len(shown.body))
		}
		s.browser().asked("client_id", "web1").expect(t, 200, "/client-logo/web1?v="+uploaded)
		b.to(b.submit(b.get(here), "client-form", "action", "save", "client_name", "Newer"), here)
		for what, content := range map[string]string{
			"an SVG": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "a page": "<!doctype html><script>alert(1)</script>", "nothing": "",
			"a bomb": picture(t, 2000), "half of one": picture(t, 300)[:200], "too long": picture(t, 30) + strings.Repeat("x", clients.MaxUpload),
		} {
			if answer := b.send(uploading(t, here, form(), content)); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(answer.body, "logo-problem") || logo() != uploaded {
				t.Errorf("%s: %d %s", what, answer.StatusCode, answer.main())
			}
		}
		b.send(uploading(t, here, form(), strings.Repeat("x", 3<<20))).expect(t, 413, "That file is too large")
		b.send(post(here, form())).expect(t, 422, "logo-problem") // as a form without files
		b.send(uploading(t, here, changed(form(), "version", "1"), picture(t, 40))).expect(t, 422, "changed")
		b.to(b.submit(b.get(here), "logo-drop", "action", "drop-logo"), here).expect(t, 200)
		if logo() != "" {
			t.Error("it is still there")
		}
	})
}

// Files have one door, which asks what every form asks: whose page it is, whose browser, what they may.
func TestLogoAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, _, err := s.clients.Create(t.Context(), clients.Document{ClientID: "dragons", Kind: clients.KindGame})
		must(t, err)
		_, b := s.appointed("admin@x.test", office.Admin)
		good := changed(formtest.Find(t, b.get("/admin/clients/web1").body, "logo-form").Values, "action", "logo")
		without := func(changes ...string) url.Values {
			f := url.Values{}
			for name := range good {
				f.Set(name, good.Get(name))
			}
			return changed(f, changes...)
		}
		for name, c := range map[string]struct {
			path   string
			form   url.Values
			origin string
			status int
		}{
			"no token":             {"/admin/clients/web1", without("csrf", ""), "", 403},
			"another's token":      {"/admin/clients/web1", without("csrf", s.browser().csrf()), "", 403},
			"the token in the URL": {"/admin/clients/web1?csrf=" + url.QueryEscape(good.Get("csrf")), without("csrf", ""), "", 403},
			"another site":         {"/admin/clients/web1", good, "https://evil.test", 403},
			"another page":         {"/admin/clients/web1/access", good, "", 415},
			"a page of people":     {"/account/profile", good, "", 415},
			"somebody who left":    {"/admin/clients/web1", without("owner", "1"), "", 303},
		} {
			r := uploading(t, c.path, c.form, picture(t, 20))
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			if answer := b.send(r); answer.StatusCode != c.status {
				t.Errorf("%s: %d", name, answer.StatusCode)
			}
		}
		for role, want := range map[string]map[string]int{
			office.Owner: {"web1": 303, "dragons": 303}, office.Support: {"web1": 403, "dragons": 403}, office.Auditor: {"web1": 403, "dragons": 403},
			office.TitleOwner: {"web1": 404, "dragons": 303},
		} {
			someone, c := s.appointed(role+"@x.test", role)
			for id, status := range want {
				version := number(int64(must1(s.clients.Find(t.Context(), id))(t).UpdatedAt))
				form := url.Values{"csrf": {c.csrf()}, "owner": {number(someone.SSOID)}, "version": {version}, "action": {"logo"}}
				if answer := c.send(uploading(t, "/admin/clients/"+id, form, picture(t, 20))); answer.StatusCode != status {
					t.Errorf("%s, %s: %d %s", role, id, answer.StatusCode, answer.main())
				}
				s.pass(1)
			}
		}
		// By the API: the picture itself, in the version that was seen.
		robot := s.robot("robot", "admin:clients.write")
		const at = "/admin/api/v1/clients/web2/logo"
		file := []string{"Content-Type", "application/octet-stream", "If-Match", "*"}
		robot.call(http.MethodPut, at, picture(t, 20), file...).expect(t, 204)
		if c := must1(s.clients.Find(t.Context(), "web2"))(t); !c.HasLogo {
			t.Error("no logo")
		}
		robot.call(http.MethodPut, at, "<svg/>", file...).problem(t, 400, "client.logo")
		robot.call(http.MethodPut, at, picture(t, 20), "If-Match", "*").problem(t, 415, "body.type")
		robot.call(http.MethodPut, at, picture(t, 20), file[:2]...).problem(t, 428, "version.missing")
		robot.call(http.MethodDelete, at, "", "If-Match", "*").expect(t, 204)
		if c := must1(s.clients.Find(t.Context(), "web2"))(t); c.HasLogo {
			t.Error("a logo")
		}
		s.robot("reader", "admin:clients.read").call(http.MethodPut, at, picture(t, 20), file...).problem(t, 403, "office.forbidden")
	})
}
