package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/server/web"
	"pratu/static"
	"pratu/templates"
)

// kernel is one with real pages, its log and its metrics.
func kernel(t *testing.T, base string) (*web.Kernel, *bytes.Buffer, *prometheus.Registry) {
	t.Helper()
	i, err := issuer.New(base)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.NewKeyring(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.New(templates.FS, static.FS, i.Path())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	return &web.Kernel{
		Issuer: i, Keyring: ring, Renderer: renderer, Metrics: web.NewMetrics(reg), Now: time.Now,
		Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	}, &log, reg
}

func answer(h http.Handler, method, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "id.example.com"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func event(t *testing.T, log *bytes.Buffer) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("%d events: %s", len(lines), log)
	}
	v := map[string]any{}
	if err := json.Unmarshal([]byte(lines[0]), &v); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	return v
}

// HT-07: the caller's address is read from X-Forwarded-For only as far as trusted proxies wrote it.
func TestAddress(t *testing.T) {
	k, log, _ := kernel(t, "https://id.example.com")
	k.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	h := k.Outermost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, web.Address(r.Context())) }))
	for _, test := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "127.0.0.1", "203.0.113.9"},
		{"203.0.113.9:1", "", "203.0.113.9"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "127.0.0.1, 198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "198.51.100.7, 10.9.9.9", "198.51.100.7"},
		{"10.0.0.1:1", "10.1.1.1, 10.2.2.2", "10.1.1.1"},
		{"10.0.0.1:1", "evil, 10.2.2.2", "10.2.2.2"},
		{"10.0.0.1:1", "<script>", "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.7:4711", "10.0.0.1"},
		{"[fd00::1]:1", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:10.0.0.1]:1", "::ffff:198.51.100.7", "198.51.100.7"},
		{"[fe80::1%eth0]:1", "", "fe80::1"},
		{"@", "198.51.100.7", ""},
	} {
		got := answer(h, "GET", "/", func(r *http.Request) {
			r.RemoteAddr = test.remote
			if test.forwarded != "" {
				r.Header.Set("X-Forwarded-For", test.forwarded)
			}
		}).Body.String()
		if got != test.want {
			t.Errorf("%s via %q: %q, want %q", test.remote, test.forwarded, got, test.want)
		}
		if e := event(t, log); e["ip"] != test.want {
			t.Errorf("log: %v", e["ip"])
		}
	}
}

// A panic and an error without a kind end as 500 that tell the person an id and nobody a cause.
func TestFailures(t *testing.T) {
	k, log, _ := kernel(t, "https://id.example.com")
	cause := errors.New("dial tcp 10.0.0.1: SELECT * FROM accounts")
	fail := func(http.ResponseWriter, *http.Request) error { return cause }
	boom := func(http.ResponseWriter, *http.Request) error { panic("canary") }
	for name, test := range map[string]struct {
		h      http.Handler
		path   string
		status int
		page   bool
	}{
		"page":          {k.Page(fail), "/account", 500, true},
		"panic on page": {k.Interaction(boom), "/login", 500, true},
		"data":          {k.Protocol(fail), "/oauth2/token", 500, false},
		"panic at data": {k.Protocol(boom), "/oauth2/token", 500, false},
		"database away": {k.Protocol(func(http.ResponseWriter, *http.Request) error { return kind.New(kind.Unavailable, "x").WithErr(cause) }), "/oauth2/token", 503, false},
		"busy": {k.Page(func(http.ResponseWriter, *http.Request) error {
			return kind.New(kind.Unavailable, "server.busy").WithRetryAfter(1500 * time.Millisecond)
		}), "/login", 503, true},
		"a kind unknown": {k.Page(func(http.ResponseWriter, *http.Request) error {
			return kind.New(kind.Conflict, "no.words").WithErr(cause)
		}), "/x", 409, true},
	} {
		w := answer(k.Outermost(web.Route("/route", test.h)), "GET", test.path)
		id := w.Header().Get("X-Request-Id")
		body := w.Body.String()
		if w.Code != test.status || id == "" {
			t.Errorf("%s: %d", name, w.Code)
		}
		if isPage := strings.Contains(body, `id="error-code"`) && strings.Contains(body, id); isPage != test.page {
			t.Errorf("%s: %s", name, body)
		}
		if !test.page && w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %s", name, w.Header().Get("Content-Type"))
		}
		for _, secret := range []string{"SELECT", "10.0.0.1", "canary", "goroutine", "⟦"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s tells %q: %s", name, secret, body)
			}
		}
		if test.status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
		e := event(t, log)
		if e["request_id"] != id || e["route"] != "/route" || e["status"] != float64(test.status) || (e["level"] == "ERROR") != (test.status >= 500) {
			t.Errorf("%s: %v", name, e)
		}
	}
	if w := answer(k.Outermost(k.Page(boom)), "GET", "/?code=canary"); w.Code != 500 || strings.Contains(fmt.Sprint(event(t, log)["query"]), "canary") {
		t.Error("the query is in the log")
	}
}

