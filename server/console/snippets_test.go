package console

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/server/web"
)

// Each snippet is filled with the values of the application, every kind has one, and what can be read here is read.
func TestSnippets(t *testing.T) {
	i, err := issuer.New("https://id.example.com/auth")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Web: &web.Kernel{Issuer: i}}
	seen := map[string]bool{}
	for _, k := range clients.Kinds() {
		c := &clients.Client{ID: "shop-1", Kind: k, Name: "Shop", Metadata: clients.Metadata{Scope: "openid profile"}}
		if k != clients.KindMachine {
			c.Metadata.RedirectURIs = []string{"https://shop.test/back?x=1&y=2"}
		}
		list := s.snippets(c)
		if len(list) == 0 {
			t.Errorf("kind %s has none", k)
		}
		for _, x := range list {
			seen[x.ID] = true
			if !strings.Contains(x.Code, "https://id.example.com/auth") || !strings.Contains(x.Code+x.Title, "shop-1") || strings.Contains(x.Code, "{{") {
				t.Errorf("%s: %s", x.ID, x.Code)
			}
			switch x.ID {
			case "03-go":
				compiles(t, x.Code)
			case "04-spring":
				var v map[string]any
				if err := yaml.Unmarshal([]byte(x.Code), &v); err != nil || v["spring"] == nil {
					t.Errorf("%v: %v", err, v)
				}
			}
		}
	}
	if len(seen) < 16 || len(seen) != len(shelf()) {
		t.Errorf("%d snippets", len(seen))
	}
}

// compiles has the compiler look at a program, against the libraries that we use ourselves.
func compiles(t *testing.T, code string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(code+"\nfunc main() { _, _, _ = provider(context.Background()) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Whoever registers an application writes no line of the code that an administrator copies.
func TestSnippetsAreSafe(t *testing.T) {
	i, err := issuer.New("https://id.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Web: &web.Kernel{Issuer: i}}
	for _, evil := range []string{`";process.exit()//`, "';x", "`${x}`", "$(x)", "\\u0022", "</script>", "a\nb"} {
		c := &clients.Client{ID: "shop", Kind: clients.KindWeb, Name: evil, Metadata: clients.Metadata{RedirectURIs: []string{"https://x.test/" + evil}, Scope: "openid " + evil}}
		if raw, _ := json.Marshal(s.snippets(c)); slices.ContainsFunc(s.snippets(c), func(x Snippet) bool { return strings.Contains(x.Code, evil) }) {
			t.Errorf("%q: %s", evil, raw)
		}
	}
}
