package adminapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"pratu/flows/clients"
	"pratu/storage"
)

// read reads a body of a media type.
func read(w http.ResponseWriter, r *http.Request, media string) ([]byte, error) {
	if got, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); got != media {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, code: "body.type", detail: "the body must be " + media}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: "body.too_long", detail: "the body is longer than 1 MiB"}
	}
	if err != nil {
		return nil, invalid("body.unreadable", "", "the body can't be read")
	}
	if media != fileType && media != linesType && !utf8.Valid(raw) { // encoding/json would make something else of it
		return nil, invalid("document.json", "", "the body isn't UTF-8")
	}
	return raw, nil
}

// decode reads one JSON object into a struct. Members that it hasn't are refused: a misspelt one would silently be nothing. So
// are those given twice: whoever judged the request before us may have read the other.
func decode(raw []byte, into any) error {
	switch _, object := clients.Members(raw); {
	case !object && json.Valid(raw):
		return invalid("document.type", "", "not an object")
	case !object:
		return invalid("document.json", "", "not one JSON object")
	}
	var ps clients.Problems
	if ps.Strict("", raw, reflect.TypeOf(into)); len(ps) > 0 {
		return &refusal{status: http.StatusBadRequest, code: ps[0].Code, detail: ps[0].Detail, parts: ps}
	}
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return invalid("document.type", "/"+strings.ReplaceAll(wrong.Field, ".", "/"), "is of the wrong type")
	case err != nil:
		return invalid("document.json", "", "not one JSON object")
	}
	return nil
}

// etag is a version as a validator (RFC 9110 section 8.8.3).
func etag(version storage.Instant) string { return `"` + strconv.FormatInt(int64(version), 10) + `"` }

// version is what If-Match says: somebody who changes a thing says which version they saw. "*" is any.
func (c *call) version() (storage.Instant, error) {
	value := strings.TrimSpace(c.r.Header.Get("If-Match"))
	if value == "" {
		return 0, &refusal{status: http.StatusPreconditionRequired, code: "version.missing", detail: "send If-Match with the ETag of what you saw"}
	}
	if value == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
	if err != nil || n <= 0 || value != etag(storage.Instant(n)) {
		return 1, nil //nolint:nilerr // no version of ours: stale
	}
	return storage.Instant(n), nil
}

// limit is how many items a page has.
func (c *call) limit() (int, error) {
	text := c.r.URL.Query().Get("limit")
	if text == "" {
		return 50, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 200 {
		return 0, invalid("query.limit", "", "limit is between 1 and 200")
	}
	return n, nil
}
