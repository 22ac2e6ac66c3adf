// Package static holds the files that pages load: the style sheet, the small scripts and pictures. server/web serves them.
package static

import "embed"

// FS is all of them, flat.
//
//go:embed *.css *.js *.svg *.png
var FS embed.FS
