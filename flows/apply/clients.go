package apply

import (
	"context"
	"time"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// overlap is how long an older secret works beside one that a file brought.
const overlap = 24 * time.Hour

const keyClient = "client "

// clients plans the three lists of clients.
func (p *planner) clients(ctx context.Context) error {
	for _, list := range []string{Titles, Clients, Partners} {
		for _, item := range p.file.clients {
			if item.list != list || item.ClientID != "" && !p.claim(keyClient+item.ClientID, item.at) {
				continue
			}
			if err := p.client(ctx, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *planner) client(ctx context.Context, item clientItem) error {
	old, err := p.Clients.Find(ctx, item.ClientID)
	if err != nil && kind.Of(err) != kind.NotFound {
		return err
	}
	if old != nil && old.Unverified() {
		p.refuse(item.at, "client.unverified", "%s registered itself, and changes itself: an administrator can only disable or delete it", old.ID)
		return nil
	}
	doc, err := p.Clients.Judge(ctx, old, item.Document)
	if err != nil {
		return p.collect(item.at, err)
	}
	planned := &Item{List: item.list, ID: doc.ClientID, key: keyClient + doc.ClientID}
	if old == nil {
		return p.newClient(planned, item, doc)
	}
	return p.changedClient(ctx, planned, item, old, doc)
}

// shown is a document without its secrets, for a difference.
func shown(d clients.Document) clients.Document {
	d.ClientSecret, d.Settings.PartnerMobileKey = "", ""
	return d
}

func (p *planner) newClient(planned *Item, item clientItem, doc clients.Document) (err error) {
	planned.Action = Create
	if planned.Changes, err = diff(nil, shown(doc)); err != nil {
		return err
	}
	if version := doc.LogoVersion(); version != "" {
		planned.Changes = append(planned.Changes, Change{Pointer: "/logo", To: version})
	}
	p.add(planned, func(ctx context.Context, also func(context.Context) error) error {
		c, secret, err := p.Clients.CreateWith(ctx, doc, also)
		if err != nil {
			return err
		}
		if item.ClientSecret == "" {
			planned.Secret = secret
		}
		if item.Settings.PartnerMobileKey == "" {
			planned.PartnerKey = c.NewPartnerKey()
		}
		return nil
	})
	return nil
}

func (p *planner) changedClient(ctx context.Context, planned *Item, item clientItem, old *clients.Client, doc clients.Document) error {
	changes, err := p.changes(ctx, old, doc)
	if err != nil {
		return err
	}
	rotates, err := p.newSecret(ctx, item, old, doc)
	if err != nil {
		return err
	}
	documents := len(changes) > 0
	if rotates {
		changes = append(changes, Change{Pointer: "/client_secret", To: hidden})
	}
	if planned.Action, planned.Changes = Update, changes; len(changes) == 0 {
		planned.Action = Unchanged
	}
	secret := doc.ClientSecret
	doc.ClientSecret = ""
	p.add(planned, func(ctx context.Context, _ func(context.Context) error) error {
		if documents {
			c, err := p.Clients.UpdateIf(ctx, old.ID, old.UpdatedAt, func(d *clients.Document) error {
				*d = doc
				return nil
			})
			if err != nil {
				return err
			}
			if item.Settings.PartnerMobileKey == "" {
				planned.PartnerKey = c.NewPartnerKey()
			}
		}
		if !rotates {
			return nil
		}
		made, err := p.Clients.RotateSecret(ctx, old.ID, secret, overlap)
		if secret == "" {
			planned.Secret = made
		}
		return err
	})
	return nil
}

// changes is what a document changes in a client, the logo by the name of the picture in its address.
func (p *planner) changes(ctx context.Context, old *clients.Client, doc clients.Document) ([]Change, error) {
	changes, err := diff(old.Portable(), shown(doc))
	if err != nil {
		return nil, err
	}
	kept, err := p.Clients.KeepsLogo(ctx, old, doc)
	if err != nil {
		return nil, err
	}
	if !kept {
		change := Change{Pointer: "/logo", To: doc.LogoVersion()}
		if old.HasLogo {
			change.From = old.LogoVersion()
		}
		changes = append(changes, change)
	}
	kept, err = p.Clients.KeepsPartnerKey(old, doc)
	if !kept {
		changes = append(changes, Change{Pointer: "/settings/partner_mobile_key", To: hidden})
	}
	return changes, err
}

// newSecret tells whether a client needs another secret: the file's is none of those that work, or a secret is what it
// authenticates by from now on and it has none.
func (p *planner) newSecret(ctx context.Context, item clientItem, old *clients.Client, doc clients.Document) (bool, error) {
	if item.ClientSecret != "" {
		known, err := p.Clients.VerifySecret(ctx, old, item.ClientSecret)
		return !known, err
	}
	return doc.KeepsSecret() && len(old.Live(storage.At(p.Now()))) == 0, nil
}

// collect takes the problems of an error into those of the file, or hands the error on.
func (p *planner) collect(at string, err error) error {
	ps := clients.ProblemsOf(err)
	if ps == nil {
		return err
	}
	for _, x := range ps {
		x.Pointer = at + x.Pointer
		p.Problems = append(p.Problems, x)
	}
	return nil
}
