package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listedPackage is what go list says of a package.
type listedPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// rooms are the levels of the house, from the street to the cellar: main → cli → server → flows → storage → migrations.
// A package belongs to the first room whose name it has.
var rooms = []string{"pratu/cli", "pratu/server", "pratu/flows", "pratu/storage", "pratu/migrations"}

// kernels are the flows that other flows may stand on; everything else in flows stands alone, or is listed in beside.
var kernels = []string{
	"kind", "secret", "contact", "passwords", "limits", "audit", "mail", "outbox", "outbound", "issuer", "keys", "clients", "connectors", "codes", "sms",
}

// beside are the arrows between flows that are no kernels.
var beside = map[string][]string{
	"accounts":  {"signin"},
	"apply":     {"office"},
	"office":    {"accounts", "players", "signin", "record", "webhooks"},
	"directory": {"oidc"},
	"oidc":      {"authorize"},
	"partner":   {"oidc"},
	"passkeys":  {"accounts", "signin"},
	"players":   {"accounts", "signin", "social"},
	"social":    {"accounts", "signin"},
	"trials":    {"accounts", "office", "oidc"},
}

// importBorder says which of our packages may import something from outside, and why no others.
type importBorder struct {
	imports string   // a path and everything below it
	allowed []string // import paths; "/…" at the end means everything below
	because string
}

var borders = []importBorder{
	{"github.com/ory/fosite", []string{"pratu/flows/oidc", "pratu/server/oauth"}, "decisions and rows stay ours, and fosite has no upstream releases any more"},
	{"github.com/gorilla/mux", []string{"pratu/server"}, "there is one route table"},
	{"github.com/markbates/goth", []string{"pratu/flows/social"}, "it has globals and no context, and verifies nothing"},
	{"github.com/go-webauthn/webauthn", []string{"pratu/flows/passkeys"}, "its interface changes from version to version"},
	{"html/template", []string{"pratu/server/web", "pratu/cli/demo"}, "there is one renderer (the demo is an application of its own)"},
	{"github.com/jmoiron/sqlx", []string{"pratu/storage", "pratu/storage/…"}, "storage is the one room that knows of databases"},
	{"database/sql", []string{"pratu/storage", "pratu/storage/…"}, "storage is the one room that knows of databases"},
	{"github.com/lib/pq", []string{"pratu/storage", "pratu/storage/…"}, "storage is the one room that knows which engine runs"},
	{"modernc.org/sqlite", []string{"pratu/storage", "pratu/storage/…"}, "storage is the one room that knows which engine runs"},
	{"github.com/pressly/goose", []string{"pratu/storage"}, "storage applies the migrations"},
	{"net/http", []string{"pratu/server/…", "pratu/server", "pratu/flows/oidc", "pratu/flows/outbound", "pratu/cli/…", "pratu/cli", "pratu/tools/conformance", "pratu/flows/social"}, "flows decide, they don't answer; what goes out goes through flows/outbound"},
	{"github.com/go-jose/go-jose/v4", []string{"pratu/flows/keys", "pratu/flows/oidc", "pratu/flows/clients"}, "keys and tokens are handled in one place"},
	{"github.com/go-jose/go-jose/v3", []string{"pratu/flows/oidc"}, "v3 is what fosite's types are made of; ours are v4"},
	{"github.com/spf13/cobra", []string{"pratu/cli"}, "the command line is cli's"},
	{"github.com/coreos/go-oidc", []string{"pratu/cli/demo", "pratu/cli/party", "pratu/flows/social"}, "a provider doesn't verify its own tokens with a relying party's library; towards other providers we are one"},
	{"math/rand", nil, "randomness comes from flows/secret, out of crypto/rand"},
	{"math/rand/v2", []string{"pratu/storage", "pratu/cli", "pratu/flows/limits"}, "only how long somebody waits, and which of many attempts is counted, may be guessed; the rest comes from flows/secret"},
	{"gopkg.in/yaml.v3", nil, "it is no longer maintained: go.yaml.in/yaml/v3"},
}

// TestArchitecture holds the border between the rooms, which docs/architecture.md describes.
func TestArchitecture(t *testing.T) {
	packages := goList(t)
	if len(packages) < 20 {
		t.Fatalf("go list found %d packages only", len(packages))
	}
	for _, p := range packages {
		for _, i := range p.Imports {
			checkArrow(t, p.ImportPath, i)
			for _, b := range borders {
				if b.covers(i) && !b.allows(p.ImportPath) {
					t.Errorf("%s imports %s, which only %s may: %s", p.ImportPath, i, strings.Join(b.allowed, ", "), b.because)
				}
			}
		}
		for _, i := range slices.Concat(p.TestImports, p.XTestImports) {
			if isBelow(i, "github.com/stretchr/testify") {
				t.Errorf("the tests of %s import %s: the standard library and go-cmp are what our tests are written with", p.ImportPath, i)
			}
		}
	}
}

// covers leaves math/rand/v2 to its own row.
func (b importBorder) covers(path string) bool {
	return isBelow(path, b.imports) && (b.imports != "math/rand" || path == b.imports)
}

func (b importBorder) allows(path string) bool {
	return slices.ContainsFunc(b.allowed, func(a string) bool {
		if under, whole := strings.CutSuffix(a, "/…"); whole {
			return strings.HasPrefix(path, under+"/")
		}
		return path == a
	})
}

func checkArrow(t *testing.T, from, to string) {
	t.Helper()
	if !isBelow(to, "pratu") || to == from {
		return
	}
	if strings.HasSuffix(to, "test") { // storage/storagetest and the like have no place in the program
		if !strings.HasSuffix(from, "test") {
			t.Errorf("%s imports %s: test helpers don't belong into the program", from, to)
		}
		return
	}
	source, target := roomOf(from), roomOf(to)
	switch {
	case target < 0 || source < 0: // main, templates, static, tools
	case target < source:
		t.Errorf("%s imports %s: nothing below imports anything above (main → cli → server → flows → storage → migrations)", from, to)
	case target == source:
		checkSiblings(t, rooms[source], from, to)
	}
}

// checkSiblings keeps packages of one room apart: the shared things have their kernels.
func checkSiblings(t *testing.T, room, from, to string) {
	t.Helper()
	a, b := partOf(room, from), partOf(room, to)
	switch {
	case a == b || a == "": // a room's root wires its parts
	case b == "" && room == "pratu/storage": // storagetest holds the store to its contract
	case b == "":
		t.Errorf("%s imports %s: the parts don't know the whole", from, to)
	case room == "pratu/server" && b == "web":
	case room == "pratu/flows" && slices.Contains(kernels, b): // Go itself forbids a circle
	case room == "pratu/flows" && slices.Contains(beside[a], b):
	default:
		t.Errorf("%s imports %s: siblings don't import each other; what both need is a kernel's, and server/web and the kernels of flows are those", from, to)
	}
}

func roomOf(path string) int {
	return slices.IndexFunc(rooms, func(room string) bool { return isBelow(path, room) })
}

func partOf(room, path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(path, room), "/"), "/")
	return first
}

func isBelow(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func goList(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