// HT-09: however many paths and methods are tried, labels stay the same.
func TestLabelsAreBounded(t *testing.T) {
	k, _, reg := kernel(t, "https://id.example.com")
	h := k.Outermost(web.Route("none", k.Page(func(http.ResponseWriter, *http.Request) error { return kind.New(kind.NotFound, "not_found") })))
	for n := range 500 {
		answer(h, "GET", fmt.Sprintf("/random/%d", n))
		answer(h, fmt.Sprintf("M%d", n), "/")
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if len(f.GetMetric()) > 2 {
			t.Errorf("%s has %d series", f.GetName(), len(f.GetMetric()))
		}
	}
}

func TestLocalReturn(t *testing.T) {
	for base, tests := range map[string]map[string]string{
		"https://id.example.com": {
			"/login?interaction=a%20b": "https://id.example.com/login?interaction=a%20b", "/": "https://id.example.com/", "/a%2fb": "https://id.example.com/a%2fb",
			"//evil.test": "", "https://evil.test/": "", `/\evil.test`: "", "/\t/evil.test": "", "/a\r\nX: y": "", "": "", "login": "", "javascript:alert(1)": "",
			"/%zz": "", "/%2f/evil.test": "", "///evil.test": "", "/a b": "", "/login#x": "https://id.example.com/login",
		},
		"https://id.example.com/auth": {"/auth/login": "https://id.example.com/auth/login", "/login": "", "/authx": "", "/auth": "", "/auth//evil.test": "https://id.example.com/auth//evil.test"},
	} {
		k, _, _ := kernel(t, base)
		for path, want := range tests {
			if got, ok := k.LocalReturn(path); got != want || ok != (want != "") {
				t.Errorf("%s %q: %q", base, path, got)
			}
			if got, _ := k.LocalReturn(k.SealLocal(path)); got != want {
				t.Errorf("%s sealed %q: %q", base, path, got)
			}
			if got, ok := k.OpenReturn(k.SealLocal(path)); ok {
				t.Errorf("%s: a page's own address leads away to %q", base, got)
			}
		}
		if _, ok := k.OpenReturn("https://evil.test/"); ok {
			t.Error("opened what nobody sealed")
		}
		sealed := k.SealReturn("https://rp.test/")
		if target, ok := k.OpenReturn(sealed); !ok || target != "https://rp.test/" || strings.Contains(sealed, "rp.test") {
			t.Error(target)
		}
		if _, ok := k.OpenReturn(sealed[:len(sealed)-2] + "AA"); ok {
			t.Error("opened what was changed")
		}
	}
}

// On plain http at localhost cookies do without prefix and Secure: Safari would not keep them.
func TestCookies(t *testing.T) {
	for base, want := range map[string]string{
		"http://localhost:8080":  "pratu_session=v; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
		"https://id.example.com": "__Host-pratu_session=v; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
	} {
		k, _, _ := kernel(t, base)
		w := httptest.NewRecorder()
		k.SetSession(w, "old")
		k.ClearSession(w)
		k.SetSession(w, "v")
		if got := w.Header().Values("Set-Cookie"); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", base, got)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		w = httptest.NewRecorder()
		first := k.Browser(w, r)
		if again := k.Browser(w, r); again != first || len(w.Header().Values("Set-Cookie")) != 1 || len(first) < 43 {
			t.Errorf("%q, %q", first, again)
		}
		r = httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: strings.TrimSuffix(strings.SplitAfter(want, "=")[0], "="), Value: strings.Repeat("a", 129)})
		if k.Session(r) != "" {
			t.Error("an endless cookie is read")
		}
	}
}

// A browser without Fetch Metadata that was told to send no referrer says Origin: null; there the token alone decides.
func TestAnonymousOrigin(t *testing.T) {
	k, _, _ := kernel(t, "https://id.example.com")
	ok := func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusNoContent); return nil }
	for _, test := range []struct {
		class  func(web.Handler) http.Handler
		origin string
		site   string
		token  bool
		want   int
	}{
		{k.Secret, "null", "", true, 204}, {k.SecretInteraction, "null", "", true, 204}, {k.Secret, "null", "", false, 403},
		{k.Secret, "null", "cross-site", true, 403}, {k.Secret, "https://evil.test", "", true, 403},
		{k.Page, "null", "", true, 403}, {k.Interaction, "null", "", true, 403}, {k.Page, "https://id.example.com", "", true, 204},
		{k.Page, "", "same-origin", true, 204}, {k.Page, "", "none", true, 204}, {k.Page, "", "same-site", true, 403}, {k.Page, "", "", true, 204},
		{k.Front, "https://evil.test", "cross-site", false, 204},
	} {
		r := httptest.NewRequest(http.MethodPost, "https://id.example.com/x", nil)
		token := k.CSRF(httptest.NewRecorder(), r)
		body := "csrf=" + token
		if !test.token {
			body = "csrf=x"
		}
		posted := httptest.NewRequest(http.MethodPost, "https://id.example.com/x", strings.NewReader(body))
		posted.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		posted.Header["Cookie"] = r.Header["Cookie"]
		if test.origin != "" {
			posted.Header.Set("Origin", test.origin)
		}
		if test.site != "" {
			posted.Header.Set("Sec-Fetch-Site", test.site)
		}
		w := httptest.NewRecorder()
		test.class(ok).ServeHTTP(w, posted)
		if w.Code != test.want {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}
