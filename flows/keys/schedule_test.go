package keys_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/audit"
	"pratu/flows/keys"
	"pratu/flows/keys/keystest"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func start(t *testing.T, s *storage.Store, c *clock) *keys.Service {
	t.Helper()
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
	must(t, err)
	k := &keys.Service{Store: s, Custody: keystest.Custody(ring), Audit: &audit.Log{Store: s, Now: c.now}, Now: c.now}
	must(t, k.Ensure(t.Context()))
	return k
}

func sign(t *testing.T, k *keys.Service, alg string) string {
	t.Helper()
	token, err := k.Sign(alg, "JWT", map[string]string{"sub": "42"})
	must(t, err)
	return token
}

// relyingParty keeps the key set for as long as it was told to, as those do that never fetch it twice.
type relyingParty struct {
	set     jose.JSONWebKeySet
	fetched time.Time
}

func (rp *relyingParty) verify(t *testing.T, k *keys.Service, now time.Time, age time.Duration, alg, token string) {
	t.Helper()
	if now.Sub(rp.fetched) >= age {
		document, _ := k.Document()
		rp.set, rp.fetched = jose.JSONWebKeySet{}, now
		if err := json.Unmarshal(document, &rp.set); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(rp.set); err != nil {
		t.Fatalf("%s token of %s, key set of %s: %v", alg, now, rp.fetched, err)
	}
}

// No relying party ever meets a token by a key that it couldn't know, whether keys change by hand or by the schedule; and
// a token of the last day is still accepted by us.
func TestRotationIsSeamless(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := &clock{time.Now()}
		signs, publishes := start(t, s, c), start(t, s, c) // two replicas
		const every, step = 2 * keys.AheadScheduled, 11 * time.Minute
		parties := map[time.Duration]*relyingParty{5 * time.Minute: {}, keys.Ahead: {}}
		kids, old := map[string]bool{}, map[string]time.Time{}
		for i, begun := 0, c.at; c.at.Sub(begun) < 4*every; i++ {
			if i%55 == 0 { // ten hours: the schedule is looked at, and sometimes somebody helps
				rotated, err := signs.RotateDue(t.Context(), every)
				if err == nil && rotated == nil && i%110 == 0 {
					_, err = publishes.Rotate(t.Context(), keys.RotateOptions{Alg: keys.ES256})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if i%7 == 0 { // replicas look for new keys later, and not together
				must(t, publishes.Refresh(t.Context()))
			}
			if i%5 == 0 {
				must(t, signs.Refresh(t.Context()))
			}
			for _, alg := range []string{keys.ES256, keys.EdDSA} {
				token := sign(t, signs, alg)
				head, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
				must(t, err)
				kids[string(head)] = true
				for age, rp := range parties {
					rp.verify(t, publishes, c.at, age, alg, token)
				}
				if i%50 == 0 {
					old[token] = c.at
				}
			}
			for token, at := range old {
				if c.at.Sub(at) > 24*time.Hour {
					if _, _, err := publishes.Verify(token, "JWT"); err != nil {
						t.Fatalf("a token of %s isn't known at %s", at, c.at)
					}
					delete(old, token)
				}
			}
			c.pass(step)
		}
		if len(kids) < 2*4 {
			t.Errorf("%d keys signed", len(kids))
		}
	})
}

// Replicas that look at the same moment make one key.
func TestScheduleRunsOnce(t *testing.T) {
	storagetest.Replicas(t, 4, func(t *testing.T, stores []*storage.Store) {
		c := &clock{time.Now()}
		var replicas []*keys.Service
		for _, s := range stores {
			replicas = append(replicas, start(t, s, c))
		}
		c.pass(90 * 24 * time.Hour)
		done := make(chan int)
		for _, k := range replicas {
			go func() {
				rotated, err := k.RotateDue(t.Context(), 90*24*time.Hour)
				if err != nil {
					t.Error(err)
				}
				done <- len(rotated)
			}()
		}
		rotated := 0
		for range replicas {
			rotated += <-done
		}
		if rotated != len(keys.Algorithms()) {
			t.Errorf("%d keys were made for %d algorithms", rotated, len(keys.Algorithms()))
		}
	})
}

// What a leaked key signed, or somebody who has it signs tomorrow, is worth nothing any more.
func TestCompromised(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := &clock{time.Now()}
		k := start(t, s, c)
		leaked, other := sign(t, k, keys.ES256), sign(t, k, keys.EdDSA)
		_, err := k.Rotate(t.Context(), keys.RotateOptions{Alg: keys.ES256, Now: true}) // what it replaced before goes, too
		must(t, err)
		_, err = k.Rotate(t.Context(), keys.RotateOptions{Alg: keys.ES256, Compromised: true})
		must(t, err)
		if _, _, err := k.Verify(leaked, "JWT"); err == nil {
			t.Error("the leaked key is still believed")
		}
		if _, _, err := k.Verify(sign(t, k, keys.ES256), "JWT"); err != nil {
			t.Error(err)
		}
		if _, _, err := k.Verify(other, "JWT"); err != nil {
			t.Error("another algorithm's key went, too")
		}
		if list, err := k.List(t.Context()); err != nil || len(list) != len(keys.Algorithms()) {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// A key that was replaced goes before its time, once; one that signs, or is going to, stays.
func TestRetire(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := &clock{time.Now()}
		k := start(t, s, c)
		old := sign(t, k, keys.ES256)
		state := func() map[string]string { // kid by state
			list, err := k.List(t.Context())
			must(t, err)
			m := map[string]string{}
			for _, x := range list {
				if x.Alg == keys.ES256 {
					m[x.State] = x.ID
				}
			}
			return m
		}
		_, err := k.Rotate(t.Context(), keys.RotateOptions{Alg: keys.ES256})
		must(t, err)
		for _, name := range []string{"signing", "upcoming"} {
			if err := k.Retire(t.Context(), state()[name]); !kind.Is(err, "key.in_use") {
				t.Errorf("%s: %v", name, err)
			}
		}
		c.pass(keys.Ahead + time.Second)
		replaced := state()["published"]
		if _, _, err := k.Verify(old, "JWT"); err != nil || replaced == "" {
			t.Fatal(replaced, err)
		}
		must(t, k.Retire(t.Context(), replaced))
		if err := k.Retire(t.Context(), replaced); !kind.Is(err, "key.unknown") {
			t.Error(err)
		}
		if _, _, err := k.Verify(old, "JWT"); err == nil {
			t.Error("what it signed is still believed")
		}
		if _, _, err := k.Verify(sign(t, k, keys.ES256), "JWT"); err != nil {
			t.Error(err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
