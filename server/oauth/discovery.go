package oauth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// Ages of the public documents. A new key is published for longer than keysAge before it signs.
const (
	metadataAge = time.Hour
	keysAge     = 10 * time.Minute
)

// Discovery is /.well-known/openid-configuration.
func (s *Server) Discovery(w http.ResponseWriter, r *http.Request) error {
	return public(w, r, s.Metadata, etag(s.Metadata), metadataAge)
}

// ServerMetadata is /.well-known/oauth-authorization-server (RFC 8414), the same document.
func (s *Server) ServerMetadata(w http.ResponseWriter, r *http.Request) error {
	return s.Discovery(w, r)
}

// JWKS is /oauth2/jwks.
func (s *Server) JWKS(w http.ResponseWriter, r *http.Request) error {
	body, tag := s.Keys.Document()
	return public(w, r, body, tag, keysAge)
}

func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
