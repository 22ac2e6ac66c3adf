package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/apply"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/codes"
	"pratu/flows/connectors"
	"pratu/flows/directory"
	"pratu/flows/keys"
	"pratu/flows/limits"
	"pratu/flows/logout"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
	"pratu/flows/partner"
	"pratu/flows/passkeys"
	"pratu/flows/passwords"
	"pratu/flows/players"
	"pratu/flows/record"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/flows/sms"
	"pratu/flows/social"
	"pratu/flows/webhooks"
	"pratu/server"
	"pratu/server/adminapi"
	"pratu/server/console"
	"pratu/server/game"
	"pratu/server/identity"
	"pratu/server/oauth"
	"pratu/server/pages"
	"pratu/server/web"
	"pratu/static"
	"pratu/storage"
	"pratu/templates"
)

// tools are the flows of one process, put together. Commands and servers use the same.
type tools struct {
	ctx      context.Context
	cfg      *Config
	log      *slog.Logger
	now      func() time.Time
	store    *storage.Store
	keyring  *secret.Keyring
	audit    *audit.Log
	chain    *record.Chain
	limiter  *limits.Limiter
	custody  keys.Sealed
	keys     *keys.Service
	clients  *clients.Service
	register *clients.Registrar
	signin   *signin.Service
	accounts *accounts.Service
	codes    *codes.Service
	passkeys *passkeys.Service
	social   *social.Service
	players  *players.Service
	office   *office.Service
	apply    *apply.Service
	outbox   *outbox.Outbox
	renderer letters

	logout    *logout.Service
	farewells *outbox.Outbox
	webhooks  *webhooks.Service
	apiKeys   *clients.APIKeys
	presence  *directory.Presence
}

