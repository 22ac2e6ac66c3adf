package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Addresses are judged in whatever clothes they come; each of these has opened somebody's firewall.
func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "0.0.0.0": false, "::": false, "10.1.2.3": false,
		"172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "fe80::1": false, "fc00::1": false, "fd12::1": false,
		"100.64.0.1": false, "192.0.0.8": false, "198.18.0.1": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
		"8.8.8.8": true, "::ffff:8.8.8.8": true, "2606:4700::1111": true,
	} {
		err := public(netip.AddrPortFrom(netip.MustParseAddr(address), 443).String())
		if (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if public("localhost:443") == nil || public("") == nil {
		t.Error("what isn't an address was let through")
	}
}

// upstream is a server of this machine over TLS, and a client that trusts it.
func upstream(t *testing.T, h http.HandlerFunc, o Options) (*Client, string) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	o.Transport = s.Client().Transport.(*http.Transport)
	return New(o), s.URL
}

// The guard stands behind the name server, so a name that leads home is no way round it, nor is a redirect to one.
func TestPrivateAddressesAreRefused(t *testing.T) {
	called := false
	c, url := upstream(t, func(http.ResponseWriter, *http.Request) { called = true }, Options{})
	port := url[strings.LastIndex(url, ":"):]
	for _, host := range []string{"https://127.0.0.1", "https://localhost", "https://[::1]", "https://[::ffff:127.0.0.1]", "https://2130706433", "https://0"} {
		_, err := c.Get(t.Context(), host+port)
		if err == nil || (!errors.Is(err, ErrAddress) && !errors.Is(err, ErrFailed)) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if called {
		t.Error("a private address was reached")
	}
}

func TestOnlyHTTPS(t *testing.T) {
	for _, dev := range []bool{false, true} {
		c := New(Options{Development: dev, Timeout: time.Second})
		for _, url := range []string{"ftp://example.com", "file:///etc/passwd", "gopher://x", "//x", "", "https://user:pw@example.com/", "\x00"} {
			if _, err := c.Get(t.Context(), url); err == nil {
				t.Errorf("development %t: %q was called", dev, url)
			}
		}
	}
	if _, err := New(Options{}).Get(t.Context(), "http://example.com"); !errors.Is(err, ErrScheme) {
		t.Errorf("plain http: %v", err)
	}
}

// A redirect is an answer, and its target is never asked.
func TestRedirectsAreAnswers(t *testing.T) {
	followed := false
	c, url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		followed = followed || r.URL.Path == "/next"
		http.Redirect(w, r, "/next", http.StatusFound)
	}, Options{Development: true})
	answer, err := c.Get(t.Context(), url)
	if err != nil || answer.Status != http.StatusFound || followed {
		t.Errorf("%v %v, followed: %t", answer, err, followed)
	}
}

// A huge, endless or compressed answer ends at the bound; one of exactly that size is whole.
func TestSizeIsBounded(t *testing.T) {
	const most = 1 << 10
	c, url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			_, _ = io.WriteString(w, strings.Repeat("x", most))
		case "/more":
			_, _ = io.WriteString(w, strings.Repeat("x", most+1))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", most)); err != nil {
					return
				}
			}
		}
	}, Options{Development: true, MaxBytes: most})
	if answer, err := c.Get(t.Context(), url+"/fits"); err != nil || len(answer.Body) != most {
		t.Errorf("fits: %v", err)
	}
	for _, path := range []string{"/more", "/endless"} {
		if _, err := c.Get(t.Context(), url+path); !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Who answers slowly, header or body, is left; the error names no URL, because it may hold a secret.
func TestTimeIsBounded(t *testing.T) {
	c, url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}, Options{Development: true, Timeout: 200 * time.Millisecond})
	for _, path := range []string{"/header", "/body"} {
		_, err := c.Get(t.Context(), url+path+"?token=s3cr3t")
		if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A certificate that nobody vouches for ends the call.
func TestCertificatesAreChecked(t *testing.T) {
	_, url := upstream(t, func(http.ResponseWriter, *http.Request) {}, Options{})
	c := New(Options{Development: true, Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}})
	if _, err := c.Get(t.Context(), url); !errors.Is(err, ErrFailed) {
		t.Errorf("an unknown certificate: %v", err)
	}
}
