package passkeys_test

import (
	"errors"
	"testing"

	"pratu/flows/issuer"
	"pratu/flows/passkeys"
)

// What browsers take as an RP ID: the host or a domain above it that isn't everybody's.
func TestRPID(t *testing.T) {
	for _, c := range []struct{ issuer, configured, want string }{
		{"https://id.example.com", "", "id.example.com"},
		{"https://ID.Example.com:8443/tenant", "", "id.example.com"},
		{"https://id.example.com", "id.example.com", "id.example.com"},
		{"https://id.example.com", "example.com", "example.com"},
		{"https://id.shop.example.co.th", "example.co.th", "example.co.th"},
		{"http://localhost:8080", "", "localhost"},
		{"http://app.localhost:8080", "", "app.localhost"},
		{"http://127.0.0.1:8080", "", ""},
		{"https://id.example.com", "com", "refused"},
		{"https://id.example.co.th", "co.th", "refused"},
		{"https://mali.github.io", "github.io", "refused"},
		{"https://id.example.com", "ample.com", "refused"},
		{"https://id.example.com", "example.org", "refused"},
		{"https://id.example.com", "login.id.example.com", "refused"},
		{"https://id.example.com", "Example.com", "refused"},
		{"https://id.example.com", "https://example.com", "refused"},
		{"https://id.example.com", ".example.com", "refused"},
		{"http://127.0.0.1:8080", "localhost", "refused"},
	} {
		i, err := issuer.New(c.issuer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := passkeys.RPID(i, c.configured)
		if c.want == "refused" && !errors.Is(err, passkeys.ErrRPID) || c.want != "refused" && (err != nil || got != c.want) {
			t.Errorf("%s with %q: %q, %v", c.issuer, c.configured, got, err)
		}
	}
}
