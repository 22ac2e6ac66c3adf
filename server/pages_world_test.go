package server_test

import (
	"context"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/authorize"
	"pratu/flows/codes"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/mail"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
	"pratu/flows/passkeys"
	"pratu/flows/sms"
	"pratu/flows/social"
	"pratu/server/pages"
	"pratu/server/web"
)

// noPhone makes numbers reachable; texts wait in the outbox as mails do.
type noPhone struct{}

func (noPhone) Send(context.Context, sms.Text) error { return nil }

// pages are the real ones; their mails wait in the outbox.
func (w *world) pages(i issuer.Issuer, kernel *web.Kernel, flow *authorize.Service, record *audit.Log) *pages.Server {
	box := &outbox.Outbox{Store: w.store, Keyring: w.ring, Now: w.now}
	mails := &mail.Service{Outbox: box, Renderer: kernel.Renderer, From: "Pratu <no-reply@op.test>", Now: w.now}
	texts := &sms.Service{Outbox: box, Renderer: kernel.Renderer, Sender: noPhone{}}
	people := &accounts.Service{
		Store: w.store, Keyring: w.ring, Hasher: w.hasher, Limiter: w.limiter, Audit: record, Issuer: i, Product: web.Product,
		Mail: mails, Now: w.now,
		Codes: &codes.Service{
			Store: w.store, Keyring: w.ring, Limiter: w.limiter, Mail: mails, SMS: texts,
			Issuer: i, Product: web.Product, Now: w.now,
		},
	}
	w.signin.News, w.signin.Codes = people, people.Codes
	keys, err := passkeys.New(passkeys.Options{
		Issuer: i, Product: web.Product, Store: w.store, Keyring: w.ring, Limiter: w.limiter, Audit: record, Accounts: people, Now: w.now,
	})
	must(w.t, err)
	w.connectors = &connectors.Service{Store: w.store, Keyring: w.ring, Audit: record, Now: w.now, Local: true}
	w.social = &social.Service{
		Store: w.store, Keyring: w.ring, Connectors: w.connectors, Accounts: people, Limiter: w.limiter, Audit: record, Issuer: i, Now: w.now,
		Outbound: outbound.New(outbound.Options{Development: true, Timeout: social.AnswerTime}),
	}
	w.people = people
	return &pages.Server{Web: kernel, Signin: w.signin, Social: w.social, Authorize: flow, Farewells: w.logout, Accounts: people, Passkeys: keys, Directory: w.directory, Now: w.now}
}
