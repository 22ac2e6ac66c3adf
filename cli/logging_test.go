package cli

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Whoever logs a secret by mistake, under its own name or inside a message, doesn't get it into the log.
func TestLogKeepsSecretsOut(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log := newLogger(&Config{LogLevel: "debug", LogFormat: format}, &out)
		const canary = "c4n4ry-0123456789"
		for _, key := range []string{"password", "client_secret", "Refresh_Token", "code", "authorization", "database_url", "email", "query"} {
			log.Info("x", key, canary)
		}
		for _, text := range []string{
			"pratu_cs_" + canary, "pratu_rt_" + canary, "pratu_ac_" + canary, "eyJhbGciOiJFUzI1NiJ9." + canary + "." + canary,
			"postgres://pratu:" + canary + "@db/pratu", "see smtp://a:" + canary + "@mail:25 and pratu_at_" + canary,
		} {
			log.Info("x", "cause", text)
			log.Info("x", "cause", fmt.Errorf("dial: %w", errors.New(text)))
			log.Error(text)
			log.With("cause", text).WithGroup("g").Info("x", "why", text)
			log.Info("x", slog.Group("g", "why", text))
			log.Info("x", slog.Group("g", slog.Group("h", "why", text, "password", canary)))
			log.Info("x", "cause", valuer(text))
			log.With("password", canary).Info("x", "g", valuer(text))
		}
		if strings.Contains(out.String(), canary) {
			t.Errorf("%s: the log tells a secret:\n%s", format, out.String())
		}
	}
}

// valuer is a value that makes itself known only when it is written.
type valuer string

func (v valuer) LogValue() slog.Value { return slog.StringValue(string(v)) }

func TestLogKeepsTheRest(t *testing.T) {
	var out bytes.Buffer
	newLogger(&Config{LogLevel: "info", LogFormat: "json"}, &out).Info("see https://id.example.com/x",
		"error_code", "invalid_grant", "encode", "gzip", "client_id", "pratu_shop", "took", 12.5, "err", errors.New("://no user@here"))
	for _, word := range []string{"https://id.example.com/x", "invalid_grant", "gzip", `"pratu_shop"`, "12.5", "://no user@here"} {
		if !strings.Contains(out.String(), word) {
			t.Errorf("the log lost %q: %s", word, out.String())
		}
	}
}

func BenchmarkLog(b *testing.B) {
	log := newLogger(&Config{LogLevel: "info", LogFormat: "json"}, &bytes.Buffer{})
	b.ReportAllocs()
	for b.Loop() {
		log.Info("request", "event", "http.request", "request_id", "0198f0c2a7d17b6e9f53a2d0c1e4b7f6", "method", "POST",
			"route", "/oauth2/token", "status", 200, "ms", 1.25, "ip", "192.0.2.1", "client_id", "shop", "grant", "refresh_token")
	}
}
