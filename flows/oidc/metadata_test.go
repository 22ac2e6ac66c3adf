package oidc_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pratu/storage"
	"pratu/storage/storagetest"
)

// What is switched off isn't advertised.
func TestMetadataSwitches(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		w := newWorld(t, s, &clock{})
		for _, on := range []bool{false, true} {
			w.Registration, w.FrontChannelTokens = on, on
			raw, err := w.Metadata([]string{"th", "en"}, []string{"1"})
			if err != nil {
				t.Fatal(err)
			}
			var v map[string]any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			if got, found := v["registration_endpoint"]; found != on || on && got != "https://op.test/oauth2/register" {
				t.Errorf("on %v: %v", on, got)
			}
			if v["request_uri_parameter_supported"] != on || v["require_request_uri_registration"] != on || v["request_parameter_supported"] != false {
				t.Errorf("on %v: %v", on, v)
			}
			for name, want := range map[string]string{"response_types_supported": "code id_token token", "response_modes_supported": "fragment", "grant_types_supported": "implicit"} {
				if list, _ := v[name].([]any); slices.Contains(list, any(want)) != on || slices.Contains(list, any("token")) {
					t.Errorf("on %v: %s is %v", on, name, list)
				}
			}
		}
	})
}
