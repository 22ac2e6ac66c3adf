package pages

import (
	"pratu/flows/accounts"
	"pratu/flows/contact"
	"pratu/server/web"
)

// name is what a page calls somebody: the display name, else what they sign in with, masked.
func name(a *accounts.Account) string {
	if n := web.Inert(a.DisplayName()); n != "" {
		return n
	}
	return masked(a)
}

// person is name, and what they sign in with where the name isn't that already.
func person(a *accounts.Account) (called, identifier string) {
	called, identifier = name(a), masked(a)
	if called == identifier {
		identifier = ""
	}
	return called, identifier
}

// masked is what somebody signs in with, recognisable to them and of no use to others.
func masked(a *accounts.Account) string {
	text := a.Identifier()
	if text == "" {
		return ""
	}
	c, err := contact.Parse(text)
	if err != nil { // accepted when it was written, by rules that were changed since
		return contact.Mask(contact.Contact{Kind: contact.Phone, Value: text})
	}
	return contact.Mask(c)
}
