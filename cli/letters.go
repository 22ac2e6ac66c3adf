package cli

import (
	"pratu/flows/sms"
	"pratu/server/web"
)

// letters renders mails and texts by templates that are parsed at the first: that takes as long as all the rest of a command,
// and most commands write to nobody.
type letters func() (*web.Renderer, error)

// Mail implements mail.Renderer.
func (l letters) Mail(name, locale string, data any) (subject, text, html string, err error) {
	r, err := l()
	if err != nil {
		return "", "", "", err
	}
	return r.Mail(name, locale, data)
}

// SMS implements sms.Renderer.
func (l letters) SMS(m sms.Message) (string, error) {
	r, err := l()
	if err != nil {
		return "", err
	}
	return r.SMS(m)
}
