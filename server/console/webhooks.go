package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/office"
	"pratu/flows/webhooks"
	"pratu/server/web"
)

// Webhooks is "console/webhooks" [url, event, description].
type Webhooks struct {
	Page
	Webhooks []WebhookRow
	Form     WebhookForm
	MayWrite bool
}

// WebhookRow is a webhook in a list.
type WebhookRow struct {
	Address, URL, Description string
	Events                    []string
	Disabled                  bool
}

// WebhookForm is what an administrator says of a webhook.
type WebhookForm struct {
	URL, Description string
	Events           []Option
}

// overlap is how long a secret that is replaced here still signs.
const overlap = 24 * time.Hour

// Webhooks is GET /admin/webhooks.
func (s *Server) Webhooks(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminWebhooks)
	if err != nil || !ok {
		return err
	}
	page, err := s.webhooksView(d, webhooks.Settings{})
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "webhooks", page)
}

func (s *Server) webhooksView(d desk, in webhooks.Settings) (*Webhooks, error) {
	list, err := s.Office.WebhookList(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Webhooks{Page: s.page(d), Form: webhookForm(in), MayWrite: d.actor.May(office.WriteWebhooks)}
	for _, x := range list {
		page.Webhooks = append(page.Webhooks, WebhookRow{
			Address: web.Inert(x.URL), URL: s.Web.Issuer.Path() + webhookPath(x.ID), Description: web.Inert(x.Description), Events: x.Events, Disabled: x.Disabled,
		})
	}
	return page, nil
}

func webhookPath(id string) string { return issuer.PathAdminWebhooks + "/" + url.PathEscape(id) }

func webhookForm(in webhooks.Settings) WebhookForm {
	f := WebhookForm{URL: in.URL, Description: in.Description}
	for _, name := range webhooks.Events() {
		f.Events = append(f.Events, Option{Value: name, Text: name, Chosen: slices.Contains(in.Events, name)})
	}
	return f
}

// readWebhook writes what was posted into settings. Whether it is on has a button of its own.
func readWebhook(in *webhooks.Settings, form url.Values) {
	in.URL, in.Description, in.Events = strings.TrimSpace(form.Get("url")), line(form.Get("description")), form["event"]
}

// WebhooksPost is POST /admin/webhooks: it answers with the secret, once.
func (s *Server) WebhooksPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminWebhooks)
	if err != nil || !ok {
		return err
	}
	var in webhooks.Settings
	readWebhook(&in, r.PostForm)
	hook, plain, err := s.Office.CreateWebhook(r.Context(), d.actor, in)
	if err == nil {
		return s.webhookSecret(d, hook, plain)
	}
	return s.again(d, "webhooks", err)(s.webhooksView(d, in))
}

// WebhookSecret is "console/webhook-secret": what answers whoever gets one, once.
type WebhookSecret struct {
	Page
	Address, URL, Secret string
}

func (s *Server) webhookSecret(d desk, hook *webhooks.Webhook, plain string) error {
	return s.show(d, http.StatusOK, "webhook-secret", &WebhookSecret{
		Page: s.page(d), Address: web.Inert(hook.URL), URL: s.Web.Issuer.Path() + webhookPath(hook.ID), Secret: plain,
	})
}

// Webhook is "console/webhook" [version, action=save and the inputs | disable | enable | rotate | test | replay with
// delivery | delete with confirm].
type Webhook struct {
	Page
	ID, Address, Version string
	CreatedAt            time.Time
	Disabled, MayWrite   bool
	Events               []string
	Form                 WebhookForm
	Deliveries           []Delivery
	OlderURL             string // "" at the end
}

// Delivery is what a webhook was told, or is to be told.
type Delivery struct {
	ID, Event, State, Error string
	Attempts                int
	At                      time.Time
	Again                   bool // it can be sent once more
}

