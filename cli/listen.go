package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// Bounds of every connection (spec HT-02, HT-03): slow or huge requests cost little.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 60 * time.Second
	maxHeader     = 16 << 10
	stopTimeout   = 20 * time.Second // for answers under way when the server stops
)

// newServer is an http.Server with our bounds.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		// net/http adds 4 KiB of slack to what is configured here and answers 431 above it.
		MaxHeaderBytes: maxHeader - 4096,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig:      &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

// listen binds an address; its error names cause and remedy.
func listen(ctx context.Context, name, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s is in use by another program: stop that one, or choose another address with --%s", name, addr, name)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s %s needs more rights than this user has: choose a port above 1023 with --%s", name, addr, name)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s %s is no address of this machine: choose another one with --%s", name, addr, name)
	}
	return nil, fmt.Errorf("%s %s: %w: choose another address with --%s", name, addr, err, name)
}

// warnPort tells that a localhost issuer's links lead to another port than ours, where nobody may answer. It is no error:
// a proxy may forward.
func warnPort(log *slog.Logger, c *Config, at net.Addr) {
	u, err := url.Parse(c.issuer.String())
	_, port, err2 := net.SplitHostPort(at.String())
	if err != nil || err2 != nil || !c.local() || u.Scheme == "https" && c.TLSCert == "" {
		return
	}
	expected := u.Port()
	if expected == "" {
		expected = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if port != expected {
		log.Warn("the issuer names another port than the listener's: set --issuer and --listen to the same port, unless a proxy forwards",
			"event", "server.other_port", "issuer", c.issuer.String(), "listen", at.String())
	}
}
