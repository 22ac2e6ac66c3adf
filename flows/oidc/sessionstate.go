package oidc

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"

	"pratu/flows/secret"
)

// Monitored adds session_state to an answer (OpenID Connect Session Management section 3): a hash of the browser's state that
// only the client's own origin can compare. static/session.js computes the same.
func (r *Request) Monitored(to *Redirect, browserState string) {
	u, err := url.Parse(r.RedirectURI)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !slices.Contains(r.Scopes, "openid") {
		return // an application without pages has nothing that could ask
	}
	salt := secret.ID()
	sum := sha256.Sum256([]byte(r.Client.ID + " " + u.Scheme + "://" + u.Host + " " + browserState + " " + salt))
	to.Params.Set("session_state", hex.EncodeToString(sum[:])+"."+salt)
}
