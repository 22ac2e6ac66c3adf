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
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pratu/cli"
	"pratu/flows/clients"
	"pratu/storage/storagetest"
)

// TestMain lets the test binary be the program, with the race detector if the tests have it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_PROGRAM") == "1" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(cli.Run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr)) //nolint:gocritic // the process ends here
	}
	os.Exit(m.Run())
}

// TestConformanceHTTPS runs the modules whose relying party needs nothing of its own against the real program over HTTPS,
// by real time. It shares the world's database, where the world registers and looks.
func TestConformanceHTTPS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	w.populate()
	w.wall, w.clients.FrontChannelTokens = true, true
	first := &conf{site: newSite(w)}
	first.register()
	w.serveHTTPS()
	for _, responseType := range []string{"code", "code id_token token", "id_token token"} {
		module := func(name string, run func(c *conf)) {
			if name == "oidcc-codereuse-30seconds" { // its thirty seconds are TestConformanceTokens'
				return
			}
			t.Run(strings.ReplaceAll(responseType, " ", "_")+"/"+name, func(t *testing.T) {
				w.t = t
				run(&conf{site: first.site, client: "conf1", secret: s1, auth: clients.AuthBasic, responseType: responseType})
			})
		}
		if responseType != "code" { // the ways of the answers differ, and little else
			module("oidcc-server", func(c *conf) { c.happy() })
			continue
		}
		basicModules(module)
		promptModules(module)
		tokenModules(module)
		configModules(module)
		logoutModules(module)
	}
}

// serveHTTPS has the real program answer in the world's place.
func (w *world) serveHTTPS() {
	t := w.t
	t.Helper()
	dir := t.TempDir()
	pool := selfSigned(t, filepath.Join(dir, "tls"), "op.test")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(w.t, err)
	address := l.Addr().String()
	must(w.t, l.Close())
	cmd := exec.Command(os.Args[0], "serve")
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.Env = append(cmd.Env, "RUN_PROGRAM=1", "PRATU_ISSUER="+op, "PRATU_LISTEN="+address, "PRATU_OPS_LISTEN=off", "PRATU_DATABASE_URL="+w.url,
		"PRATU_DATA_DIR="+dir, "PRATU_SECRET_KEY="+base64.StdEncoding.EncodeToString(secretKey), "PRATU_MAIL=file:"+dir,
		"PRATU_TLS_CERT="+filepath.Join(dir, "tls.crt"), "PRATU_TLS_KEY="+filepath.Join(dir, "tls.key"), "PRATU_ENABLE_FRONT_CHANNEL_TOKENS=true")
	must(w.t, cmd.Start())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || strings.Contains(log.String(), "DATA RACE") || t.Failed() {
			t.Errorf("%v\n%s", err, log.String())
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

// selfSigned writes a certificate and its key, and returns who trusts it.
func selfSigned(t *testing.T, path, host string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{host},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(path+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	must(t, os.WriteFile(path+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	parsed, err := x509.ParseCertificate(raw)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}
