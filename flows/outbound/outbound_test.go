package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// addresses are those of IANA's special-purpose registries (RFC 6890 and after) and spellings of them that have fooled
// guards, and some that everybody may call.
var addresses = map[string]bool{
	"8.8.8.8": true, "1.1.1.1": true, "172.15.255.255": true, "172.32.0.1": true, "100.63.255.255": true,
	"2606:4700::1111": true, "2a00:1450::1": true, "::ffff:8.8.8.8": true,

	"0.0.0.0": false, "0.1.2.3": false, "127.0.0.1": false, "127.255.255.254": false, "10.0.0.1": false,
	"172.16.0.1": false, "172.31.255.255": false, "192.168.0.1": false, "100.64.0.1": false, "100.127.255.255": false,
	"169.254.169.254": false, "192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false, "198.18.0.1": false,
	"198.19.255.255": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false,
	"240.0.0.1": false, "255.255.255.255": false,

	"::": false, "::1": false, "fe80::1": false, "fe80::1%lo": false, "fc00::1": false, "fd00:ec2::254": false,
	"fec0::1": false, "ff02::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "3fff::1": false,
	"5f00::1": false,
	// IPv4 in IPv6 clothes: mapped, compatible, translated, NAT64, 6to4.
	"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
	"::10.0.0.1": false, "::ffff:0:127.0.0.1": false, "64:ff9b::127.0.0.1": false, "64:ff9b:1::a00:1": false,
	"2002:7f00:1::1": false,
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range addresses {
		if err := judge(net.JoinHostPort(text, "443"), nil); (err == nil) != want || err != nil && !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %v, want public %v", text, err, want)
		}
	}
	for _, odd := range []string{"", "8.8.8.8", "name.test:443", "8.8.8.8:https", "[::1"} {
		if judge(odd, everywhere) == nil {
			t.Errorf("%q is called", odd)
		}
	}
}

var everywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// A network that was named is called, in each spelling of its addresses, and its neighbours aren't.
func TestNamedNetworks(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32"), netip.MustParsePrefix("192.168.7.7/32")}
	for text, want := range map[string]bool{
		"10.1.0.1": true, "10.1.255.255": true, "::ffff:10.1.0.1": true, "::ffff:a01:1": true, "fd00:1::1": true, "fd00:1::1%lo": true,
		"192.168.7.7": true, "8.8.8.8": true, "2606:4700::1111": true,
		"10.0.255.255": false, "10.2.0.1": false, "::ffff:10.2.0.1": false, "fd00:2::1": false, "192.168.7.8": false, "127.0.0.1": false, "::1": false,
		"169.254.169.254": false, "0.0.0.0": false, "::": false,
		// Translators may lead elsewhere than what is named.
		"::10.1.0.1": false, "64:ff9b::10.1.0.1": false, "2002:a01:1::1": false,
	} {
		if err := judge(net.JoinHostPort(text, "443"), networks); (err == nil) != want {
			t.Errorf("%s: %v, want called %t", text, err, want)
		}
	}
	port, came := witness(t)
	c := New(Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if _, err := c.Get(t.Context(), "http://127.0.0.1:"+port+"/"); !errors.Is(err, ErrScheme) || came.Load() != 0 {
		t.Errorf("plain http: %v", err)
	}
	if _, err := c.Get(t.Context(), "https://[::1]:"+port+"/"); !errors.Is(err, ErrAddress) || came.Load() != 0 {
		t.Errorf("loopback of the other kind: %v", err)
	}
	if _, _ = c.Get(t.Context(), "https://127.0.0.1:"+port+"/"); came.Load() == 0 {
		t.Error("what was named isn't called")
	}
}

// witness counts who comes to the door.
func witness(t *testing.T) (port string, came *atomic.Int64) {
	t.Helper()
	came = &atomic.Int64{}
	l, err := net.Listen("tcp", ":0") // both families, all addresses
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, came
}

// Nothing that leads to this machine is connected to, however it is spelled, and no proxy does it for us.
func TestNothingPrivateIsCalled(t *testing.T) {
	port, came := witness(t)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:"+port)
	t.Setenv("ALL_PROXY", "http://127.0.0.1:"+port)
	c := New(Options{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "0.0.0.0", "0", "2130706433", "0x7f000001", "0177.0.0.1",
		"127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "①②⑦.⓪.⓪.①",
	} {
		if answer, err := c.Get(t.Context(), "https://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s: %+v", host, answer)
		}
	}
	if _, err := c.Get(t.Context(), "https://127.0.0.1:"+port+"/"); !errors.Is(err, ErrAddress) {
		t.Errorf("the failure is %v", err)
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections to this machine", n)
	}
	// The witness is awake: in development the same call arrives.
	_, _ = New(Options{Development: true}).Get(t.Context(), "https://127.0.0.1:"+port+"/")
	if came.Load() == 0 {
		t.Error("the witness saw nothing at all")
	}
}

// resolver answers every question with the next of addresses; the last one stays.
func resolver(t *testing.T, answers ...string) (asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			ip := netip.MustParseAddr(answers[min(int(asked.Load()), len(answers)-1)])
			head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
			switch {
			case q.Type == dnsmessage.TypeA && ip.Is4():
				asked.Add(1)
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}}}
			case q.Type == dnsmessage.TypeAAAA && ip.Is6():
				asked.Add(1)
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
			}
			packed, err := m.Pack()
			if err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	old := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = old })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	return asked
}