// build opens the database and puts the flows together. Reading it from top to bottom tells what needs what.
func (a *app) build(ctx context.Context, c *Config, log *slog.Logger) (*tools, error) {
	keyring, err := secret.NewKeyring(c.key, c.older...)
	if err != nil {
		return nil, err
	}
	renderer := letters(sync.OnceValues(func() (*web.Renderer, error) { return web.New(templates.FS, static.FS, c.issuer.Path()) }))
	sender, err := mail.Open(c.Mail, log)
	if err != nil {
		return nil, err
	}
	texts, err := sms.Open(c.SMS, sms.Webhook{
		Body: c.SMSBody, Authorization: c.SMSAuthorization, Client: c.outbound(outbound.Options{}),
	}, log)
	if err != nil {
		return nil, err
	}
	store, err := storage.Open(ctx, storage.Options{URL: c.DatabaseURL, MaxConns: c.DatabaseMaxConns})
	if err != nil {
		return nil, fmt.Errorf("the database can't be opened (%s): is PRATU_DATABASE_URL right, and is the database running?", scrub(err.Error()))
	}
	t := &tools{ctx: ctx, cfg: c, log: log, now: a.now, store: store, keyring: keyring, renderer: renderer}
	t.audit = &audit.Log{Store: store, Now: a.now}
	t.chain = &record.Chain{Store: store, Keyring: keyring, Keep: c.AuditRetention, Now: a.now}
	t.limiter = &limits.Limiter{Store: store, Keyring: keyring, Now: a.now, Overrides: c.limits}
	t.custody = keys.Sealed{Keyring: keyring}
	t.keys = &keys.Service{Store: store, Custody: t.custody, Audit: t.audit, Now: a.now}
	hasher := passwords.New(passwords.Default)
	t.clients = &clients.Service{
		Store: store, Hasher: hasher, Audit: clientRecorder{t.audit}, Keyring: keyring, Now: a.now,
		Fetch: c.outbound(outbound.Options{}), FrontChannelTokens: c.EnableFrontChannelTokens,
		BuiltIn: clients.Console(c.issuer, !c.local()),
	}
	if c.ClientIDMetadata {
		t.clients.Documents = &clients.Documents{Fetch: t.clients.Fetch, Limiter: t.limiter, Now: a.now}
	}
	t.register = &clients.Registrar{
		Clients: t.clients, Store: store, Limiter: t.limiter, Guard: c.Registration, RequirePKCE: c.RegistrationRequirePKCE,
	}
	t.apiKeys = &clients.APIKeys{Clients: t.clients, Store: store}
	t.presence = &directory.Presence{Store: store, Logger: log, Now: a.now}
	t.clients.Used = t.presence.SecretUsed
	t.signin = &signin.Service{Store: store, Keyring: keyring, Hasher: hasher, Limiter: t.limiter, Audit: t.audit, Now: a.now}
	t.outbox = &outbox.Outbox{Store: store, Keyring: keyring, Now: a.now, Logger: log}
	mails := &mail.Service{Outbox: t.outbox, Renderer: renderer, Sender: sender, From: c.MailFrom, Now: a.now}
	phones := &sms.Service{Outbox: t.outbox, Renderer: renderer, Sender: texts}
	t.outbox.Handlers = map[string]outbox.Handler{mail.Kind: mails.Deliver, sms.Kind: phones.Deliver}
	t.farewells = &outbox.Outbox{Store: store, Keyring: keyring, Now: a.now, Logger: log, Lane: logout.Lane, Parallel: logout.Parallel}
	t.logout = &logout.Service{
		Store: store, Outbox: t.farewells, Clients: t.clients, Keys: t.keys, Issuer: c.issuer, Now: a.now,
		Outbound: c.outbound(outbound.Options{Timeout: logout.AnswerTime, MaxBytes: 64 << 10}),
	}
	t.farewells.Handlers = map[string]outbox.Handler{logout.Kind: t.logout.Deliver}
	store.Tell = t.logout.Queue
	t.codes = &codes.Service{
		Store: store, Keyring: keyring, Limiter: t.limiter, Mail: mails, SMS: phones, Issuer: c.issuer, Product: web.Product, Now: a.now,
	}
	t.signin.Codes = t.codes
	t.accounts = &accounts.Service{
		Store: store, Keyring: keyring, Hasher: hasher, Limiter: t.limiter, Audit: t.audit, Mail: mails, Codes: t.codes,
		Issuer: c.issuer, Product: web.Product, Now: a.now,
	}
	t.signin.News = t.accounts
	t.social = &social.Service{
		Store: store, Keyring: keyring, Accounts: t.accounts, Limiter: t.limiter, Audit: t.audit, Issuer: c.issuer, Hosts: c.hosts, Now: a.now,
		Connectors: &connectors.Service{Store: store, Keyring: keyring, Audit: t.audit, Now: a.now, Local: c.local(), Logger: log, BuiltIn: c.builtIn},
		Outbound:   c.outbound(outbound.Options{Timeout: social.AnswerTime}),
	}
	t.players = &players.Service{
		Store: store, Keyring: keyring, Clients: t.clients, Keys: t.keys, Accounts: t.accounts, Signin: t.signin, Limiter: t.limiter,
		Social: t.social, Audit: t.audit, Issuer: c.issuer, Now: a.now, DefaultTitle: c.GameDefaultTitle, Expose: c.ExposeVerificationSecret,
	}
	t.webhooks = &webhooks.Service{
		Store: store, Keyring: keyring, Audit: t.audit, Now: a.now, Local: c.local(),
		Outbox:   &outbox.Outbox{Store: store, Keyring: keyring, Now: a.now, Logger: log, Lane: webhooks.Lane, Parallel: webhooks.Parallel},
		Outbound: c.outbound(outbound.Options{Timeout: webhooks.AnswerTime, MaxBytes: webhooks.MaxAnswer}),
	}
	t.webhooks.Outbox.Handlers = map[string]outbox.Handler{webhooks.Kind: t.webhooks.Deliver}
	t.chain.Sealed = t.webhooks.Queue
	t.office = &office.Service{
		Store: store, Clients: t.clients, Accounts: t.accounts, Keys: t.keys, Keyring: keyring, Audit: t.audit, Chain: t.chain, Webhooks: t.webhooks, Now: a.now,
		Connectors: t.social.Connectors, Players: t.players, APIKeys: t.apiKeys, Registrar: t.register, Bindings: t.directory(nil),
	}
	t.apply = &apply.Service{Store: store, Clients: t.clients, Connectors: t.social.Connectors, Office: t.office, Now: a.now}
	t.passkeys, err = passkeys.New(passkeys.Options{
		Issuer: c.issuer, RPID: c.RPID, Product: web.Product, Store: store, Keyring: keyring, Limiter: t.limiter, Audit: t.audit,
		Accounts: t.accounts, Now: a.now,
	})
	return t, err
}

func (t *tools) close() { _ = t.store.Close() }

