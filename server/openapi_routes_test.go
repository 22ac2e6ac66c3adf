package server

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/docs"
	"pratu/flows/issuer"
	"pratu/server/identity"
	"pratu/server/web"
)

// TestOpenAPIRoutes holds the description of the game API against the table: each has what the other has.
func TestOpenAPIRoutes(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(docs.GamesOpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	described, routed := map[string]bool{}, map[string]bool{}
	for path, item := range doc.Paths {
		for method := range item {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+strings.Replace(path, "/microsoftAD", "/{provider}", 1)] = true
			}
		}
	}
	for _, line := range table(Deps{Web: &web.Kernel{}, Identity: &identity.Server{}}) {
		path, found := strings.CutPrefix(line.path, issuer.PathGame)
		for _, method := range strings.Fields(line.methods) {
			if found && method != "OPTIONS" {
				routed[method+" "+path] = true
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(routed)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Error(diff)
	}
}
