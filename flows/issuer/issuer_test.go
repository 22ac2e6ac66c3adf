package issuer

import (
	"errors"
	"testing"
)

func TestNew(t *testing.T) {
	for raw, want := range map[string]error{
		"https://id.example.com":       nil,
		"https://id.example.com/realm": nil,
		"http://localhost:8080":        nil,
		"http://127.0.0.1:9":           nil,
		"http://id.example.com":        ErrInsecure,
		"http://localhost.evil.test":   ErrInsecure,
		"https://id.example.com/":      ErrSyntax,
		"https://id.example.com?x=1":   ErrSyntax,
		"https://id.example.com#":      ErrSyntax,
		"https://user@id.example.com":  ErrSyntax,
		"id.example.com":               ErrSyntax,
		"ftp://id.example.com":         ErrSyntax,
		"":                             ErrSyntax,
	} {
		if _, err := New(raw); !errors.Is(err, want) {
			t.Errorf("New(%q) = %v, want %v", raw, err, want)
		}
	}
}
