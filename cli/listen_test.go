package cli

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// bounded is a server with the bounds of serve, and with TLS if wanted.
func bounded(t *testing.T, h http.HandlerFunc, secure bool) (address string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config = newServer(h, slog.New(slog.DiscardHandler))
	if secure {
		s.Config.TLSConfig.NextProtos = []string{"h2"} // as ServeTLS does
		s.TLS = s.Config.TLSConfig
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// HT-02: who sends a header byte now and then is cut off, and nobody else waits for that.
func TestSlowClientsAreCut(t *testing.T) {
	t.Parallel()
	address := bounded(t, hello, false)
	var cut sync.WaitGroup
	for range 300 {
		c := dial(t, address)
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		cut.Go(func() {
			_ = c.SetReadDeadline(time.Now().Add(60 * time.Second))
			go func() {
				for _, err := io.WriteString(c, "a"); err == nil; _, err = io.WriteString(c, "a") {
					time.Sleep(time.Second)
				}
			}()
			if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("still connected after a minute")
			}
		})
	}
	answer, err := http.Get("http://" + address)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("beside slow clients: %v %v", answer, err)
	}
	cut.Wait()
}

// HT-02 for bodies: a promised body that doesn't come ends the request.
func TestSlowBodiesAreCut(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	address := bounded(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		got <- err
	}, false)
	_, _ = io.WriteString(dial(t, address), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab")
	select {
	case err := <-got:
		if err == nil {
			t.Error("half a body was read as a whole one")
		}
	case <-time.After(time.Minute):
		t.Error("the body is still awaited after a minute")
	}
}

// HT-03: 64 KiB of cookies end at the door; what browsers send doesn't.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	address := bounded(t, hello, false)
	for size, want := range map[int]int{64 << 10: http.StatusRequestHeaderFieldsTooLarge, 17 << 10: http.StatusRequestHeaderFieldsTooLarge, 12 << 10: http.StatusOK} {
		r, err := http.NewRequest(http.MethodGet, "http://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", "a="+strings.Repeat("x", size))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d bytes of cookie: %d, want %d", size, answer.StatusCode, want)
		}
	}
}

// HT-04: ten thousand streams that are opened and reset at once never occupy more handlers than one connection may have.
func TestRapidReset(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	address := bounded(t, func(_ http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-r.Context().Done()
		time.Sleep(time.Millisecond) // work that a reset doesn't stop at once
		now.Add(-1)
	}, true)
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := c.ConnectionState().NegotiatedProtocol; p != "h2" {
		t.Fatalf("negotiated %q", p)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = io.Copy(io.Discard, c) }()
	_, _ = io.WriteString(c, http2.ClientPreface)
	f := http2.NewFramer(c, nil)
	_ = f.WriteSettings()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, h := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/"}} {
		_ = e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
	}
	for id := uint32(1); id < 20_000; id += 2 {
		err = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
		if err == nil {
			err = f.WriteRSTStream(id, http2.ErrCodeCancel)
		}
		if err != nil {
			break // the server has had enough: that is one good end
		}
	}
	_ = c.CloseWrite()
	<-ended
	if most.Load() == 0 || most.Load() > 250 {
		t.Errorf("%d handlers at once for one connection", most.Load())
	}
}

// A localhost issuer on another port than the listener's is almost always a slip; behind a proxy it is none.
func TestOtherPort(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8081}
	for _, c := range []struct {
		issuer, cert string
		warned       bool
	}{
		{"http://localhost:8080", "", true},
		{"http://localhost", "", true},
		{"http://localhost:8081", "", false},
		{"http://127.0.0.1:8081/id", "", false},
		{"https://localhost:8443", "", false},
		{"https://localhost:8443", "cert.pem", true},
		{"https://localhost:8081", "cert.pem", false},
		{"https://id.example.com", "", false},
		{"https://id.example.com", "cert.pem", false},
	} {
		var out bytes.Buffer
		conf := &Config{Issuer: c.issuer, TLSCert: c.cert}
		conf.checkIssuer(&problems{})
		warnPort(slog.New(slog.NewTextHandler(&out, nil)), conf, at)
		if got := strings.Count(out.String(), "names another port"); got > 1 || got == 1 != c.warned {
			t.Errorf("%+v: %s", c, out.String())
		}
	}
}
