package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"pratu/server/formtest"
)

// HT-01: what a proxy might take for a second request is never answered as one.
func TestNoSmuggling(t *testing.T) {
	each(t, func(w *world) {
		server := httptest.NewServer(w.handler)
		defer server.Close()
		for name, message := range map[string]string{
			"both lengths": "POST /oauth2/token HTTP/1.1\r\nHost: op.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /login HTTP/1.1\r\nHost: op.test\r\n\r\n",
			"two lengths":  "POST /oauth2/token HTTP/1.1\r\nHost: op.test\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcdeGET /login HTTP/1.1\r\nHost: op.test\r\n\r\n",
			"odd coding":   "POST /oauth2/token HTTP/1.1\r\nHost: op.test\r\nTransfer-Encoding: x, chunked\r\n\r\n0\r\n\r\nGET /login HTTP/1.1\r\nHost: op.test\r\n\r\n",
		} {
			c, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
			must(w.t, err)
			_, err = io.WriteString(c, message)
			must(w.t, err)
			reader := bufio.NewReader(c)
			answer, err := http.ReadResponse(reader, nil)
			must(w.t, err)
			_, _ = io.Copy(io.Discard, answer.Body)
			if answer.StatusCode < 400 || !answer.Close {
				w.t.Errorf("%s: %s, close %v", name, answer.Status, answer.Close)
			}
			if rest, _ := io.ReadAll(reader); len(rest) != 0 {
				w.t.Errorf("%s: a second answer %q", name, rest)
			}
			_ = c.Close()
		}
	})
}

// HT-05: the method is the request line's. What a route doesn't do it says, with what it does.
func TestMethods(t *testing.T) {
	each(t, func(w *world) {
		for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil)
			r.Header.Set(header, "DELETE")
			w.do(r).expect(w.t, 200, "keys")
		}
		for path, allow := range map[string]string{
			"/oauth2/jwks": "GET", "/oauth2/token": "POST", "/oauth2/authorize": "GET, POST", "/login": "GET, POST", "/signed-out": "GET",
			"/setup/x": "GET, POST", "/static/style.css": "GET",
		} {
			for _, method := range []string{http.MethodDelete, http.MethodPut, http.MethodTrace, "PROPFIND", "get"} {
				answer := w.do(httptest.NewRequest(method, path, nil))
				if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != allow {
					w.t.Errorf("%s %s: %d, Allow %q", method, path, answer.StatusCode, answer.Header.Get("Allow"))
				}
			}
		}
		head := w.do(httptest.NewRequest(http.MethodHead, "/login", nil))
		if head.StatusCode != http.StatusOK || head.body != "" {
			w.t.Errorf("HEAD: %d %q", head.StatusCode, head.body)
		}
	})
}

