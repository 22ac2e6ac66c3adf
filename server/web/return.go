package web

import (
	"net/url"
	"slices"
	"strings"
)

// The labels keep sealed targets apart from everything else that is sealed, and from each other: anybody can have an
// address below our origin sealed by looking at a page there, //evil.test for one, and must not be led there by a sign-out.
const (
	returnLabel = "return"
	localLabel  = "local-return"
)

// SealReturn makes a target that a browser may carry around without being able to change it.
func (k *Kernel) SealReturn(target string) string {
	return k.Keyring.Seal(returnLabel, []byte(target), "")
}

// OpenReturn is the opposite; anything that we didn't seal is refused.
func (k *Kernel) OpenReturn(text string) (string, bool) {
	if text == "" {
		return "", false
	}
	target, err := k.Keyring.Open(returnLabel, text, "")
	return string(target), err == nil
}

func dots(segment string) bool { return segment == "." || segment == ".." }

// SealLocal makes an address of ours that a page doesn't show. Only LocalReturn opens it.
func (k *Kernel) SealLocal(path string) string { return k.Keyring.Seal(localLabel, []byte(path), "") }

// LocalReturn is the URL of a path of ours that a browser asks to be brought back to, with its query, sealed or not.
// Everything that a browser could read as another site's is refused: //evil, /\evil, a scheme, controls (browsers drop tabs and newlines);
// and what it would take for another application's beside ours: dots, however they are written.
func (k *Kernel) LocalReturn(path string) (string, bool) {
	if sealed, err := k.Keyring.Open(localLabel, path, ""); err == nil {
		path = string(sealed)
	}
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(r rune) bool {
		return r <= ' ' || r == '\\' || r == 0x7F
	}) {
		return "", false
	}
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.EscapedPath(), k.Issuer.Path()+"/") ||
		strings.HasPrefix(u.Path, "//") || slices.ContainsFunc(strings.Split(u.Path, "/"), dots) {
		return "", false
	}
	u.Fragment = ""
	return k.Issuer.Origin() + u.String(), true
}
