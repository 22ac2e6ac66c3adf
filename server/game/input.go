package game

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// maxBody bounds the body of every call. A provider's token is a few kilobytes.
const maxBody = 32 << 10

// maxMembers bounds what is looked at.
const maxMembers = 100

// input is what a call brought: texts and, from JSON, numbers as they were written. Never anything of the query.
type input map[string]any

// problem is an input that can't be read.
type problem struct {
	status int
	code   string
	what   string
}

func (p *problem) Error() string { return p.code + ": " + p.what }

func invalid(what string) error { return &problem{http.StatusBadRequest, "invalid_input", what} }

// readInput reads a JSON object or a form, strictly: two values for one name are refused, since whoever looks at the first
// and whoever looks at the last would see different calls.
func readInput(w http.ResponseWriter, r *http.Request) (input, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/json" && media != "application/x-www-form-urlencoded" {
		return nil, &problem{http.StatusUnsupportedMediaType, "unsupported_media_type", "The body is JSON or form-encoded, and says so in Content-Type."}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if long := (*http.MaxBytesError)(nil); errors.As(err, &long) {
		return nil, &problem{http.StatusRequestEntityTooLarge, "too_large", "The body is too long."}
	}
	if err != nil || !utf8.Valid(raw) {
		return nil, invalid("The body can't be read.")
	}
	if media == "application/json" {
		return readJSON(raw)
	}
	return readForm(raw)
}

func readForm(raw []byte) (input, error) {
	form, err := url.ParseQuery(string(raw))
	if err != nil || len(form) > maxMembers {
		return nil, invalid("The body is not form-encoded.")
	}
	in := input{}
	for name, values := range form {
		if len(values) > 1 {
			return nil, invalid("A name is there twice.")
		}
		in[name] = values[0]
	}
	return in, nil
}

func readJSON(raw []byte) (input, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, invalid("The body is not a JSON object.")
	}
	in := input{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, invalid("The body is not JSON.")
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, invalid("The body is not JSON.")
		}
		if _, twice := in[name.(string)]; twice || len(in) == maxMembers { //nolint:errcheck // a member's name is a string
			return nil, invalid("A name is there twice.")
		}
		in[name.(string)] = value //nolint:errcheck // likewise
	}
	if _, err := dec.Token(); err != nil {
		return nil, invalid("The body is not JSON.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, invalid("Something follows the JSON object.")
	}
	return in, nil
}

// text is a text that has to be there.
func (in input) text(name string) (string, error) {
	v, err := in.optional(name)
	if err == nil && v == "" {
		err = invalid(name + " is missing.")
	}
	return v, err
}

// optional is a text, or "" where there is none.
func (in input) optional(name string) (string, error) {
	switch v := in[name].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", invalid(name + " is a text.")
}

// number is a whole number, or nil where there is none.
func (in input) number(name string) (*int64, error) {
	var text string
	switch v := in[name].(type) {
	case nil:
		return nil, nil
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > maxNumber || n < -maxNumber {
		return nil, invalid(name + " is a whole number.")
	}
	return &n, nil
}

// maxNumber is the largest that every JSON reader keeps exact.
const maxNumber = 1<<53 - 1
