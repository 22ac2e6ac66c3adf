package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pratu/server/formtest"
	"pratu/server/web"
	"pratu/static"
	"pratu/templates"
)

func newRenderer(t *testing.T) *web.Renderer {
	t.Helper()
	r, err := web.New(templates.FS, static.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s sample) render(t *testing.T, r *web.Renderer, locale string) []byte {
	t.Helper()
	data := s.view()
	f := data.FrameOf()
	f.Locale, f.CSRF, f.RequestID, f.Problems = locale, "csrf-token", "4f1c2a7be09d", s.problems
	f.Languages = []web.Language{
		{Tag: "en", Name: "English", URL: "/language?to=en", Current: locale == "en"},
		{Tag: "th", Name: "ไทย", URL: "/language?to=th", Current: locale == "th"},
	}
	if s.client != "" {
		f.Interaction = "handle"
		f.Client = web.NewBrand("shop", s.client, "shop.example.com", "https://shop.example.com/privacy", "https://shop.example.com/terms")
		f.Client.Text = "ยินดีต้อนรับสู่ร้านของเรา <b>ตลอดคืน</b>"
	}
	body, err := r.Page(s.page, data)
	if err != nil {
		t.Fatalf("%s in %s: %v", s.file, locale, err)
	}
	return body
}

// TestPages renders every page in both languages and reads what a browser would.
func TestPages(t *testing.T) {
	r := newRenderer(t)
	var seen []string
	titles := map[string]string{} // whose page it is; two of one title couldn't be told apart in a list of tabs
	for _, s := range samples() {
		seen = append(seen, s.page)
		for _, locale := range web.Locales {
			t.Run(s.file+"."+locale, func(t *testing.T) {
				body := s.render(t, r, locale)
				if dir := os.Getenv("PRATU_PREVIEW"); dir != "" { // to look at them: pages by file name, beside the static files
					if err := os.WriteFile(filepath.Join(dir, s.file+"."+locale+".html"), body, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				title := checkPage(t, s, locale, body)
				if other, taken := titles[title]; taken && other != s.page && s.page != "prove" { // the same step as verify's
					t.Errorf("%s has the title of %s: %q", s.page, other, title)
				}
				titles[title] = s.page
			})
		}
	}
	for _, name := range r.Names() {
		if !slices.Contains(seen, name) && !strings.HasPrefix(name, "console/") {
			t.Errorf("page %s has no sample", name)
		}
	}
}

func checkPage(t *testing.T, s sample, locale string, body []byte) (title string) {
	t.Helper()
	return formtest.Check(t, body, formtest.Wanted{Locale: locale, InTitle: web.Inert(s.client), Alert: len(s.problems) > 0, Bytes: 20 << 10})
}

// TestFields pins what password managers and phones go by.
func TestFields(t *testing.T) {
	r := newRenderer(t)
	want := map[string][]string{
		"sign-in": {
			`id="sign-in"`, `id="sign-in-submit"`, `name="username" type="text" inputmode="email" autocapitalize="none" spellcheck="false" autocomplete="username webauthn"`,
			`name="password" type="password" autocomplete="current-password"`, `form="sign-in" name="language" value="th" formnovalidate`,
		},
		"sign-in-again": {
			`name="username" type="text" autocomplete="username" value="mali@example.com" readonly tabindex="-1">`,
			`name="password" type="password" autocomplete="current-password" required autofocus`, `href="/login?another=1"`,
		},
		"sign-up": {
			`id="sign-up"`, `name="email" type="email" inputmode="email" autocapitalize="none" spellcheck="false" autocomplete="email"`,
			`name="password" type="password" autocomplete="new-password" passwordrules="minlength: 15;"`,
		},
		"verify":     {`id="verify"`, `name="code" type="text" inputmode="numeric" autocomplete="one-time-code"`},
		"consent":    {`id="consent"`, `id="consent-allow" name="decision" value="allow"`, `id="consent-deny" name="decision" value="deny"`},
		"sign-out":   {`id="sign-out"`, `id="sign-out-confirm"`, `name="return" value="sealed"`},
		"error":      {`<code id="error-code">interaction.expired</code>`, `<code id="request-id">4f1c2a7be09d</code>`, `datetime="2026-07-29T07:05:00Z"`},
		"form-post":  {`action="https://shop.example.com/callback"`, `value="&#34;&gt;&lt;script&gt;"`, `/static/post.`},
		"login-link": {`id="login-link"`}, "setup": {`id="setup"`}, "link": {`id="link"`}, "select-account": {`id="select-account"`},
		"sign-in-wrong": {`role="alert"`, `aria-invalid="true" aria-describedby="problems"`, `value="mali@example.com"`},
		"sign-up-wrong": {`aria-invalid="true" aria-describedby="password-problem password-hint"`, `aria-invalid="true" aria-describedby="email-problem email-hint"`},
	}
	for _, s := range samples() {
		body := string(s.render(t, r, "en"))
		for _, text := range want[s.file] {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %s", s.file, text)
			}
		}
		delete(want, s.file)
		if s.file == "sign-in-doors" && strings.Contains(body, "aria-invalid") {
			t.Error("what a provider refused is blamed on the password")
		}
	}
	if len(want) > 0 {
		t.Errorf("no such samples: %v", fmt.Sprint(want))
	}
}

// BenchmarkSignInPage is what showing the most shown page costs.
func BenchmarkSignInPage(b *testing.B) {
	r, err := web.New(templates.FS, static.FS, "")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.Page(signInPage, &SignIn{SignUpURL: "/sign-up", RecoverURL: "/recover"}); err != nil {
			b.Fatal(err)
		}
	}
}
