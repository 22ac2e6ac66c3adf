package console

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"pratu/flows/kind"
	"pratu/storage"
)

// confirmed refuses what can't be undone and was pressed alone; at is the box beside it.
func confirmed(r *http.Request, at string) error {
	if r.PostForm.Get("confirm") == "1" {
		return nil
	}
	return kind.New(kind.Invalid, "delete.unconfirmed").WithField(at)
}

// versionOf is the version that a page showed.
func versionOf(r *http.Request) storage.Instant {
	n, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
	return storage.Instant(max(n, 1))
}

// before is where a list goes on that is in the order of time, zero for its beginning.
func before(r *http.Request) (storage.Instant, string) {
	at, id, _ := strings.Cut(query(r, "before"), ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n <= 0 {
		return 0, ""
	}
	return storage.Instant(n), id
}

// query is a value of the URL that somebody typed.
func query(r *http.Request, name string) string { return line(r.URL.Query().Get(name)) }

// line is one line of text, not endless; else "".
func line(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	if len(text) > 200 || strings.ContainsFunc(text, unicode.IsControl) {
		return ""
	}
	return text
}