// Webhook is GET /admin/webhooks/{webhook}.
func (s *Server) Webhook(w http.ResponseWriter, r *http.Request) error {
	d, hook, ok, err := s.hook(w, r)
	if err != nil || !ok {
		return err
	}
	page, err := s.webhookView(d, hook, hook.Settings)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "webhook", page)
}

// hook is the webhook that a page is about.
func (s *Server) hook(w http.ResponseWriter, r *http.Request) (desk, *webhooks.Webhook, bool, error) {
	d, ok, err := s.enter(w, r, issuer.PathAdminWebhooks)
	if err != nil || !ok {
		return d, nil, false, err
	}
	hook, err := s.Office.Webhook(r.Context(), d.actor, r.PathValue("webhook"))
	return d, hook, err == nil, err
}

func (s *Server) webhookView(d desk, hook *webhooks.Webhook, in webhooks.Settings) (*Webhook, error) {
	var after webhooks.Cursor
	after.At, after.ID = before(d.r)
	list, next, err := s.Office.Deliveries(d.r.Context(), d.actor, hook.ID, after, pageSize)
	if err != nil {
		return nil, err
	}
	page := &Webhook{
		Page: s.page(d), ID: hook.ID, Address: web.Inert(hook.URL), Version: strconv.FormatInt(int64(hook.UpdatedAt), 10), CreatedAt: hook.CreatedAt,
		Disabled: hook.Disabled, MayWrite: d.actor.May(office.WriteWebhooks), Events: hook.Events, Form: webhookForm(in),
	}
	for _, x := range list {
		page.Deliveries = append(page.Deliveries, Delivery{
			ID: x.ID, Event: x.Event, State: string(x.State), Error: web.Inert(x.LastError), Attempts: int(x.Attempts), At: x.CreatedAt,
			Again: page.MayWrite && !hook.Disabled && x.State != webhooks.Waiting,
		})
	}
	if next.At > 0 {
		page.OlderURL = page.Action + "?" + url.Values{"before": {strconv.FormatInt(int64(next.At), 10) + "." + next.ID}}.Encode()
	}
	return page, nil
}

// WebhookPost is POST /admin/webhooks/{webhook}.
func (s *Server) WebhookPost(w http.ResponseWriter, r *http.Request) error {
	d, hook, ok, err := s.hook(w, r)
	if err != nil || !ok {
		return err
	}
	ctx, version, notice, in := r.Context(), versionOf(r), "saved", hook.Settings
	change := func(change func(*webhooks.Settings)) error {
		_, err := s.Office.ChangeWebhook(ctx, d.actor, hook.ID, version, func(x *webhooks.Settings) error { change(x); return nil })
		return err
	}
	switch action := r.PostForm.Get("action"); action {
	case "disable", "enable":
		notice, err = action+"d", change(func(x *webhooks.Settings) { x.Disabled = action == "disable" })
	case "rotate":
		var plain string
		if plain, err = s.Office.RotateWebhookSecret(ctx, d.actor, hook.ID, overlap); err == nil {
			return s.webhookSecret(d, hook, plain)
		}
	case "test":
		notice = "webhook_tested"
		_, err = s.Office.TestWebhook(ctx, d.actor, hook.ID)
	case "replay":
		notice, err = "delivery_replayed", s.Office.ReplayDelivery(ctx, d.actor, hook.ID, r.PostForm.Get("delivery"))
	case "delete":
		if err = confirmed(r, "confirm"); err == nil {
			err = s.Office.DeleteWebhook(ctx, d.actor, hook.ID, version)
		}
		if err == nil {
			return s.done(d, issuer.PathAdminWebhooks, "deleted")
		}
	default:
		readWebhook(&in, r.PostForm)
		err = change(func(x *webhooks.Settings) { readWebhook(x, r.PostForm) })
	}
	if err == nil {
		return s.done(d, d.here, notice)
	}
	return s.again(d, "webhook", err)(s.webhookView(d, hook, in))
}
