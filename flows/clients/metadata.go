package clients

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
)

// strangers are the members that an application may set which registers itself: metadata, but for what is ours alone.
var strangers = slices.DeleteFunc(jsonNames(reflect.TypeFor[Metadata]()), func(name string) bool { return name == "allowed_origins" })

// promises are members of specifications that would promise protection which this version doesn't give. A client that
// asks for one is told, not left to believe.
var promises = []string{
	"id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_encrypted_response_alg",
	"userinfo_encrypted_response_enc", "authorization_encrypted_response_alg", "authorization_signed_response_alg",
	"request_object_encryption_alg", "request_object_encryption_enc", "introspection_encrypted_response_alg",
	"introspection_signed_response_alg", "tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens",
}

// readMetadata reads what a stranger sent. Members that aren't known are ignored (RFC 7591 section 2), and so is
// everything that only administrators set; null is the same as nothing (RFC 7592 section 2.2).
func readMetadata(raw []byte) (m Metadata, own ownMembers, ps Problems) {
	members, ok := membersOf(raw)
	if !ok {
		ps.add("", "document.json", "not one JSON object")
		return m, own, ps
	}
	seen := map[string]bool{}
	for _, x := range members {
		if seen[x.name] {
			ps.add("/"+x.name, "document.twice", "given twice")
		}
		seen[x.name] = true
	}
	for _, x := range members {
		if ours := ourTag(x.name); !seen[ours] {
			x.name, seen[ours] = ours, true
		}
		var into any
		switch {
		case string(x.value) == "null":
			continue
		case slices.Contains(strangers, x.name):
			into = &m
		case x.name == "client_id" || x.name == "client_secret":
			into = &own
		case slices.Contains(promises, x.name) && string(x.value) != "false":
			ps.add("/"+x.name, "client.unavailable", "not available in this version: leave it out")
			continue
		default:
			continue
		}
		// One by one, since encoding/json takes "Redirect_URIs" for redirect_uris.
		name, _ := json.Marshal(x.name)
		if json.Unmarshal(slices.Concat([]byte("{"), name, []byte(":"), x.value, []byte("}")), into) != nil {
			ps.add("/"+x.name, "client.type", "is of the wrong type")
		}
	}
	return m, own, ps
}

// ownMembers are what an update repeats of the answer to the registration (RFC 7592 section 2.2).
type ownMembers struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf reads a JSON object, members that are given twice included.
func membersOf(raw []byte) (list []member, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		var value json.RawMessage
		if err != nil || !isName || dec.Decode(&value) != nil {
			return nil, false
		}
		list = append(list, member{name, value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	_, err := dec.Token()
	return list, err == io.EOF //nolint:errorlint // a decoder returns it bare
}
