package players_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/limits"
	"pratu/flows/outbound"
	"pratu/flows/passwords"
	"pratu/flows/players"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/flows/social"
	"pratu/storage"
)

// posting is what signs players in by a provider's tokens, on a database of its own, with a provider on this machine.
type posting struct {
	*players.Service
	title *clients.Client
	key   *rsa.PrivateKey
}

const policy, upstream = "B2C_1_signin", "https://b2c.test/tenant/v2.0/"

func newPosting(b *testing.B) *posting {
	b.Helper()
	done := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	ctx := b.Context()
	store, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "pratu.db")})
	done(err)
	b.Cleanup(func() { _ = store.Close() })
	_, err = store.Migrate(ctx)
	done(err)
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
	done(err)
	i, err := issuer.New("https://op.test")
	done(err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	done(err)
	published := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "RS256"}}}
	published.SetIssuer("https://b2c.test/tenant/" + policy + "/v2.0")
	there := httptest.NewServer(http.StripPrefix("/tenant/"+policy+"/v2.0", published))
	b.Cleanup(there.Close)
	hosts, err := social.ParseHosts("b2c.test=" + there.URL)
	done(err)
	record := &audit.Log{Store: store, Now: time.Now}
	limiter := &limits.Limiter{Store: store, Keyring: ring, Now: time.Now}
	hasher := passwords.New(passwords.Cheap)
	signing := &keys.Service{Store: store, Custody: keys.Sealed{Keyring: ring}, Audit: record, Now: time.Now}
	done(signing.Ensure(ctx))
	people := &accounts.Service{Store: store, Keyring: ring, Hasher: hasher, Limiter: limiter, Audit: record, Issuer: i, Now: time.Now}
	s := &players.Service{
		Store: store, Keyring: ring, Clients: &clients.Service{Store: store, Hasher: hasher, Now: time.Now}, Keys: signing, Accounts: people,
		Signin:  &signin.Service{Store: store, Keyring: ring, Hasher: hasher, Limiter: limiter, Audit: record, Now: time.Now},
		Limiter: limiter, Audit: record, Issuer: i, Now: time.Now,
		Social: &social.Service{
			Store: store, Keyring: ring, Accounts: people, Limiter: limiter, Audit: record, Issuer: i, Hosts: hosts, Now: time.Now,
			Connectors: &connectors.Service{Store: store, Keyring: ring, Audit: record, Now: time.Now},
			Outbound:   outbound.New(outbound.Options{Development: true}),
		},
	}
	title, _, err := s.Clients.Create(ctx, clients.Document{ClientID: "77", Kind: clients.KindGame})
	done(err)
	_, err = s.Social.Connectors.Create(ctx, connectors.Document{Kind: connectors.KindB2C, ClientID: "game", Settings: connectors.Settings{
		Issuer: upstream, Authority: "https://b2c.test/tenant", Policies: []string{policy},
	}})
	done(err)
	return &posting{s, title, key}
}

// token is one of a person that works once.
func (p *posting) token(person, n int) string {
	now := time.Now().Unix()
	raw, err := json.Marshal(map[string]any{
		"iss": upstream, "aud": "game", "sub": strconv.Itoa(person), "tfp": policy, "iat": now, "exp": now + 3600, "n": n,
	})
	if err != nil {
		panic(err)
	}
	return oidctest.SignIDToken(p.key, "k", "RS256", string(raw))
}

func (p *posting) login(ctx context.Context, token string) error {
	_, _, err := p.RegisterOrLogin(ctx, p.title, players.Credential{Kinds: []string{connectors.KindB2C}, Token: token}, players.Caller{IP: "192.0.2.1"})
	return err
}

// BenchmarkPostedToken is a sign-in by a token whose keys are known: one signature checked, one made, one transaction. Of
// people who are known, and of people who come for the first time.
func BenchmarkPostedToken(b *testing.B) {
	for name, known := range map[string]bool{"known": true, "first": false} {
		b.Run(name, func(b *testing.B) {
			p := newPosting(b)
			const crowd = 100
			for i := range crowd {
				if err := p.login(b.Context(), p.token(i, -1)); err != nil {
					b.Fatal(err)
				}
			}
			tokens := make([]string, b.N)
			for i := range tokens {
				person := crowd + i
				if known {
					person = i % crowd
				}
				tokens[i] = p.token(person, i)
			}
			var next atomic.Int64
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := p.login(b.Context(), tokens[next.Add(1)-1]); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logins/s")
		})
	}
}
