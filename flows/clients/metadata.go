package clients

import (
	"encoding/json"
	"reflect"
	"slices"
)

// strangers are the members that an application may set which registers itself: metadata, but for what is ours alone.
var strangers = slices.DeleteFunc(JSONNames(reflect.TypeFor[Metadata]()), func(name string) bool { return name == "allowed_origins" })

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
	members, ok := Members(raw)
	if !ok {
		ps.add("", "document.json", "not one JSON object")
		return m, own, ps
	}
	seen := map[string]bool{}
	for _, x := range members {
		if seen[x.Name] {
			ps.add("/"+x.Name, "document.twice", "given twice")
		}
		seen[x.Name] = true
	}
	for _, x := range members {
		if ours := ourTag(x.Name); !seen[ours] {
			x.Name, seen[ours] = ours, true
		}
		var into any
		switch {
		case string(x.Value) == "null":
			continue
		case slices.Contains(strangers, x.Name):
			into = &m
		case x.Name == "client_id" || x.Name == "client_secret":
			into = &own
		case slices.Contains(promises, x.Name) && string(x.Value) != "false":
			ps.add("/"+x.Name, "client.unavailable", "not available in this version: leave it out")
			continue
		default:
			continue
		}
		// One by one, since encoding/json takes "Redirect_URIs" for redirect_uris.
		name, _ := json.Marshal(x.Name)
		if json.Unmarshal(slices.Concat([]byte("{"), name, []byte(":"), x.Value, []byte("}")), into) != nil {
			ps.add("/"+x.Name, "client.type", "is of the wrong type")
		}
	}
	return m, own, ps
}

// ownMembers are what an update repeats of the answer to the registration (RFC 7592 section 2.2).
type ownMembers struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}
