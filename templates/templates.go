// Package templates holds what people read: pages, mails and messages. It owns no code; server/web renders them.
package templates

import "embed"

// FS has layout.html, parts.html and console.html, pages/*.html, console/*.html, snippets/*, mails/* and messages/*.json.
//
//go:embed layout.html parts.html console.html pages console snippets mails messages
var FS embed.FS
