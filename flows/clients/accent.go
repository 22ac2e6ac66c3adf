package clients

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Accent is the colour of a client on our pages: as it is readable in the light and in the dark scheme.
type Accent struct{ Light, Dark string }

var hexColour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// Surfaces of static/style.css that the accent stands on, and that stand on it: --sheet, --ground and --wash of each scheme,
// and --on-accent.
var (
	lightSurfaces = []colour{parseColour("#ffffff"), parseColour("#f5f7fb"), parseColour("#e9eefb")}
	darkSurfaces  = []colour{parseColour("#141b2d"), parseColour("#0d1220"), parseColour("#1e2947"), parseColour("#0c1738")}
)

// minContrast is that of text (WCAG 2.2, 1.4.3 AA); what isn't text needs less.
const minContrast = 4.5

// ParseAccent reads #rrggbb and moves it towards black, or white, until text of that colour and on it can be read.
func ParseAccent(text string) (Accent, bool) {
	if !hexColour.MatchString(text) {
		return Accent{}, false
	}
	c := parseColour(text)
	return Accent{c.until(lightSurfaces, colour{}).String(), c.until(darkSurfaces, colour{255, 255, 255}).String()}, true
}

// Accent is the client's colour, if it has one. One that nobody vetted looks like all others.
func (c *Client) Accent() (Accent, bool) {
	if c.Unverified() {
		return Accent{}, false
	}
	return ParseAccent(c.Settings.AccentColor)
}

// colour is red, green and blue, 0 to 255.
type colour [3]float64

func parseColour(text string) (c colour) {
	for i := range c {
		n, err := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err) // it was matched
		}
		c[i] = float64(n)
	}
	return c
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

// until goes towards a colour in small steps, until all surfaces contrast.
func (c colour) until(surfaces []colour, end colour) colour {
	const steps = 100
	for step := range steps + 1 {
		var mixed colour
		for i := range c {
			mixed[i] = math.Round(c[i] + (end[i]-c[i])*float64(step)/steps)
		}
		if mixed.contrasts(surfaces) {
			return mixed
		}
	}
	return end
}

func (c colour) contrasts(surfaces []colour) bool {
	for _, s := range surfaces {
		if contrast(c, s) < minContrast {
			return false
		}
	}
	return true
}

// contrast is that of two colours (WCAG 2.2, contrast ratio).
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative one (WCAG 2.2).
func (c colour) luminance() float64 {
	var linear [3]float64
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			linear[i] = v / 12.92
		} else {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}
