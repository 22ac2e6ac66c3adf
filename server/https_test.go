package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/storage/storagetest"
)

// The modules again, against the real program over HTTPS and by real time; their relying party is suite.test, at a port of
// this machine, which the program calls where the plans want it to.

// program shares the world's database, where the world registers and looks.
type program struct {
	*site
	waiting []continuation
}

// continuation is the rest of a module that needs time to pass.
type continuation struct {
	module string
	at     time.Time
	run    func()
}

func newProgram(t *testing.T, settings ...string) *program {
	t.Helper()
	w := newWorld(t, storagetest.SQLite(t))
	w.populate()
	w.wall, w.clients.FrontChannelTokens = true, true
	p := &program{site: newSite(w)}
	(&conf{site: p.site}).register()
	w.serveHTTPS(settings...)
	return p
}

// party is the relying party that is registered beforehand.
func (p *program) party(responseType string, formPost bool) func() *conf {
	return func() *conf {
		return &conf{site: p.site, client: "conf1", secret: s1, auth: clients.AuthBasic, responseType: responseType, formPost: formPost}
	}
}

// runs runs a plan's modules one after another, each with a party of its own.
func (p *program) runs(plan string, party func() *conf) {
	p.t.Helper()
	known := false
	for _, x := range plans {
		if x.name == plan {
			known = true
			x.modules(func(name string, run func(c *conf)) {
				p.module(strings.ReplaceAll(plan, " ", "_")+"/"+name, func() { run(party()) })
			})
		}
	}
	if !known {
		p.t.Errorf("no plan %s", plan)
	}
}

func (p *program) module(name string, run func()) {
	p.goOn(time.Now())
	p.waits = func(d time.Duration, then func()) {
		p.waiting = append(p.waiting, continuation{name, time.Now().Add(d), then})
	}
	p.remote.requests()
	p.run(name, run)
}

// goOn runs the rests of modules whose time has come before an instant.
func (p *program) goOn(until time.Time) {
	open := p.waiting
	p.waiting = nil
	for _, c := range open {
		if c.at.After(until) {
			p.waiting = append(p.waiting, c)
			continue
		}
		time.Sleep(time.Until(c.at))
		p.run(c.module+"/later", c.run)
	}
}

func (p *program) run(name string, run func()) {
	outer := p.t
	outer.Run(name, func(t *testing.T) {
		p.t = t
		defer func() { p.t = outer }()
		run()
	})
}

// finish waits for what has to wait.
func (p *program) finish() { p.goOn(time.Now().Add(time.Hour)) }

func TestConformanceHTTPS(t *testing.T) {
	t.Parallel()
	open := newProgram(t, "PRATU_REGISTRATION=open", "PRATU_REGISTRATION_REQUIRE_PKCE=false", "PRATU_LIMITS=register.address=1000/1h")
	itself := func() *conf {
		c := &conf{site: open.site, auth: clients.AuthPrivateKeyJWT}
		c.newKey()
		return c
	}
	open.runs("dynamic", itself)
	open.runs("3rdparty-init-login", itself)

	p := newProgram(t, "PRATU_SESSION_MANAGEMENT=true")
	p.runs("basic", p.party("", false))
	p.runs("formpost-basic", p.party("", true))
	for _, plan := range []string{"config", "rp-initiated-logout", "backchannel", "frontchannel", "session-management"} {
		p.runs(plan, p.party("", false))
	}
	for _, responseType := range hybrid {
		p.runs("hybrid "+responseType, p.party(responseType, false))
	}
	for _, responseType := range implicit {
		p.runs("implicit "+responseType, p.party(responseType, false))
	}
	p.finish()
	open.finish() // a minute is over for it
}

// serveHTTPS has the real program answer in the world's place, and suite.test and what else it calls by TLS.
func (w *world) serveHTTPS(settings ...string) {
	t := w.t
	t.Helper()
	dir := t.TempDir()
	certificate, private := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	pool := selfSigned(t, certificate, private, "op.test", "suite.test")
	pair, err := tls.LoadX509KeyPair(certificate, private)
	must(t, err)
	w.certificate = &pair
	_, base := w.started(w.remote)
	w.port = strings.TrimPrefix(base, "https://suite.test")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(w.t, err)
	address := l.Addr().String()
	must(w.t, l.Close())
	cmd := exec.Command(os.Args[0], "serve")
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.Env = append(settings, "RUN_PROGRAM=1", "PRATU_ISSUER="+op, "PRATU_LISTEN="+address, "PRATU_OPS_LISTEN=off", "PRATU_DATABASE_URL="+w.url,
		"PRATU_DATA_DIR="+dir, "PRATU_SECRET_KEY="+base64.StdEncoding.EncodeToString(secretKey), "PRATU_MAIL=file:"+dir,
		"PRATU_TLS_CERT="+certificate, "PRATU_TLS_KEY="+private, "PRATU_ENABLE_FRONT_CHANNEL_TOKENS=true",
		"PRATU_OUTBOUND_NETWORKS=127.0.0.0/8", "SSL_CERT_FILE="+certificate, "SSL_CERT_DIR="+filepath.Join(dir, "none"))
	must(w.t, cmd.Start())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || strings.Contains(log.String(), "DATA RACE") {
			t.Errorf("%v\n%s", err, log.String())
		} else if t.Failed() {
			t.Log(unusual.FindAllString(log.String(), -1))
		}
		for _, canary := range []string{s1, malisPassword, "pratu_ac_", "pratu_rt_", "eyJhbGci"} {
			if strings.Contains(log.String(), canary) {
				t.Errorf("the log holds %q: %s", canary, line(log.String(), canary))
			}
		}
	})
	w.handler = &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", "op.test", r.In.Host
	}}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			must(w.t, conn.Close())
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatal("the server isn't up after 30 s")
		}
	}
	w.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)).expect(w.t, http.StatusOK)
}

// unusual are lines of the log but for what went well.
var unusual = regexp.MustCompile(`(?m)^.*("status":4|"status":5|"level":"(WARN|ERROR)").*$`)

// started serves what is called: as suite.test by TLS 1.3 where the real program calls, else by http.
func (w *world) started(h http.Handler) (s *httptest.Server, base string) {
	w.t.Helper()
	s = httptest.NewUnstartedServer(h)
	w.t.Cleanup(s.Close)
	if w.certificate == nil {
		s.Start()
		return s, s.URL
	}
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*w.certificate}, MinVersion: tls.VersionTLS13}
	s.StartTLS()
	return s, strings.Replace(s.URL, "127.0.0.1", "suite.test", 1)
}

// selfSigned writes a certificate and its key, and returns who trusts it.
func selfSigned(t *testing.T, certificate, private string, hosts ...string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: hosts,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	must(t, os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600))
	parsed, err := x509.ParseCertificate(raw)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}
