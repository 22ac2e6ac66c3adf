package cli

import (
	"context"
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
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" || (c.LogFormat == "auto" && isTerminal(w)) {
		return slog.New(discreet{slog.NewTextHandler(w, o)})
	}
	return slog.New(discreet{slog.NewJSONHandler(w, o)})
}

// discreet keeps secrets out of what another handler writes. slog's own hook for it has every line written in a slower way.
type discreet struct{ slog.Handler }

func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	message := scrub(r.Message)
	clean := message == r.Message
	r.Attrs(func(a slog.Attr) bool {
		_, changed := redact(a)
		clean = clean && !changed
		return clean
	})
	if clean {
		return d.Handler.Handle(ctx, r)
	}
	other := slog.NewRecord(r.Time, r.Level, message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		a, _ = redact(a)
		other.AddAttrs(a)
		return true
	})
	return d.Handler.Handle(ctx, other)
}

func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	attrs, _ = redactAll(attrs)
	return discreet{d.Handler.WithAttrs(attrs)}
}

func (d discreet) WithGroup(name string) slog.Handler { return discreet{d.Handler.WithGroup(name)} }

func redactAll(attrs []slog.Attr) (out []slog.Attr, changed bool) {
	out = make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		var other bool
		out[i], other = redact(a)
		changed = changed || other
	}
	return out, changed
}

// redact returns an attribute as it may be written, and whether that differs.
func redact(a slog.Attr) (out slog.Attr, changed bool) {
	if secretKey(a.Key) {
		return slog.String(a.Key, redacted), true
	}
	switch a.Value.Kind() {
	case slog.KindString:
		text := a.Value.String()
		clean := scrub(text)
		return slog.String(a.Key, clean), clean != text
	case slog.KindGroup:
		members, changed := redactAll(a.Value.Group())
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(members...)}, changed
	case slog.KindLogValuer:
		resolved, _ := redact(slog.Attr{Key: a.Key, Value: a.Value.Resolve()})
		return resolved, true
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			return slog.String(a.Key, scrub(err.Error())), true
		}
	}
	return a, false
}

// secretKey knows "code" only as a whole word: error_code and status_code are what logs are for.
func secretKey(key string) bool {
	key = strings.ToLower(key)
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
