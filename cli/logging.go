package cli

import (
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
)

// secretKeys never reach a log, whoever tries: the attribute's value is replaced. The names are those of spec 3.5 and
// their compounds.
var secretKeys = []string{
	"password", "passwd", "secret", "token", "cookie", "authorization", "assertion", "id_token_hint", "code_verifier",
	"database_url", "dsn", "query", "email", "phone", "contact",
}

// secretShapes catch what slipped into a message or an error text: our generated secrets, JWTs and URL passwords.
var secretShapes = regexp.MustCompile(
	`pratu_cs_[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?|(://[^/\s:@]*:)[^@/\s]+@`)

const redacted = "[redacted]"

// newLogger writes to w: text on a terminal, JSON lines elsewhere.
func newLogger(c *Config, w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	_ = level.UnmarshalText([]byte(c.LogLevel)) // checked with the configuration
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if c.LogFormat == "text" || (c.LogFormat == "auto" && isTerminal(w)) {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

func redact(_ []string, a slog.Attr) slog.Attr {
	if secretKey(strings.ToLower(a.Key)) {
		return slog.String(a.Key, redacted)
	}
	switch v := a.Value.Any().(type) {
	case string:
		if clean := scrub(v); clean != v {
			return slog.String(a.Key, clean)
		}
	case error:
		return slog.String(a.Key, scrub(v.Error()))
	}
	return a
}

// secretKey knows "code" only as a whole word: error_code and status_code are what logs are for.
func secretKey(key string) bool {
	if key == "code" || key == "auth_code" || key == "user_code" || key == "pin" {
		return true
	}
	for _, s := range secretKeys {
		if key == s || strings.HasSuffix(key, "_"+s) {
			return true
		}
	}
	return false
}

func scrub(text string) string {
	return secretShapes.ReplaceAllStringFunc(text, func(m string) string {
		if strings.HasPrefix(m, "://") {
			return m[:strings.LastIndex(m[:len(m)-1], ":")+1] + redacted + "@"
		}
		return redacted
	})
}

// isTerminal is true for a character device, which /dev/null is too: harmless.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
