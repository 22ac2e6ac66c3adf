package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"
)

// ErrBody is a body that isn't the one JSON object that was to come.
var ErrBody = errors.New("the body is not one JSON object")

// ReadJSON reads the members of a JSON object, strictly: another type, too much, broken UTF-8, a member given twice and
// anything behind the object are refused, since other readers would see another object than we do.
func ReadJSON(w http.ResponseWriter, r *http.Request, most int64) (map[string]json.RawMessage, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, ErrBody
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil || !utf8.Valid(raw) {
		return nil, ErrBody
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if begin, err := dec.Token(); err != nil || begin != json.Delim('{') {
		return nil, ErrBody
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return nil, ErrBody
		}
		if _, twice := members[name]; twice {
			return nil, ErrBody
		}
		members[name] = value
	}
	if end, err := dec.Token(); err != nil || end != json.Delim('}') {
		return nil, ErrBody
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrBody
	}
	return members, nil
}
