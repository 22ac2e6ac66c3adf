package authorize

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"pratu/flows/clients"
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

// scopeClaims is which claims about the person a scope opens (OpenID Connect Core section 5.4). A claim is one row here.
var scopeClaims = map[string][]string{
	"profile": {
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"phone":   {"phone_number", "phone_number_verified"},
	"address": {"address"},
}

// ScopeClaims lists the claims of a scope.
func ScopeClaims(scope string) []string { return slices.Clone(scopeClaims[scope]) }

// standardClaims are those of all scopes.
var standardClaims = slices.Concat(slices.Collect(maps.Values(scopeClaims))...)

// ClaimNames are the claims about the person that the parameter asks for, sorted. What says something about the sign-in
// needs no consent, and a name that nobody knows opens nothing: shown and remembered, it would be a stranger's text on our
// page, and with spaces in it a consent to more than the page told. Those that the client's own rules add are among them,
// with what they are made of, so that a new rule is a new question.
func ClaimNames(client *clients.Client, scopes []string, text string) []string {
	names := append(client.ToldClaims(scopes), NamedClaims(text)...)
	slices.Sort(names)
	return names
}

// NamedClaims are those that the parameter itself names.
func NamedClaims(text string) (names []string) {
	c, err := ParseClaims(text)
	if err != nil {
		return nil
	}
	for _, name := range standardClaims {
		_, atUserinfo := c.Userinfo[name]
		_, inIDToken := c.IDToken[name]
		if atUserinfo || inIDToken {
			names = append(names, name)
		}
	}
	return names
}
