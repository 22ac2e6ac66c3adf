package apply

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/storage"
)

const keyRole = "role "

// roleID names a role of an account, and is the rest of its key.
func roleID(ssoid int64, r office.Role) string {
	id := strconv.FormatInt(ssoid, 10) + "/" + r.Name
	if r.Title != "" {
		id += "/" + r.Title
	}
	return id
}

func (p *planner) roles(ctx context.Context) error {
	for _, item := range p.file.roles {
		if err := p.role(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) role(ctx context.Context, item roleItem) error {
	r := office.Role{Name: item.Role.Role, Title: item.Title}
	switch {
	case !slices.Contains(office.Roles(), r.Name):
		p.refuse(item.at+"/role", "role.unknown", "%q is none of %s%s", r.Name, strings.Join(office.Roles(), ", "), clients.DidYouMean(r.Name, office.Roles()))
		return nil
	case (r.Name == office.TitleOwner) != (r.Title != ""):
		p.refuse(item.at+"/title", "role.title", "%s names a title, and no other role does", office.TitleOwner)
		return nil
	}
	if known, err := p.titleKnown(ctx, r.Title); err != nil || !known {
		if err == nil {
			p.refuse(item.at+"/title", "role.title", "%q is no title, neither here nor in the file", r.Title)
		}
		return err
	}
	account, err := p.Office.Named(ctx, office.Host(), item.Account)
	if kind.Is(err, "account.unknown") {
		p.refuse(item.at+"/account", "account.unknown", "there is no such account: people sign up, or pratu account create")
		return nil
	}
	if err != nil {
		return err
	}
	planned := &Item{List: Roles, ID: roleID(account.SSOID, r), Action: Create, key: keyRole + roleID(account.SSOID, r)}
	if !p.claim(planned.key, item.at) {
		return nil
	}
	now, err := p.Office.Of(ctx, account.ID)
	if err != nil {
		return err
	}
	if slices.Contains(now.Roles, r.Name) && (r.Title == "" || slices.Contains(now.Titles, r.Title)) {
		planned.Action = Unchanged
	} else if account.Status != storage.StatusActive {
		p.refuse(item.at+"/account", "account.disabled", "the account is disabled, or is being deleted")
		return nil
	}
	p.add(planned, func(ctx context.Context, also func(context.Context) error) error {
		return p.Store.InTx(ctx, func(ctx context.Context) error {
			if err := p.Office.Grant(ctx, office.Host(), account.ID, r); err != nil {
				return err
			}
			return also(ctx)
		})
	})
	return nil
}

// titleKnown tells whether a role can be about a title: one that is there, or is made before.
func (p *planner) titleKnown(ctx context.Context, id string) (bool, error) {
	if id == "" || slices.ContainsFunc(p.file.clients, func(c clientItem) bool { return c.ClientID == id && c.Kind == clients.KindGame }) {
		return true, nil
	}
	c, err := p.Clients.Find(ctx, id)
	if err != nil && kind.Of(err) == kind.NotFound {
		return false, nil
	}
	return err == nil && c.Kind == clients.KindGame, err
}
