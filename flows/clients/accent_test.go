package clients

import (
	"fmt"
	"testing"
)

// Whatever colour is chosen, text of it and on it can be read in both schemes; one that can be already stays as it is.
func TestAccent(t *testing.T) {
	for r := 0; r <= 255; r += 51 {
		for g := 0; g <= 255; g += 51 {
			for b := 0; b <= 255; b += 51 {
				text := fmt.Sprintf("#%02x%02x%02x", r, g, b)
				a, ok := ParseAccent(text)
				if !ok || !parseColour(a.Light).contrasts(lightSurfaces) || !parseColour(a.Dark).contrasts(darkSurfaces) {
					t.Errorf("%s: %+v", text, a)
				}
			}
		}
	}
	for text, want := range map[string]Accent{
		"#2b4aa5": {"#2b4aa5", ""}, "#000000": {"#000000", ""}, "#ffffff": {"", "#ffffff"}, "#a5bbff": {"", "#a5bbff"},
	} {
		if a, _ := ParseAccent(text); want.Light != "" && a.Light != want.Light || want.Dark != "" && a.Dark != want.Dark {
			t.Errorf("%s: %+v", text, a)
		}
	}
	// The two numbers that everybody checks a formula with.
	if c := contrast(parseColour("#ffffff"), parseColour("#000000")); c != 21 {
		t.Error(c)
	}
	if c := contrast(parseColour("#767676"), parseColour("#ffffff")); c < 4.54 || c > 4.55 {
		t.Error(c)
	}
	for _, evil := range []string{"", "red", "#fff", "#FFFFFF", "#12345g", "#123456;", "#123456\n", "url(x)", "#123456}body{display:none"} {
		if a, ok := ParseAccent(evil); ok {
			t.Errorf("%q: %+v", evil, a)
		}
	}
}
