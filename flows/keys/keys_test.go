package keys

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/audit"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

type clock struct {
	sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.Lock(); defer c.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.Lock(); defer c.Unlock(); c.at = c.at.Add(d) }

func ring(t *testing.T, b byte) *secret.Keyring {
	t.Helper()
	k, err := secret.NewKeyring([]byte(strings.Repeat(string(rune(b)), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func service(t *testing.T, s *storage.Store, c *clock) *Service {
	t.Helper()
	k := &Service{Store: s, Custody: Sealed{ring(t, 'k')}, Audit: &audit.Log{Store: s, Now: c.now}, Now: c.now}
	if err := k.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

type claims struct {
	Sub string `json:"sub"`
}

func TestSignatures(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		k := service(t, s, &clock{at: time.Now()})
		document, _ := k.Document()
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(document, &set); err != nil || len(set.Keys) != 4 {
			t.Fatalf("%s %v", document, err)
		}
		var members struct {
			Keys []map[string]any `json:"keys"`
		}
		if err := json.Unmarshal(document, &members); err != nil {
			t.Fatal(err)
		}
		for _, key := range members.Keys {
			for member := range key {
				if !strings.Contains(" kty kid use alg n e crv x y ", " "+member+" ") {
					t.Errorf("the key set has a member %s", member)
				}
			}
		}
		for _, alg := range Algorithms() {
			token, err := k.Sign(alg, "JWT", claims{"42"})
			if err != nil {
				t.Fatal(err)
			}
			// Another library reads it as well.
			signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatal(err)
			}
			if payload, err := signed.Verify(set); err != nil || string(payload) != `{"sub":"42"}` {
				t.Errorf("%s %v", payload, err)
			}
			if payload, got, err := k.Verify(token, "JWT"); err != nil || got != alg || string(payload) != `{"sub":"42"}` {
				t.Errorf("%s %s %v", payload, got, err)
			}
		}
	})
}

func TestForgeries(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		k := service(t, s, &clock{at: time.Now()})
		token, err := k.Sign(ES256, "JWT", claims{"42"})
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(token, ".")
		head := func(text string) string { return encoding.EncodeToString([]byte(text)) }
		kid := func() string {
			for id, key := range k.set.Load().keys {
				if key.row.Alg == ES256 {
					return id
				}
			}
			return ""
		}()
		last := parts[2][len(parts[2])-1]
		flipped := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		other := flipped[strings.IndexByte(flipped, last)^1]
		for name, forged := range map[string]string{
			"another type":       mustSign(t, k, "at+jwt"),
			"alg none":           head(`{"alg":"none","kid":"`+kid+`","typ":"JWT"}`) + "." + parts[1] + ".",
			"hmac":               head(`{"alg":"HS256","kid":"`+kid+`","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
			"foreign kid":        head(`{"alg":"ES256","kid":"x","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
			"no typ":             head(`{"alg":"ES256","kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
			"other claims":       parts[0] + "." + head(`{"sub":"43"}`) + "." + parts[2],
			"unused bits":        parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + string(other),
			"padding":            token + "=",
			"a part more":        token + ".x",
			"a part less":        parts[0] + "." + parts[1],
			"line break":         parts[0] + "." + parts[1] + ".\n" + parts[2],
			"crit":               head(`{"alg":"ES256","kid":"`+kid+`","typ":"JWT","crit":["b64"]}`) + "." + parts[1] + "." + parts[2],
			"two headers":        head(`{"alg":"ES256","kid":"`+kid+`","typ":"JWT"}{}`) + "." + parts[1] + "." + parts[2],
			"empty":              "",
			"endless":            strings.Repeat("a", maxToken+1),
			"signature too long": token + "AA",
		} {
			if _, _, err := k.Verify(forged, "JWT"); err == nil {
				t.Errorf("%s passes", name)
			}
		}
	})
}

func mustSign(t *testing.T, k *Service, typ string) string {
	t.Helper()
	token, err := k.Sign(ES256, typ, claims{"42"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	raw, err := encoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var head struct{ Kid string }
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	return head.Kid
}

// A new key is published before it signs; the old one stays until its tokens are over; a running replica follows.
func TestRotation(t *testing.T) {
	storagetest.Replicas(t, 2, func(t *testing.T, s []*storage.Store) {
		c := &clock{at: time.Now()}
		running := service(t, s[0], c)
		cli := service(t, s[1], c)
		old := mustSign(t, running, "JWT")
		if _, err := cli.Rotate(t.Context(), RotateOptions{Alg: ES256}); err != nil {
			t.Fatal(err)
		}
		if err := running.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if document, _ := running.Document(); strings.Count(string(document), `"kid"`) != len(Algorithms())+1 {
			t.Errorf("the new key isn't published: %s", document)
		}
		if got := mustSign(t, running, "JWT"); kidOf(t, got) != kidOf(t, old) {
			t.Error("the new key signs before anybody can know it")
		}
		c.pass(Ahead)
		fresh := mustSign(t, running, "JWT")
		if kidOf(t, fresh) == kidOf(t, old) {
			t.Error("the new key doesn't sign")
		}
		for _, token := range []string{old, fresh} {
			if _, _, err := running.Verify(token, "JWT"); err != nil {
				t.Error(err)
			}
		}
		list, err := running.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]int{}
		for _, i := range list {
			states[i.Alg+" "+i.State]++
		}
		if states["ES256 signing"] != 1 || states["ES256 published"] != 1 || states["RS256 signing"] != 1 {
			t.Errorf("%v", states)
		}
		c.pass(Keep)
		if err := running.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := running.Verify(old, "JWT"); err == nil {
			t.Error("the old key is published for ever")
		}
		if _, err := cli.Rotate(t.Context(), RotateOptions{Now: true, Bits: 3072}); err != nil {
			t.Fatal(err)
		}
		if kidOf(t, mustSign(t, cli, "JWT")) == kidOf(t, fresh) {
			t.Error("--now doesn't sign at once")
		}
	})
}

// slow is a custody that takes its time; meanwhile is what others do.
type slow struct {
	Custody
	meanwhile func() error
}

func (s slow) Make(ctx context.Context, kid, alg string, bits int) (string, error) {
	if err := s.meanwhile(); err != nil {
		return "", err
	}
	return s.Custody.Make(ctx, kid, alg, bits)
}

// A key of 8192 bits takes a minute to make: nobody who wants to write waits for it, also where it is part of an answer.
func TestRotationHoldsNobodyUp(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := &clock{at: time.Now()}
		k := service(t, s, c)
		writes := 0
		k.Custody = slow{k.Custody, func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			writes++
			c.pass(time.Minute)
			return s.Claim(ctx, "made."+strconv.Itoa(writes), "x", storage.At(c.now()))
		}}
		for _, rotate := range []func(ctx context.Context, fn func(ctx context.Context) error) error{
			func(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }, s.AsOne,
		} {
			err := rotate(t.Context(), func(ctx context.Context) error {
				made, err := k.Rotate(ctx, RotateOptions{Alg: ES256})
				if err == nil && (made[0].ActiveAt.Sub(c.now()).Round(time.Second) != Ahead || made[0].State != "upcoming") {
					t.Errorf("published for %s before it signs", made[0].ActiveAt.Sub(c.now()))
				}
				return err
			})
			if err != nil {
				t.Fatalf("%d writes: %v", writes, err)
			}
		}
	})
}

func TestManyStarters(t *testing.T) {
	storagetest.Replicas(t, 4, func(t *testing.T, s []*storage.Store) {
		c := &clock{at: time.Now()}
		var all sync.WaitGroup
		for _, store := range s {
			all.Go(func() {
				k := &Service{Store: store, Custody: Sealed{ring(t, 'k')}, Audit: &audit.Log{Store: store, Now: c.now}, Now: c.now}
				if err := k.Ensure(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if rows, err := s[0].SigningKeys(t.Context(), storage.At(c.now())); err != nil || len(rows) != len(Algorithms()) {
			t.Errorf("%d keys, %v", len(rows), err)
		}
	})
}

func TestSealed(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := &clock{at: time.Now()}
		service(t, s, c)
		rows, err := s.SigningKeys(t.Context(), storage.At(c.now()))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if strings.Contains(r.Sealed, `"kty"`) || r.Sealed == "" {
				t.Errorf("a key lies open: %s", r.Sealed)
			}
		}
		stranger := &Service{Store: s, Custody: Sealed{ring(t, 'x')}, Now: c.now}
		if err := stranger.Ensure(t.Context()); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("another secret key: %v", err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range Algorithms() {
		private, err := generate(alg, DefaultBits)
		if err != nil {
			b.Fatal(err)
		}
		k := &key{row: storage.SigningKey{ID: "k", Alg: alg}, signer: private, headers: map[string]string{}}
		if k.headers["JWT"], err = header(k.row, "JWT"); err != nil {
			b.Fatal(err)
		}
		s := &Service{Now: time.Now}
		s.set.Store(&keySet{keys: map[string]*key{"k": k}})
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Sign(alg, "JWT", claims{"42"}); err != nil {
					b.Fatal(err)
				}
			}
		})
		token, err := s.Sign(alg, "JWT", claims{"42"})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(alg+"/verify", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.Verify(token, "JWT"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
