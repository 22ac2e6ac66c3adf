package oidc

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/authorize"
	"pratu/storage"
)

// deviceNames are what an application says of the device that somebody signs in on. Nothing is decided by them: they are
// a list for the account's owner, and a claim for who asked.
var deviceNames = []string{"device_id", "device_model"}

// maxDeviceName bounds both.
const maxDeviceName = 128

func checkNamedDevice(params url.Values) error {
	for _, name := range deviceNames {
		text := params.Get(name)
		if utf8.RuneCountInString(text) > maxDeviceName || strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
			return refuse(InvalidRequest, name+" has at most 128 characters and no control characters")
		}
	}
	return nil
}

func copyDevice(to, from url.Values) {
	for _, name := range deviceNames {
		if v := from.Get(name); v != "" {
			to.Set(name, v)
		}
	}
}

// signedIn notes by which channel, and on which device, an application was given somebody.
func (p *Provider) signedIn(r *Request, s authorize.Session) {
	if p.Presence == nil {
		return
	}
	p.Presence.SignedIn(s.AccountID, r.Client.Channel(), storage.AccountDevice{
		DeviceID: r.Params.Get("device_id"), Model: r.Params.Get("device_model"), ClientID: r.Client.ID,
	})
}
