package keys

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"pratu/storage"
)

// keySet is everything that is published at one moment. It is never changed, only replaced.
type keySet struct {
	rows     []storage.SigningKey
	keys     map[string]*key
	document []byte
	etag     string
}

type key struct {
	row     storage.SigningKey
	signer  crypto.Signer
	headers map[string]string // typ → encoded header
}

// types whose header is encoded once.
var types = []string{"JWT", "at+jwt", "logout+jwt", "game+jwt"}

// Refresh loads what another process has changed. When nothing has, it is one small query.
func (s *Service) Refresh(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	rows, err := s.Store.SigningKeys(ctx, storage.At(s.Now()))
	if err != nil {
		return err
	}
	old := s.set.Load()
	if old != nil && slices.Equal(old.rows, rows) {
		return nil
	}
	next := &keySet{rows: rows, keys: map[string]*key{}}
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, row := range rows {
		k, err := s.open(ctx, row)
		if err != nil {
			return err
		}
		next.keys[row.ID] = k
		public.Keys = append(public.Keys, jose.JSONWebKey{Key: k.signer.Public(), KeyID: row.ID, Algorithm: row.Alg, Use: "sig"})
	}
	if next.document, err = json.Marshal(public); err != nil {
		return err
	}
	sum := sha256.Sum256(next.document)
	next.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
	s.set.Store(next)
	return nil
}

func (s *Service) open(ctx context.Context, row storage.SigningKey) (*key, error) {
	signer, err := s.Custody.Open(ctx, row.ID, row.Alg, row.Sealed)
	if err != nil {
		return nil, err
	}
	k := &key{row: row, signer: signer, headers: map[string]string{}}
	for _, typ := range types {
		if k.headers[typ], err = header(row, typ); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func header(row storage.SigningKey, typ string) (string, error) {
	raw, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}{row.Alg, row.ID, typ})
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// Document is the published key set (RFC 7517), public members only, with its ETag.
func (s *Service) Document() (jwks []byte, etag string) {
	set := s.set.Load()
	if set == nil {
		return []byte(`{"keys":[]}`), `""`
	}
	return set.document, set.etag
}

// Generation names the keys that are believed now: with another one, an earlier verdict may be wrong.
func (s *Service) Generation() string {
	_, etag := s.Document()
	return etag
}

// signing is the key of an algorithm that signs now: of those that are active, the newest.
func (k *keySet) signing(alg string, now storage.Instant) *key {
	var best *key
	for _, candidate := range k.keys {
		r := candidate.row
		if r.Alg == alg && r.ActiveAt <= now && (best == nil || r.ActiveAt > best.row.ActiveAt) {
			best = candidate
		}
	}
	return best
}
