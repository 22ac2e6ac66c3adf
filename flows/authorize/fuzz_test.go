package authorize

import (
	"slices"
	"testing"

	"pratu/flows/clients"
)

func FuzzUserCode(f *testing.F) {
	for _, typed := range []string{"BCDF-GHJK", "bcdf ghjk", "BCDFGHJK", "bcdf\u2013ghjk", "AEIO-UUUU", "BCDF-GHJKL", "ſ", "ＢＣＤＦ-GHJK", ""} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := UserCode(typed)
		if code == "" {
			return
		}
		if len(code) != userCodeLength+1 || code[userCodeLength/2] != '-' || UserCode(code) != code {
			t.Errorf("%q is read as %q", typed, code)
		}
	})
}

func FuzzParseClaims(f *testing.F) {
	for _, text := range []string{
		`{"userinfo":{"name":{"essential":true}}}`, `{"id_token":{"acr":{"values":["1","2"]},"sub":{"value":"21992040"},"email":null}}`,
		`{"userinfo":null,"id_token":{}}`, `{"USERINFO":{"name":null}}`, `{} {}`, `[]`, `{"userinfo":{"a b":null}}`, `{"id_token":{"sub":{"value":{"a":[1]}}}}`,
	} {
		f.Add(text)
	}
	c := &clients.Client{}
	f.Fuzz(func(t *testing.T, text string) {
		asked, err := ParseClaims(text)
		names := ClaimNames(c, []string{"openid"}, text)
		if err != nil && len(names) > 0 || !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%q asks for %q: %v", text, names, err)
		}
		for _, name := range names {
			_, at := asked.Userinfo[name]
			_, in := asked.IDToken[name]
			if !at && !in {
				t.Errorf("%q asks for %s", text, name)
			}
		}
	})
}
