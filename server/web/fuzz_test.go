package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/issuer"
	"pratu/flows/secret"
)

func fuzzKernel(f *testing.F) *Kernel {
	f.Helper()
	i, err := issuer.New("https://id.example.com/op")
	if err != nil {
		f.Fatal(err)
	}
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	return &Kernel{Issuer: i, Keyring: ring}
}

// FuzzCookies: what a browser sends as cookies is a short text without anything that could end a header, or nothing.
func FuzzCookies(f *testing.F) {
	k := fuzzKernel(f)
	for _, line := range []string{
		"__Host-pratu_session=abc; __Host-pratu_browser=def", "pratu_session=plain", `__Host-pratu_session="quoted"`, "__Host-pratu_session=a; __Host-pratu_session=b",
		"__Host-pratu_session=" + strings.Repeat("x", 200), ";;=;", "__Host-pratu_session=a\x00b",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = []string{line}
		w := httptest.NewRecorder()
		for _, value := range []string{k.Session(r), k.Browser(w, r), k.State(w, r)} {
			if len(value) > maxCookie || strings.ContainsAny(value, "\r\n;\x00") {
				t.Errorf("%q", value)
			}
		}
		if k.Browser(w, r) == "" || !strings.HasPrefix(k.CSRF(w, r), k.CSRF(w, r)) {
			t.Error("a browser without a cookie")
		}
		for _, set := range w.Result().Cookies() {
			if set.Valid() != nil {
				t.Errorf("%v", set)
			}
		}
	})
}

// FuzzLocalReturn: wherever a browser asks to be brought back to, it stays here.
func FuzzLocalReturn(f *testing.F) {
	k := fuzzKernel(f)
	for _, path := range []string{"/op/account?x=1", "//evil.test", `/\evil.test`, "/op//evil", "/op/../x", "https://evil.test/op/", "/op/\t/evil", "/op/a#b", "/op/%2f%2fevil"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		target, ok := k.LocalReturn(path)
		if !ok {
			return
		}
		u, err := url.Parse(target)
		if err != nil || u.Scheme != "https" || u.Host != "id.example.com" || u.User != nil || !strings.HasPrefix(target, "https://id.example.com/op/") || strings.ContainsAny(target, "\\\t\r\n") || !strings.HasPrefix(u.JoinPath().EscapedPath(), "/op/") {
			t.Errorf("%q leads to %q", path, target)
		}
	})
}

func FuzzChooseLocale(f *testing.F) {
	f.Add("th", "th en", "th-TH,th;q=0.9,en;q=0.8")
	f.Add("xx", "i-klingon x-y", "*;q=0,;;,en;q=x")
	f.Fuzz(func(t *testing.T, stored, asked, accepted string) {
		if l := ChooseLocale(stored, strings.Fields(asked), accepted); !KnownLocale(l) {
			t.Errorf("%q", l)
		}
	})
}

// FuzzAddress: what counts as the caller's address is one, and nobody's word but a trusted proxy's.
func FuzzAddress(f *testing.F) {
	k := fuzzKernel(f)
	k.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, forwarded := range []string{"203.0.113.9", "203.0.113.9, 10.0.0.1", "::ffff:10.0.0.2, 198.51.100.1", "fe80::1%eth0", ",,", "203.0.113.9:80", "unknown"} {
		f.Add("10.0.0.1:1", forwarded)
		f.Add("198.51.100.7:1", forwarded)
	}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		r.Header["X-Forwarded-For"] = []string{forwarded}
		got := k.address(r)
		addr, err := netip.ParseAddr(got)
		if got != "" && (err != nil || addr.Zone() != "" || addr.Is4In6()) {
			t.Errorf("%q by %q: %q", forwarded, remote, got)
		}
		r.Header.Del("X-Forwarded-For")
		if alone, err := netip.ParseAddr(k.address(r)); err == nil && !k.trusted(alone) && alone != addr {
			t.Errorf("a stranger at %s is taken for %s", alone, got)
		}
	})
}
