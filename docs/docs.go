// Package docs holds what of the documentation the program itself serves.
package docs

import _ "embed"

// IdentityOpenAPI describes the Identity API and the partner exchange (OpenAPI 3.1, YAML).
//
//go:embed openapi.yaml
var IdentityOpenAPI []byte

// GamesOpenAPI describes the game API (OpenAPI 3.1); tests hold all its answers against it.
//
//go:embed games.openapi.json
var GamesOpenAPI []byte
