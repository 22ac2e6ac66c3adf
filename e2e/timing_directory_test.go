//go:build timing

package e2e

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const unlimitedDirectory = unlimited + ",search.client=10000000/1m,search.identifier=10000000/1h,search.all=10000000/1m,accounts.client=10000000/1m"

// Partners mustn't learn from our answers' time what the answers don't say: who has a number that they can't see, whether an
// account that isn't theirs exists, and what was wrong with a protected number.
func TestTimingDirectory(t *testing.T) {
	p := startDev(t, unlimitedDirectory)
	p.run(password, "account", "create", "--email", address, "--phone", theirs, "--verified", "--password-stdin", "-o", "json")
	other := p.created(t, "account", "create", "--email", "other@example.com", "--verified", "-o", "json")["ssoid"].(string)
	back := "https://partner.example.com/cb"
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	c := p.created(t, "client", "create", "--kind", "web", "--id", "1245", "--redirect-uri", back, "--permission", "accounts.read", "--permission", "accounts.search",
		"--set", "first_party=true", "--set", "require_pkce=false", "--set", "partner_mobile_protection=aes-256-cbc", "--set", "partner_mobile_key="+key, "-o", "json")
	secret := c["client_secret"].(string)
	apiKey := p.created(t, "api-key", "create", "--client", "1245", "-o", "json")["key"].(string)
	a := newAgent(t)
	a.get(p.Issuer + "/login")
	a.submit("sign-in", map[string]string{"username": address, "password": password})

	t.Run("search", func(t *testing.T) {
		search := func(who string) func() func() {
			return func() func() {
				return func() {
					p.calls(t, http.MethodGet, "/accounts", nil, 200, "X-Client-Identifier", "1245", "X-Client-Secret", secret, "X-Account-Identifier", who)
				}
			}
		}
		distinguish(t, search(theirs), search(nobodys))
	})
	t.Run("not yours and nobody's", func(t *testing.T) {
		token := p.exchanged(t, a, back, secret)
		read := func(id string) func() func() {
			return func() func() {
				return func() {
					p.calls(t, http.MethodGet, "/accounts/"+id, nil, 403, "Authorization", apiKey, "access_token", token, "client_id", "1245", "client_secret", secret)
				}
			}
		}
		distinguish(t, read(other), read("99999999"))
	})
	wrong := map[string]string{
		"a wrong number": encrypted(t, make([]byte, 32), nobodys, false), "a wrong key": encrypted(t, []byte(strings.Repeat("x", 32)), theirs, false),
		"bad padding": encrypted(t, make([]byte, 32), theirs, true), "bad base64": "!!!",
	}
	for name, sent := range wrong {
		if name == "a wrong number" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			try := func(sent string) func() func() {
				return func() func() {
					form := url.Values{
						"grant_type": {"authorization_code"}, "client_id": {"1245"}, "client_secret": {secret}, "request_id": {"timing"}, "code": {p.code(t, a, back)},
						"mobile_number": {sent}, "timestamp": {time.Now().UTC().Format("2006-01-02T15:04:05.000Z")},
					}
					return func() { p.calls(t, http.MethodPost, "/partner/token", form, 403) }
				}
			}
			distinguish(t, try(wrong["a wrong number"]), try(sent))
		})
	}
}

// created is what a command that prints JSON made.
func (p *program) created(t *testing.T, args ...string) map[string]any {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal(p.run("", args...), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// calls sends a request of a program's, with headers as pairs, and expects a status.
func (p *program) calls(t *testing.T, method, path string, form url.Values, status int, headers ...string) map[string]any {
	t.Helper()
	r, err := http.NewRequest(method, p.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		t.Fatalf("%s: %d %s %v", path, answer.StatusCode, raw, err)
	}
	v := map[string]any{}
	_ = json.Unmarshal(raw, &v)
	return v
}

// code is an authorization code of whoever is signed in.
func (p *program) code(t *testing.T, a *agent, back string) string {
	t.Helper()
	asking := &http.Client{Jar: a.http.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := asking.Get(p.Issuer + "/oauth2/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"1245"}, "redirect_uri": {back}, "scope": {"openid public_profile"}, "state": {"timing"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	location, err := answer.Location()
	if err != nil || location.Query().Get("code") == "" {
		t.Fatalf("%s: no code: %v %v", answer.Status, location, err)
	}
	return location.Query().Get("code")
}

// exchanged is an access token for client 1245.
func (p *program) exchanged(t *testing.T, a *agent, back, secret string) string {
	t.Helper()
	v := p.calls(t, http.MethodPost, "/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"1245"}, "client_secret": {secret}, "code": {p.code(t, a, back)}, "redirect_uri": {back},
	}, 200)
	return v["access_token"].(string)
}

// encrypted is a number as a partner sends it, or with padding that is none.
func encrypted(t *testing.T, key []byte, number string, broken bool) string {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw[:16])
	pad := 16 - len(number)
	copy(raw[16:], number)
	for i := 16 + len(number); i < 32; i++ {
		raw[i] = byte(pad)
	}
	if broken {
		raw[31] = 17
	}
	cipher.NewCBCEncrypter(block, raw[:16]).CryptBlocks(raw[16:], raw[16:])
	return base64.StdEncoding.EncodeToString(raw)
}
