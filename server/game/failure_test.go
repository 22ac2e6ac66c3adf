package game

import (
	"os"
	"strings"
	"testing"

	"pratu/docs"
)

// Every code that a game can meet is in the two descriptions.
func TestCodesAreDescribed(t *testing.T) {
	guide, err := os.ReadFile("../../docs/games.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{"weak_password": true, "too_large": true, "unsupported_media_type": true}
	for _, f := range failures {
		codes[f.code] = true
	}
	for code := range codes {
		if !strings.Contains(string(guide), "`"+code+"`") {
			t.Errorf("docs/games.md doesn't have %s", code)
		}
		if !strings.Contains(string(docs.GamesOpenAPI), `"`+code+`"`) {
			t.Errorf("the OpenAPI document doesn't have %s", code)
		}
	}
}