// HT-06: a path is what was sent; nothing is cleaned, decoded twice or led off the host.
func TestPaths(t *testing.T) {
	each(t, func(w *world) {
		for _, path := range []string{
			"/oauth2/token/..%2f..%2fadmin", "//admin", "//evil.test/login", "//evil.test/..", "/./login", "/login/", "/login/..", "/login%2f",
			"/%2e%2e/login", "/LOGIN", "/login;x=1", `/\evil.test`, "/setup/", "/setup/a/b", "/setup/a%2fb", "/static/", "/static/..%2froutes.go",
			"/static/../routes.go", "/oauth2/token/", "/oauth2//token", "/admin//", "/admin//clients", "/admin/clients//", "/.well-known/openid-configuration/", "/.git/config", "/account/%00",
		} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			plain, err := url.PathUnescape(path)
			must(w.t, err)
			r.URL.Path, r.URL.RawPath = plain, path // as the server reads the request line
			answer := w.do(r)
			if answer.StatusCode != http.StatusNotFound || answer.Header.Get("Location") != "" {
				w.t.Errorf("%s: %d to %q", path, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
	})
}

// HT-07, HT-08: who calls is what the connection says; there is no door for monitors, and operations aren't here.
func TestCallers(t *testing.T) {
	each(t, func(w *world) {
		for _, path := range []string{"/metrics", "/livez", "/readyz", "/healthz", "/debug/pprof/", "/dev/mail"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
			r.Header.Set("X-Real-Ip", "127.0.0.1")
			r.Header.Set("Forwarded", "for=127.0.0.1")
			w.do(r).expect(w.t, 404)
		}
		if strings.Contains(w.log.String(), "127.0.0.1") {
			w.t.Error("a header became the caller's address")
		}
		for _, agent := range []string{"GoogleHC/1.0", "kube-probe/1.31", "ELB-HealthChecker/2.0"} {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil)
			r.Header.Set("User-Agent", agent)
			w.do(r).expect(w.t, 401)
			r = httptest.NewRequest(http.MethodGet, "/account", nil)
			r.Header.Set("User-Agent", agent)
			w.do(r).expect(w.t, 303)
		}
	})
}

// HT-09: the log names routes, never paths; labels of metrics are these names.
func TestRoutesAreFew(t *testing.T) {
	each(t, func(w *world) {
		for n := range 200 {
			w.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/random%d", n), nil)).expect(w.t, 404)
			w.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/setup/random%d", n), nil)).expect(w.t, 404)
			w.do(httptest.NewRequest(http.MethodGet, fmt.Sprintf("/static/random%d.css", n), nil)).expect(w.t, 404)
		}
		if strings.Contains(w.log.String(), "random") {
			w.t.Error(line(w.log.String(), "random"))
		}
	})
}

// HT-10: errors for programs are JSON whatever the path holds; people get a page, with the path in neither.
func TestErrorTypes(t *testing.T) {
	each(t, func(w *world) {
		for _, path := range []string{"/oauth2/%3Cscript%3Ealert(1)%3C/script%3E", "/.well-known/%3Cscript%3E", "/oauth2/nothing"} {
			w.refused(w.do(httptest.NewRequest(http.MethodGet, path, nil)), 404, "not_found")
		}
		w.refused(w.do(httptest.NewRequest(http.MethodGet, "/oauth2/token", nil)), 405, "method_not_allowed")
		page := w.do(httptest.NewRequest(http.MethodGet, "/%3Cscript%3Ealert(1)%3C/script%3E", nil)).expect(w.t, 404, `id="error-code"`)
		if page.Header.Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(page.body, "<script>alert") {
			w.t.Error(page.Header.Get("Content-Type"), page.main())
		}
	})
}

// Rulings 3.9: another host gets the explanation; the keys are for everybody.
func TestHosts(t *testing.T) {
	each(t, func(w *world) {
		for _, host := range []string{"evil.test", "op.test.evil.test", "op.test:8443", "127.0.0.1", "xop.test"} {
			at := func(path string) reply {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = host
				return w.do(r)
			}
			at("/login").expect(w.t, 421, "You opened "+host, "configured as "+op, `id="error-code"`, `href="`+op+`/account"`)
			at("/oauth2/authorize?client_id=ours").expect(w.t, 421, op)
			w.refused(at("/oauth2/token"), 421, "misdirected")
			w.refused(at("/.well-known/openid-configuration"), 421, "misdirected")
			at("/oauth2/jwks").expect(w.t, 200)
		}
		for _, host := range []string{"op.test", "OP.test", "op.test:443"} {
			r := httptest.NewRequest(http.MethodGet, "/login", nil)
			r.Host = host
			w.do(r).expect(w.t, 200)
		}
	})
}

// AZ-25: what a stranger writes into an address is on no page as markup, whatever the parameter is called.
func TestAddressesAreNoMarkup(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		const markup = `<img src=x onerror=alert(1)>`
		query := url.Values{}
		for _, name := range []string{"error", "error_description", "error_hint", "notice", "client_id", "redirect_uri", "state", "interaction", "pending", "token", "return", "ui_locales", "login_hint", "id_token_hint"} {
			query.Set(name, markup)
		}
		b := s.browser()
		for _, in := range []bool{false, true} {
			if in {
				b.login(malisMail, malisPassword)
			}
			for _, path := range []string{"/login", "/sign-up", "/sign-up/verify", "/sign-up/link", "/sign-out", "/signed-out", "/select-account", "/consent", "/account", "/oauth2/authorize", "/oauth2/logout", "/" + url.PathEscape(markup)} {
				answer := b.get(path + "?" + query.Encode())
				if strings.Contains(answer.body, "<img src=x") || strings.Contains(answer.Header.Get("Content-Security-Policy"), "unsafe-inline") {
					t.Errorf("%s: %d %s", path, answer.StatusCode, answer.main())
				}
			}
		}
	})
}

// AZ-26, and the other headers of every class, on good answers and on bad ones (RFC 9700 4.16, ASVS 3.4).
func TestHeaders(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		for path, class := range map[string]string{
			"/login?interaction=x": "interaction", "/sign-up": "interaction", "/sign-up/verify": "interaction", "/sign-out": "interaction",
			"/select-account": "interaction", "/consent": "interaction", "/oauth2/authorize": "interaction", "/oauth2/logout?state=a&state=b": "interaction",
			"/sign-up/link?token=x": "secret interaction", "/account": "page", "/nothing": "page", "/setup/x": "secret", "/login-link/x": "secret",
		} {
			answer := b.get(path)
			want := map[string]string{
				"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "unsafe-none",
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
				"Strict-Transport-Security": "max-age=31536000", "Content-Type": "text/html; charset=utf-8",
				"Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self), camera=(), microphone=(), geolocation=()",
			}
			if class == "page" || class == "secret" {
				want["Content-Security-Policy"] += "; form-action 'self'"
				want["Cross-Origin-Opener-Policy"] = "same-origin"
			}
			if strings.HasPrefix(class, "secret") {
				want["Referrer-Policy"] = "no-referrer"
			}
			for name, value := range want {
				if got := answer.Header.Get(name); got != value {
					t.Errorf("%s (%d) %s: %q, want %q", path, answer.StatusCode, name, got, value)
				}
			}
		}
		static := b.get(regexp.MustCompile(`/static/style[^"]*`).FindString(b.get("/sign-out").body))
		if !strings.Contains(static.Header.Get("Cache-Control"), "immutable") || static.Header.Get("Set-Cookie") != "" {
			t.Error(static.Header)
		}
	})
}

// Pages are forms of one kind and of a size.
func TestBodies(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		f := formtest.Find(t, b.get("/login").body, "sign-in").Values
		f.Set("username", malisMail)
		f.Set("password", malisPassword)
		for _, media := range []string{"text/plain", "application/json", "multipart/form-data; boundary=x", ""} {
			r := post("/login", f)
			r.Header.Set("Content-Type", media)
			b.send(r).expect(t, 415)
		}
		f.Set("password", strings.Repeat("a", 65<<10))
		b.send(post("/login", f)).expect(t, 413)
		b.send(postRaw("/login", "csrf=%zz&username=x")).expect(t, 400)
		b.send(httptest.NewRequest(http.MethodGet, "/login?x="+strings.Repeat("a", 13<<10), nil)).expect(t, 414)
		if b.isIn() {
			t.Error("signed in")
		}
	})
}

func postRaw(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
