package social

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	keysPace  = time.Minute      // a token with an unknown key makes us ask once in it, however many there are (MS-12)
	keysRetry = 10 * time.Second // after a failure with nothing to go on: who comes meanwhile doesn't wait for another one
	keysLife  = time.Hour        // after it a key that was withdrawn isn't honoured any more
	keysTime  = 3 * time.Second
)

// keyCache holds providers' key sets. go-oidc's own asks again for every unknown key, and never forgets one.
type keyCache struct {
	mu   sync.Mutex
	sets map[string]*keySet
}

// keySet is the transport of a go-oidc key set, which it throttles.
type keySet struct {
	s   *Service
	url string

	mu     sync.Mutex
	set    *oidc.RemoteKeySet
	born   time.Time
	body   []byte // last good answer
	tried  time.Time
	failed error
}

// keySet is the keys at a URL.
func (s *Service) keySet(url string) *keySet {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if s.keys.sets == nil || len(s.keys.sets) > 1000 {
		s.keys.sets = map[string]*keySet{}
	}
	k := s.keys.sets[url]
	if k == nil {
		k = &keySet{s: s, url: url}
		s.keys.sets[url] = k
	}
	return k
}

// VerifySignature is go-oidc's.
func (k *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	return k.current().VerifySignature(ctx, jwt) //nolint:contextcheck // the set outlives whoever asks first
}

// away tells whether there are no keys at all to judge by.
func (k *keySet) away() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.body == nil
}

func (k *keySet) current() *oidc.RemoteKeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.s.Now(); k.set == nil || now.Sub(k.born) >= keysLife {
		ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: k})
		k.set, k.born = oidc.NewRemoteKeySet(ctx, k.url), now
	}
	return k.set
}

// RoundTrip answers with the keys as they were last read, within a minute or while the provider is away.
func (k *keySet) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	pace := keysPace
	if k.body == nil {
		pace = keysRetry
	}
	if now := k.s.Now(); k.tried.IsZero() || now.Sub(k.tried) >= pace {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keysTime)
		defer cancel()
		body, err := k.s.get(ctx, k.url)
		if err == nil && !hasKeys(body) {
			err = errors.New("the key set has no keys")
		}
		if k.tried, k.failed = now, err; err == nil {
			k.body = body
		}
	}
	if k.body == nil {
		return nil, k.failed
	}
	return answerOf(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, k.body, r), nil
}

// hasKeys tells a key set from what else is JSON, or a page: such an answer doesn't replace the keys that we have.
func hasKeys(body []byte) bool {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	return json.Unmarshal(body, &set) == nil && len(set.Keys) > 0
}

func answerOf(status int, header http.Header, body []byte, r *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}
