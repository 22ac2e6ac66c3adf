package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/flows/office"
)

var styleLink = regexp.MustCompile(`<link rel="stylesheet" href="(/client-style/[^"]+)">`)

// Item 48 of the pages' checklist: an accent with bad contrast is adjusted, the logo is from our origin, without one there
// is an initial; texts come in the page's language, inert, and nothing is inline.
func TestBranding(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.remote.serve("https://rp.test/logo.png", "image/png", picture(t, 300))
		_, b := s.appointed("owner@x.test", office.Owner)
		page := b.get("/admin/clients/web1")
		plain := s.browser().asked("client_id", "web1").expect(t, 200, `<span class="arch" aria-hidden="true">W</span>`)
		if styleLink.MatchString(plain.body) {
			t.Error("a colour that nobody chose")
		}
		b.submit(page, "client-form", "action", "save", "accent_color", "#ffe800;}body{display:none").expect(t, 422, "six hex digits")
		b.submit(page, "client-form", "action", "save", "sign_in_text/en", "turned \u202e around").expect(t, 422, "turn text around")
		b.to(b.submit(page, "client-form", "action", "save", "accent_color", "#FFE800", "sign_in_text/en", "Open <b>all</b> night", "sign_in_text/th", "เปิดทั้งคืน",
			"client_name#th", "ร้านค้า", "logo_uri", "https://rp.test/logo.png"), "/admin/clients/web1").expect(t, 200, "it is shown as #")
		c := must1(s.clients.Find(t.Context(), "web1"))(t)
		signIn := s.browser().asked("client_id", "web1").expect(t, 200, "Open &lt;b&gt;all&lt;/b&gt; night", `src="/client-logo/web1?v=`+c.LogoDigest+`"`)
		if policy := signIn.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self';") || !strings.Contains(policy, "img-src 'self'") || strings.Contains(signIn.body, "style=") {
			t.Error(policy)
		}
		s.browser().asked("client_id", "web1", "ui_locales", "th").expect(t, 200, "เปิดทั้งคืน", "ร้านค้า")
		s.browser().consent("client_id", "web1").expect(t, 200, "Open &lt;b&gt;all&lt;/b&gt; night", "/client-style/ffe800.css")
		sheet := s.browser().get(styleLink.FindStringSubmatch(signIn.body)[1]).expect(t, 200)
		accent, _ := clients.ParseAccent("#ffe800")
		if accent.Light == "#ffe800" || !strings.Contains(sheet.body, "--accent: "+accent.Light+";") || !strings.Contains(sheet.body, "--accent: "+accent.Dark+";") ||
			!strings.HasPrefix(sheet.Header.Get("Content-Type"), "text/css") || !strings.Contains(sheet.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%v %s", sheet.Header, sheet.body)
		}
		logo := s.browser().get("/client-logo/web1?v="+c.LogoDigest).expect(t, 200)
		other := s.browser().get("/client-logo/web1?v=other").expect(t, 200)
		if !strings.Contains(logo.Header.Get("Cache-Control"), "immutable") || strings.Contains(other.Header.Get("Cache-Control"), "immutable") || logo.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%v, %v", logo.Header, other.Header)
		}
		// Another picture has another address; one that can't be drawn leaves an initial.
		before := c.LogoDigest
		s.remote.serve("https://rp.test/logo.png", "image/png", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
		must1(s.clients.Update(t.Context(), "web1", func(d *clients.Document) error { d.LogoURI = "https://rp.test/logo.png?2"; return nil }))(t)
		if c = must1(s.clients.Find(t.Context(), "web1"))(t); c.HasLogo || c.LogoDigest == before {
			t.Errorf("an SVG is shown: %+v", c)
		}
		for _, path := range []string{"ffe800", "ffe80.css", "FFE800.css", "ffe800.css.css", "%23ffe800.css", "red.css", "ffe800%0a.css", "..%2fffe800.css"} {
			if answer := s.browser().get("/client-style/" + path); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d %s", path, answer.StatusCode, answer.body)
			}
		}
		// The API has the same members, under the same rules.
		robot := s.robot("robot", "admin:clients.write", "admin:clients.read")
		answer := robot.call(http.MethodPatch, "/admin/api/v1/clients/web2", `{"settings":{"accent_color":"#12","sign_in_text":{"th":"\u202e"}}}`, "If-Match", "*")
		if got := strings.Join(answer.problem(t, 400, "client.invalid"), " "); got != "/settings/accent_color /settings/sign_in_text/th" {
			t.Error(got)
		}
		robot.call(http.MethodPatch, "/admin/api/v1/clients/web2", `{"settings":{"accent_color":"#2b4aa5"}}`, "If-Match", "*").expect(t, 200, "#2b4aa5")
	})
}

// The API's document is a page as well, for who has a role, with each of its operations.
func TestAPIDocument(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		_, b := s.appointed("auditor@x.test", office.Auditor)
		b.get("/admin/clients").expect(t, 200, `href="/admin/api/"`)
		b.get("/admin/audit?client=web1").expect(t, 200, `value="web1"`)
		page := b.get("/admin/api/").expect(t, 200, "admin:clients.write", "application/merge-patch+json", op+"/oauth2/token")
		for path, operations := range s.browser().get("/admin/api/openapi.json").json(t)["paths"].(map[string]any) {
			for method, operation := range operations.(map[string]any) {
				id, _ := operation.(map[string]any)["operationId"].(string)
				if !strings.Contains(page.body, strings.ToUpper(method)+" "+path) || !strings.Contains(page.body, `id="`+id+`"`) {
					t.Errorf("%s %s (%s) isn't on the page", method, path, id)
				}
			}
		}
		if strings.Contains(page.body, "<script src=\"http") || len(page.body) > 200<<10 {
			t.Errorf("%d bytes", len(page.body))
		}
		s.signedIn(s.mali.ID).get("/admin/api/").expect(t, 303)
	})
}
