package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pratu/flows/outbound"
)

// A provider that fails while a game's token is judged: a clear code within five seconds, nobody is let in, no account is
// made, and the other doors stay open. Once it answers again, so do we.
func TestGameFaults(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		e.social.Outbound = outbound.New(outbound.Options{Development: true, Timeout: 200 * time.Millisecond})
		now := e.now().Unix()
		idToken := kv{"exp": now + 3600, "iat": now, "sub": "nobody", "nonce": "mine"}
		doors := map[string]func() reply{
			"b2c":    func() reply { return e.microsoft(e.b2c("nobody", nil)) },
			"google": func() reply { return e.posts("google", kv{"authenToken": "opaque-g"}) },
			"google jwt": func() reply {
				return e.posts("google", kv{"authenToken": signed(signingKey(), "k1", "RS256", idToken, kv{"iss": "https://accounts.google.com", "aud": googleWeb})})
			},
			"facebook": func() reply { return e.posts("facebook", kv{"authenToken": "opaque-f"}) },
			"line":     func() reply { return e.posts("line", kv{"authenToken": "opaque-l"}) },
			"apple": func() reply {
				return e.posts("apple", kv{"authenToken": signed(signingKey(), "k1", "RS256", idToken, kv{"iss": "https://appleid.apple.com", "aud": appleBundle, "n": serial()})})
			},
		}
		neighbour := 0
		e.mux.HandleFunc("/neighbour", func(http.ResponseWriter, *http.Request) { neighbour++ })
		faults, release := upstreamFaults()
		defer release()
		for name, fault := range faults {
			if strings.Contains(name, "id_token") {
				continue // no token endpoint is asked
			}
			e.fails(func(string) http.HandlerFunc { return fault })
			for door, post := range doors {
				began := time.Now()
				answer := post()
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("%s, %s: took %s", door, name, took)
				}
				code := fmt.Sprint(answer.json(t)["data"])
				switch {
				case answer.StatusCode == http.StatusServiceUnavailable && strings.Contains(code, "upstream_unavailable"):
					if answer.Header.Get("Retry-After") == "" {
						t.Errorf("%s, %s: no Retry-After", door, name)
					}
				case answer.StatusCode == http.StatusUnauthorized && strings.Contains(code, "invalid_token"): // a verdict of a kind
					if name == "slow" || name == "trickle" || name == "500" || name == "429" || name == "100 MiB" || name == "malformed" {
						t.Errorf("%s, %s: the token is blamed", door, name)
					}
				default:
					t.Errorf("%s, %s: %d %s", door, name, answer.StatusCode, answer.body)
				}
			}
			e.fails(nil)
			e.pass(11 * time.Second)
		}
		if n := e.count(`SELECT COUNT(*) FROM identities`); n != 0 || neighbour != 0 {
			t.Errorf("%d identities, %d redirects followed", n, neighbour)
		}
		e.joined("somebody@example.com") // by password, whatever is down
		e.session(e.microsoft(e.b2c("somebody", nil)))
	})
}

// Who comes while a key set can't be had doesn't wait for it again, nor does the provider hear of each.
func TestGameKeysAway(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		e.fails(func(path string) http.HandlerFunc {
			if !strings.HasSuffix(path, "/keys") {
				return nil
			}
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		})
		for range 10 {
			e.refusedAway(e.microsoft(e.b2c("somebody", nil)))
		}
		if n := e.fetched("/keys"); n != 1 {
			t.Errorf("%d fetches", n)
		}
		e.fails(nil)
		e.pass(11 * time.Second)
		e.session(e.microsoft(e.b2c("somebody", nil)))
	})
}
