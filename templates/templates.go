// Package templates holds what people read: pages, mails and messages. It owns no code; server/web renders them.
package templates

import "embed"

// FS has layout.html and parts.html, pages/*.html, mails/* and messages/*.json.
//
//go:embed layout.html parts.html pages mails messages
var FS embed.FS
