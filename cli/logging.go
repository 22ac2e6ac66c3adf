package cli

import (
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
)

// secretKeys never reach a log, whoever tries: the attribute's value is replaced. The names are those of spec 3.5 and
// their compounds.
var secretKeys = []string{
	"password", "passwd", "secret", "token", "cookie", "authorization", "assertion", "id_token_hint", "code_verifier",
	"database_url", "dsn", "query", "email", "phone", "contact",
}

// secretShapes catch what slipped into a message or an error text: what we generate, JWTs and URL passwords. Without one
// of secretMarks a text has none of these shapes, and the expression needn't run for every attribute of every request.
var secretShapes = regexp.MustCompile(
	`pratu_[a-z]{2}_[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?|(://[^/\s:@]*:)[^@/\s]+@`)

var secretMarks = []string{"pratu_", "eyJ", "://"}

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
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(scrub(a.Value.String()))
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(scrub(err.Error()))
		}
	}
	return a
}

// secretKey knows "code" only as a whole word: error_code and status_code are what logs are for.
func secretKey(key string) bool {
	if key == "code" || key == "auth_code" || key == "user_code" || key == "pin" {
		return true
	}
	for _, s := range secretKeys {
		if before, found := strings.CutSuffix(key, s); found && (before == "" || strings.HasSuffix(before, "_")) {
			return true
		}
	}
	return false
}

func scrub(text string) string {
	if !slices.ContainsFunc(secretMarks, func(m string) bool { return strings.Contains(text, m) }) {
		return text
	}
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
