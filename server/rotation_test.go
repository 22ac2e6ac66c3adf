package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"pratu/flows/clients"
	"pratu/flows/keys"
)

// rotation issues tokens on two replicas while keys change ten times. The clock goes with the tokens, so that a run of any
// length sees whole lives of keys.
type rotation struct {
	replicas []*world
	tokens   int64 // to issue
	rate     int   // a second; 0: as fast as it goes

	issued atomic.Int64
	still  sync.RWMutex // while somebody reads it, the clock stands still: no token ages on its way
	mu     sync.Mutex   // moves the clock
	passed time.Duration

	party struct {
		sync.Mutex
		set     jose.JSONWebKeySet
		fetched time.Time
		fetches int
	}
}

const (
	rotations = 10
	lifetime  = keys.Ahead + 2*time.Minute // of a key, here
	partyAge  = 5 * time.Minute            // for which a relying party keeps the key set
)

// TestRotationUnderLoad: whatever is issued while keys change verifies by the key set as a relying party has it, and we take
// it ourselves. PRATU_TEST_ROTATION=1000 issues as many a second for twenty seconds: make rotation.
func TestRotationUnderLoad(t *testing.T) {
	each(t, func(w *world) {
		r := &rotation{replicas: []*world{w, newWorld(w.t, w.url)}, tokens: 300}
		if r.rate, _ = strconv.Atoi(os.Getenv("PRATU_TEST_ROTATION")); r.rate > 0 {
			r.tokens = int64(r.rate) * 20
		}
		r.replicas[1].at = w.at
		_, err := w.clients.Update(t.Context(), "ours", func(d *clients.Document) error {
			d.IDTokenAlg, d.UserinfoAlg = keys.RS256, keys.EdDSA
			return nil
		})
		must(w.t, err)
		var all sync.WaitGroup
		refresh := make([]string, 4) // of each worker
		if r.rate > 0 {
			refresh = make([]string, 12)
		}
		for i := range refresh {
			refresh[i] = text(w.tokens(w.signedIn("alice")), "refresh_token")
		}
		begun := time.Now()
		for i, token := range refresh {
			all.Go(func() { r.work(r.replicas[i%2], token, begun) })
		}
		all.Wait()
		perSecond := float64(r.issued.Load()) / time.Since(begun).Seconds()
		w.t.Logf("%d tokens, %.0f a second, key set fetched %d times", r.issued.Load(), perSecond, r.party.fetches)
		if r.rate > 0 && perSecond < 0.95*float64(r.rate) {
			w.t.Errorf("%.0f tokens a second, not %d: is the machine idle?", perSecond, r.rate)
		}
		list, err := w.keys.List(t.Context())
		must(w.t, err)
		if want := (rotations + 1) * len(keys.Algorithms()); len(list) != want { // all are kept: the run is shorter than Keep
			w.t.Errorf("%d keys, want %d", len(list), want)
		}
	})
}

// work issues access and ID token with a refresh, a signed userinfo, and a machine's access token, again and again.
func (r *rotation) work(w *world, refresh string, begun time.Time) {
	for r.issued.Load() < r.tokens && !w.t.Failed() {
		r.still.RLock()
		answer := w.post("/oauth2/token", "ours", s1, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
		tokens := answer.json(w.t)
		refresh = text(tokens, "refresh_token")
		r.verify(w, answer, jose.ES256, text(tokens, "access_token"))
		r.verify(w, answer, jose.RS256, text(tokens, "id_token"))
		answer = w.do(bearer(http.MethodGet, text(tokens, "access_token"))) // by whose signature we know it ourselves
		r.verify(w, answer, jose.EdDSA, answer.body)
		answer = w.post("/oauth2/token", "svc1", s2, url.Values{"grant_type": {"client_credentials"}})
		r.verify(w, answer, jose.ES256, text(answer.json(w.t), "access_token"))
		r.still.RUnlock()
		r.pass()
		if r.rate > 0 {
			time.Sleep(time.Until(begun.Add(time.Duration(r.issued.Load()) * time.Second / time.Duration(r.rate))))
		}
	}
}

// verify counts a token, and holds it against the key set that a relying party fetched within its time.
func (r *rotation) verify(w *world, answer reply, alg jose.SignatureAlgorithm, token string) {
	if answer.StatusCode != http.StatusOK {
		w.t.Errorf("refused: %d %s", answer.StatusCode, answer.body)
		return
	}
	n := r.issued.Add(1)
	set := r.keySet(w)
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
	if err == nil {
		_, err = signed.Verify(set)
	}
	if err != nil {
		w.t.Errorf("token %d, %s: %v", n, alg, err)
	}
}

func (r *rotation) keySet(w *world) jose.JSONWebKeySet {
	r.party.Lock()
	defer r.party.Unlock()
	if now := w.now(); now.Sub(r.party.fetched) >= partyAge {
		answer := w.do(httptest.NewRequest(http.MethodGet, "/oauth2/jwks", nil))
		r.party.set = jose.JSONWebKeySet{}
		must(w.t, json.Unmarshal([]byte(answer.body), &r.party.set))
		r.party.fetched = now
		r.party.fetches++
	}
	return r.party.set
}

// pass moves the clock to where it is after so many tokens; on the way keys are rotated by one replica or the other, and
// both look at what is published as they do all the time.
func (r *rotation) pass() {
	r.mu.Lock()
	defer r.mu.Unlock()
	target := time.Duration(float64(rotations*lifetime) * min(float64(r.issued.Load())/float64(r.tokens), 1))
	before, after := r.passed/lifetime, target/lifetime
	if after == before && target-r.passed < time.Minute {
		return
	}
	r.still.Lock()
	for _, w := range r.replicas {
		w.pass(target - r.passed)
	}
	r.still.Unlock() // keys change while tokens are made
	r.passed = target
	for i := before; i < after; i++ {
		w := r.replicas[i%2]
		_, err := w.keys.Rotate(w.t.Context(), keys.RotateOptions{})
		must(w.t, err)
	}
	for _, w := range r.replicas {
		must(w.t, w.keys.Refresh(w.t.Context()))
	}
}