// handler is everything that the public listener answers.
func (t *tools) handler(metrics *prometheus.Registry, dev bool) (http.Handler, error) {
	kernel := &web.Kernel{
		Issuer: t.cfg.issuer, Keyring: t.keyring, Logger: t.log, Metrics: web.NewMetrics(metrics),
		Now: t.now, Proxies: t.cfg.proxies, ExtraHosts: t.cfg.ExtraHosts, Dev: dev,
		SessionManagement: t.cfg.SessionManagement, APIs: t.cfg.apis(),
	}
	renderer, err := t.renderer()
	if err != nil {
		return nil, err
	}
	kernel.Renderer = renderer
	flow, provider := t.protocol()
	metadata, err := provider.Metadata(web.Locales[:], []string{signin.ACRSingle, signin.ACRMulti})
	if err != nil {
		return nil, err
	}
	mailDir := ""
	if dev {
		mailDir, _ = strings.CutPrefix(t.cfg.Mail, "file:")
	}
	people, trying := t.directory(provider), t.trials(provider)
	protocol := &oauth.Server{
		Provider: provider, Authorize: flow, Clients: t.clients, Registrar: t.register, Signin: t.signin, Farewells: t.logout, Keys: t.keys, Web: kernel,
		Metrics: oauth.NewMetrics(metrics), Metadata: metadata, Now: t.now,
	}
	return server.Handler(server.Deps{
		Web: kernel,
		Identity: &identity.Server{
			Directory: people, PartnerPath: t.cfg.PartnerTokenPath,
			Partner: &partner.Service{Store: t.store, Keyring: t.keyring, Clients: t.clients, Provider: provider, Audit: t.audit, Now: t.now},
			Metrics: identity.NewMetrics(metrics), Issuer: t.cfg.issuer, Prefixes: t.cfg.partner,
			Base: t.cfg.IdentityAPIBasePath, LookupPath: t.cfg.IdentityAPILookupPath, Now: t.now,
		},
		OAuth: protocol,
		Console: &console.Server{
			Web: kernel, Signin: t.signin, Office: t.office, People: t.accounts,
			Document: func() ([]byte, error) { return adminapi.OpenAPI(t.cfg.issuer) }, Trials: trying, Settings: t.cfg.runningSettings, Second: !t.cfg.local(), Now: t.now,
		},
		API: &adminapi.Server{Web: kernel, Office: t.office, Provider: provider, Trials: trying, Settings: t.cfg.runningSettings, Now: t.now},
		Pages: &pages.Server{
			Web: kernel, Signin: t.signin, Accounts: t.accounts, Passkeys: t.passkeys, Social: t.social, Authorize: flow, Farewells: t.logout, Directory: people, Answers: protocol,
			MailDir: mailDir, Now: t.now,
		},
		Game: &game.Server{Players: t.players, Provider: provider, Web: kernel},
	}), nil
}

// withStore runs a command on the database as it is; withTools brings the schema up to date before, so that a command
// works before the first start of a server.
func (a *app) withStore(cmd *cobra.Command, run func(t *tools) error) error {
	c, ps := a.loadExisting(cmd)
	if err := ps.err(); err != nil {
		return err
	}
	return a.on(cmd.Context(), c, run)
}

func (a *app) on(ctx context.Context, c *Config, run func(t *tools) error) error {
	t, err := a.build(ctx, c, newLogger(c, a.stderr))
	if err != nil {
		return err
	}
	defer t.close()
	return run(t)
}

func (a *app) withTools(cmd *cobra.Command, run func(t *tools) error) error {
	return a.withStore(cmd, func(t *tools) error {
		current, latest, err := t.store.MigrationStatus(t.ctx)
		switch {
		case err != nil:
			return newerSchema(err)
		case current < latest && !t.cfg.AutoMigrate:
			return fmt.Errorf("the database has schema %d and this program needs %d: run pratu migrate up, or set auto_migrate", current, latest)
		case current < latest:
			if _, err := t.store.Migrate(t.ctx); err != nil {
				return newerSchema(err)
			}
			if current == 0 {
				a.sayNew(t.cfg)
			}
		}
		// A secret key that isn't the database's is refused before something is sealed under it that no server can open.
		if err := keysUnreadable(t.keys.Refresh(t.ctx)); err != nil {
			return err
		}
		t.ctx = audit.Acting(t.ctx, audit.CLI, "") // whatever flows a command goes through
		return run(t)
	})
}

func keysUnreadable(err error) error {
	if !errors.Is(err, secret.ErrSealed) {
		return err
	}
	return fmt.Errorf("the signing keys can't be opened (%w): give the secret key they were sealed with as PRATU_SECRET_KEY or PRATU_SECRET_KEY_PREVIOUS", err)
}

// clientRecorder writes what commands do to clients, and what clients do to themselves, into the audit record.
type clientRecorder struct{ log *audit.Log }

// Client records a change of a client.
func (r clientRecorder) Client(ctx context.Context, event, clientID string, itself bool, details map[string]any) error {
	e := audit.Event{Name: event, ActorKind: audit.CLI, ClientID: clientID, Details: details}
	if itself {
		e.ActorKind, e.ActorID = audit.Client, clientID
	}
	return r.log.Append(ctx, e)
}
