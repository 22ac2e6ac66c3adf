package clients

import (
	"slices"
	"strings"
)

// Permissions are what an administrator lets a client ask of the directory, beyond what people let it.
const (
	PermissionRead             = "accounts.read"              // an account, with its owner's access token
	PermissionReadAny          = "accounts.read.any"          // any account, with any access token of the client's
	PermissionSearch           = "accounts.search"            // whether a contact is somebody's
	PermissionSearchUnverified = "accounts.search.unverified" // the same for contacts that nobody proved
)

// Permissions is all of them.
func Permissions() []string {
	return []string{PermissionRead, PermissionReadAny, PermissionSearch, PermissionSearchUnverified}
}

// DirectoryScope are the scopes of the Identity API, which a client that reads accounts may ask people for unless it is
// registered for less or more.
const DirectoryScope = "public_profile mobile references contacts"

// May tells whether a client has a permission. One that registered itself has none.
func (c *Client) May(permission string) bool {
	return !c.Unverified() && slices.Contains(c.Settings.Permissions, permission)
}

// ReadScopes splits the scopes of a request. Clients of old separate them by commas.
func (c *Client) ReadScopes(text string) []string {
	if c.Settings.LegacyScopes {
		text = strings.ReplaceAll(text, ",", " ")
	}
	return strings.Fields(text)
}

// readsAccounts tells whether a client is one of the Identity API's.
func (s *Settings) readsAccounts() bool {
	return slices.Contains(s.Permissions, PermissionRead) || s.LegacyClaims || s.LegacyScopes
}

// maxPurpose is how long the purpose of a client's searches may be: people read it.
const maxPurpose = 200

func (d *Document) validatePermissions(ps *Problems) {
	for _, p := range d.Settings.Permissions {
		if !slices.Contains(Permissions(), p) {
			ps.add("/settings/permissions", "setting.permission", "%q is none of %s%s", p, strings.Join(Permissions(), ", "), DidYouMean(p, Permissions()))
		}
	}
	if len(d.Settings.Permissions) > 0 && !sendsSecret(d.AuthMethod()) {
		ps.add("/settings/permissions", "setting.permission", "the directory asks for a secret, and method %s has none", d.AuthMethod())
	}
	if d.Settings.LegacyLookup && !slices.Contains(d.Settings.Permissions, PermissionSearch) {
		ps.add("/settings/legacy_lookup", "setting.legacy_lookup", "the obsolete look-up is a search: it needs the permission %s", PermissionSearch)
	}
	if text := d.Settings.SearchPurpose; !plainText(text, maxPurpose) {
		ps.add("/settings/search_purpose", "client.text", "at most %d characters, no control characters", maxPurpose)
	}
}
