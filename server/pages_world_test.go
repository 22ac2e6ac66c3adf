package server_test

import (
	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/authorize"
	"pratu/flows/codes"
	"pratu/flows/issuer"
	"pratu/flows/mail"
	"pratu/flows/outbox"
	"pratu/flows/sms"
	"pratu/server/pages"
	"pratu/server/web"
)

// pages are the real ones; their mails wait in the outbox.
func (w *world) pages(i issuer.Issuer, kernel *web.Kernel, flow *authorize.Service, record *audit.Log) *pages.Server {
	box := &outbox.Outbox{Store: w.store, Keyring: w.ring, Now: w.now}
	mails := &mail.Service{Outbox: box, Renderer: kernel.Renderer, From: "Pratu <no-reply@op.test>", Now: w.now}
	sender, err := sms.Open("file:"+w.t.TempDir(), sms.Webhook{}, kernel.Logger)
	must(w.t, err)
	people := &accounts.Service{
		Store: w.store, Keyring: w.ring, Hasher: w.hasher, Limiter: w.limiter, Audit: record, Issuer: i, Product: web.Product,
		Mail: mails, Now: w.now,
		Codes: &codes.Service{
			Store: w.store, Keyring: w.ring, Limiter: w.limiter, Mail: mails, SMS: &sms.Service{Outbox: box, Renderer: kernel.Renderer, Sender: sender},
			Issuer: i, Product: web.Product, Now: w.now,
		},
	}
	w.signin.News = people
	return &pages.Server{Web: kernel, Signin: w.signin, Authorize: flow, Accounts: people, Now: w.now}
}
