package pages

import (
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the empty border that readers of QR codes look for, in modules (ISO/IEC 18004 section 9.1).
const quiet = 4

// qrPath draws a text as a QR code: an SVG path, and how wide the picture is. Within the page it needs no address of its
// own under which a secret could be fetched, and stays sharp.
func qrPath(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return "", 0, err
	}
	width := code.Bounds().Dx()
	black := func(x, y int) bool {
		if x >= width {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	var b strings.Builder
	for y := range width {
		for x := 0; x < width; x++ {
			from := x
			for black(x, y) {
				x++
			}
			if n := strconv.Itoa(x - from); x > from {
				b.WriteString("M" + strconv.Itoa(from+quiet) + " " + strconv.Itoa(y+quiet) + "h" + n + "v1h-" + n + "z")
			}
		}
	}
	return b.String(), width + 2*quiet, nil
}
