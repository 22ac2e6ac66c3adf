package console

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/office"
	"pratu/server/formtest"
	"pratu/server/web"
	"pratu/static"
	"pratu/templates"
)

var sampleTime = time.Date(2026, 7, 29, 7, 5, 0, 0, time.UTC)

// sample is a page with one of everything in it.
type sample struct {
	file, page string
	view       func() web.Framed
	problems   []web.Problem
}

func samples() []sample {
	return []sample{
		{"console-dashboard", "console/dashboard", sampleDashboard, nil},
		{"console-dashboard-empty", "console/dashboard", func() web.Framed {
			d := &Dashboard{Page: samplePage("/admin")}
			d.Charts = charts(&office.Dashboard{Days: days(14)}, "en")
			return d
		}, nil},
	}
}

// samplePage is the frame of a page.
func samplePage(here string) Page {
	p := Page{Frame: web.Frame{SignedIn: "มะลิ ใจดี", Owner: "21992040"}, Action: here}
	for _, x := range sections {
		p.Nav = append(p.Nav, Section{
			Name: "console." + x.name, URL: x.path, Here: x.path == here, Within: x.path != "/admin" && strings.HasPrefix(here, x.path+"/"),
		})
	}
	return p
}

func days(n int) []office.Day {
	list := make([]office.Day, n)
	for i := range list {
		list[i] = office.Day{Begin: sampleTime.AddDate(0, 0, i-n), Tokens: map[string]int64{}}
	}
	return list
}

func sampleDashboard() web.Framed {
	v := &office.Dashboard{Days: days(30), Grants: []string{"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange", "other"}}
	for i := range v.Days {
		n := int64(i*i%37 + 3)
		v.Days[i].SignedIn, v.Days[i].Failed, v.Days[i].New = n*12, n%5, n%7
		for j, grant := range v.Grants {
			v.Days[i].Tokens[grant] = n * int64(10-j)
		}
	}
	page := &Dashboard{
		Page: samplePage("/admin"), Charts: charts(v, "en"), Keys: []KeyAge{{"RS256", 1}, {"ES256", 89}}, Waiting: 3, Lost: 1, MailURL: "/admin/mail",
		Spans: []Span{{7, "/admin?days=7", false}, {14, "/admin?days=14", false}, {30, "/admin?days=30", true}},
	}
	page.Notice = "console.notice.saved"
	return page
}

// TestPages renders every page in both languages and reads what a browser would. PRATU_PREVIEW=DIR keeps them, to look at.
func TestPages(t *testing.T) {
	r, err := web.New(templates.FS, static.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	titles := map[string]string{}
	for _, s := range samples() {
		seen = append(seen, s.page)
		for _, locale := range web.Locales {
			t.Run(s.file+"."+locale, func(t *testing.T) {
				data := s.view()
				f := data.FrameOf()
				f.Locale, f.CSRF, f.RequestID, f.Problems = locale, "csrf-token", "4f1c2a7be09d", s.problems
				f.Languages = []web.Language{
					{Tag: "en", Name: "English", URL: "/language?to=en", Current: locale == "en"},
					{Tag: "th", Name: "ไทย", URL: "/language?to=th", Current: locale == "th"},
				}
				body, err := r.Page(s.page, data)
				if err != nil {
					t.Fatal(err)
				}
				if dir := os.Getenv("PRATU_PREVIEW"); dir != "" {
					if err := os.WriteFile(filepath.Join(dir, s.file+"."+locale+".html"), body, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				title := formtest.Check(t, body, formtest.Wanted{Locale: locale, Alert: len(s.problems) > 0, Bytes: 48 << 10})
				if other, taken := titles[title]; taken && other != s.page {
					t.Errorf("%s has the title of %s: %q", s.page, other, title)
				}
				titles[title] = s.page
			})
		}
	}
	for _, name := range r.Names() {
		if strings.HasPrefix(name, "console/") && !slices.Contains(seen, name) {
			t.Errorf("page %s has no sample", name)
		}
	}
}
