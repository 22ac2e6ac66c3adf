package authorize

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
)

// ClaimsRequest is the claims parameter (OpenID Connect Core section 5.5).
type ClaimsRequest struct {
	Userinfo map[string]*ClaimRequest `json:"userinfo"`
	IDToken  map[string]*ClaimRequest `json:"id_token"`
}

// ClaimRequest is what is asked of one claim; nil asks for it without further wishes.
type ClaimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// errClaims is a claims parameter that isn't one.
var errClaims = errors.New("the claims parameter is not a JSON object with userinfo and id_token")

// ParseClaims reads the claims parameter; "" asks for nothing. Unknown members are ignored, as the specification says.
func ParseClaims(text string) (ClaimsRequest, error) {
	var c ClaimsRequest
	if text == "" {
		return c, nil
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := dec.Decode(&c); err != nil {
		return ClaimsRequest{}, errClaims
	}
	if _, err := dec.Token(); err != io.EOF {
		return ClaimsRequest{}, errClaims
	}
	return c, nil
}

// protocolClaims say something about the sign-in, not about the person: no consent is needed.
var protocolClaims = []string{"acr", "amr", "auth_time", "sub", "iss", "aud", "exp", "iat", "nonce", "sid"}

// ClaimNames are the claims about the person that the parameter asks for, sorted.
func ClaimNames(text string) []string {
	c, err := ParseClaims(text)
	if err != nil {
		return nil
	}
	names := slices.Concat(slices.Collect(maps.Keys(c.Userinfo)), slices.Collect(maps.Keys(c.IDToken)))
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return slices.Contains(protocolClaims, n) })
}