// A stranger's name server may answer whatever it likes, and something else the next time (DNS rebinding).
func TestNamesThatResolveToUs(t *testing.T) {
	for name, answers := range map[string][]string{
		"loopback":      {"127.0.0.1"},
		"loopback IPv6": {"::1"},
		"mapped":        {"::ffff:127.0.0.1"},
		"unspecified":   {"0.0.0.0"},
		// The first question is the one of a guard that asks for itself, the second the one of the dialer.
		"rebinding":      {"198.51.100.7", "127.0.0.1"},
		"rebinding IPv6": {"2001:db8::7", "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			port, came := witness(t)
			asked := resolver(t, answers...)
			c := New(Options{Timeout: 2 * time.Second})
			for range 3 {
				if _, err := c.Get(t.Context(), "https://rebind.test:"+port+"/"); !errors.Is(err, ErrAddress) {
					t.Errorf("%v", err)
				}
			}
			if asked.Load() < int64(len(answers)) {
				t.Errorf("the name server was asked %d times", asked.Load())
			}
			if came.Load() != 0 {
				t.Error("it was connected to")
			}
		})
	}
	// Also what lies in a named network is judged by the address that is called, not by one asked for before.
	port, came := witness(t)
	resolver(t, "10.1.0.1", "127.0.0.1")
	if _, err := net.DefaultResolver.LookupHost(t.Context(), "rebind.test"); err != nil {
		t.Fatal(err)
	}
	c := New(Options{Timeout: 2 * time.Second, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	if _, err := c.Get(t.Context(), "https://rebind.test:"+port+"/"); !errors.Is(err, ErrAddress) || came.Load() != 0 {
		t.Errorf("rebinding from a named network: %v", err)
	}
}

// provider is a server that a development client trusts.
func provider(t *testing.T, o Options, h http.HandlerFunc) (*Client, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	o.Development, o.Transport = true, s.Client().Transport.(*http.Transport)
	return New(o), s.URL
}

func TestSchemes(t *testing.T) {
	port, came := witness(t)
	c := New(Options{})
	for _, url := range []string{"http://8.8.8.8/", "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "//8.8.8.8/", "8.8.8.8", ""} {
		if _, err := c.Get(t.Context(), url); !errors.Is(err, ErrScheme) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := c.Get(t.Context(), "https://8.8.8.8:bad/\x00"); !errors.Is(err, ErrFailed) {
		t.Errorf("%v", err)
	}
	dev := New(Options{Development: true})
	for url, want := range map[string]error{
		"file:///etc/passwd": ErrScheme, "https://user:password@127.0.0.1:" + port + "/": ErrFailed,
	} {
		if _, err := dev.Get(t.Context(), url); !errors.Is(err, want) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if came.Load() != 0 {
		t.Error("a password was carried in a URL")
	}
}

// A redirect is an answer: following it would let a public server point us at a private one, or to another's endpoint.
func TestRedirectsAreNotFollowed(t *testing.T) {
	port, came := witness(t)
	c, url := provider(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:"+port+"/latest/meta-data", http.StatusFound)
	})
	answer, err := c.Get(t.Context(), url)
	if err != nil || answer.Status != http.StatusFound || !strings.Contains(answer.Header.Get("Location"), port) {
		t.Errorf("%+v %v", answer, err)
	}
	if came.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestSizeIsBounded(t *testing.T) {
	const limit = 1000
	c, url := provider(t, Options{MaxBytes: limit}, func(w http.ResponseWriter, r *http.Request) {
		var size int
		_, _ = fmt.Sscan(r.URL.Query().Get("size"), &size)
		body := bytes.Repeat([]byte("a"), size)
		switch r.URL.Path {
		case "/zip": // a little that becomes much
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(body)
			_ = z.Close()
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(body); err != nil {
					return
				}
			}
		case "/headers":
			w.Header().Set("X-Large", string(body))
		default:
			_, _ = w.Write(body)
		}
	})
	for path, want := range map[string]error{
		"/?size=0": nil, "/?size=1000": nil, "/zip?size=1000": nil,
		"/?size=1001": ErrSize, "/zip?size=1001": ErrSize, "/zip?size=50000000": ErrSize, "/endless?size=500": ErrSize,
		"/headers?size=100000": ErrFailed,
	} {
		answer, err := c.Get(t.Context(), url+path)
		if !errors.Is(err, want) || err == nil && len(answer.Body) > limit || err != nil && answer != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Silence and a body that trickles end when the time is over, whoever waits.
func TestTimeIsBounded(t *testing.T) {
	c, url := provider(t, Options{Timeout: 300 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		for r.URL.Path == "/trickle" && r.Context().Err() == nil {
			_, _ = w.Write([]byte("a"))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // an empty answer to a closing connection would win the race with the deadline
	})
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, says nothing: not even TLS
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, target := range []string{url + "/silent", url + "/trickle", "https://" + silent.Addr().String()} {
		begun := time.Now()
		_, err := c.Get(t.Context(), target)
		if !errors.Is(err, ErrFailed) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", target, err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s took %s", target, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, url+"/silent"); !errors.Is(err, ErrFailed) {
		t.Errorf("nobody waits any more: %v", err)
	}
}

// Failures are logged: they must not tell what a URL holds. TLS is verified like anywhere.
func TestFailuresAreDiscreet(t *testing.T) {
	c, url := provider(t, Options{Timeout: 2 * time.Second}, func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	})
	stranger := New(Options{Development: true, Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}})
	for name, call := range map[string]func() (*Response, error){
		"broken off":            func() (*Response, error) { return c.Get(t.Context(), url+"/hook?token=hunter2") },
		"unknown certificate":   func() (*Response, error) { return stranger.Get(t.Context(), url+"/hook?token=hunter2") },
		"nobody there":          func() (*Response, error) { return c.Get(t.Context(), "https://127.0.0.1:1/hunter2") },
		"private":               func() (*Response, error) { return New(Options{}).Get(t.Context(), url+"/hunter2") },
		"a name that isn't one": func() (*Response, error) { return New(Options{}).Get(t.Context(), "https://hunter2..invalid/") },
		"unreadable":            func() (*Response, error) { return c.Get(t.Context(), "https://hunter2:x:y/") },
	} {
		_, err := call()
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "http") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswer(t *testing.T) {
	c, url := provider(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Proto", r.Proto)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(r.Method))
	})
	answer, err := c.Get(t.Context(), url)
	if err != nil || answer.Status != http.StatusTeapot || string(answer.Body) != "GET" || answer.Header.Get("X-Proto") == "" {
		t.Errorf("%+v %v", answer, err)
	}
}
