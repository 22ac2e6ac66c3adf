package apply

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/storage"
)

// prune plans what becomes of things that an earlier file of the part made and this one hasn't: clients and connectors are
// disabled, roles revoked. What somebody made by hand stays, and so does a title that has players.
func (p *planner) prune(ctx context.Context) error {
	if !p.Prune {
		return nil
	}
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(p.made))) { // roles before the clients that they are about
		if _, kept := p.keys[key]; kept || p.made[key] != p.Part {
			continue
		}
		of, id, _ := strings.Cut(key, " ")
		var err error
		switch of + " " {
		case keyClient:
			err = p.pruneClient(ctx, id)
		case keyConnector:
			err = p.pruneConnector(ctx, id)
		case keyRole:
			err = p.pruneRole(ctx, key, id)
		}
		if err != nil && kind.Of(err) != kind.NotFound { // what is gone already
			return err
		}
	}
	return nil
}

func (p *planner) pruneClient(ctx context.Context, id string) error {
	c, err := p.Clients.Find(ctx, id)
	if err != nil || c.Disabled() {
		return err
	}
	list := Clients
	if c.Kind == clients.KindGame {
		list = Titles
		played, err := p.Store.HasPlayers(ctx, id)
		if err != nil {
			return err
		}
		if played {
			p.refuse("/titles", "apply.played", "%s has players and isn't in the file: put it there, or disable it by hand", id)
			return nil
		}
	}
	p.disabled(list, keyClient, id, func(ctx context.Context) error {
		_, err := p.Clients.UpdateIf(ctx, id, c.UpdatedAt, func(d *clients.Document) error {
			d.Disabled = true
			return nil
		})
		return err
	})
	return nil
}

func (p *planner) pruneConnector(ctx context.Context, id string) error {
	c, err := p.Connectors.Find(ctx, id)
	if err != nil || c.Disabled() {
		return err
	}
	p.disabled(Connectors, keyConnector, id, func(ctx context.Context) error {
		_, err := p.Connectors.Update(ctx, id, func(d *connectors.Document) error {
			d.Disabled = true
			return nil
		})
		return err
	})
	return nil
}

func (p *planner) disabled(list, of, id string, write func(ctx context.Context) error) {
	p.add(&Item{List: list, ID: id, Action: Disable, Changes: []Change{{Pointer: "/disabled", To: true}}, key: of + id},
		func(ctx context.Context, _ func(context.Context) error) error { return write(ctx) })
}

// pruneRole revokes a role. Whose account is gone has none.
func (p *planner) pruneRole(ctx context.Context, key, id string) error {
	words := strings.SplitN(id, "/", 3)
	ssoid, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || len(words) < 2 {
		return nil //nolint:nilerr // no key of ours
	}
	r := office.Role{Name: words[1]}
	if len(words) == 3 {
		r.Title = words[2]
	}
	account, err := p.Store.AccountBySSOID(ctx, ssoid)
	if err != nil {
		return err
	}
	now, err := p.Office.Of(ctx, account.ID)
	if err != nil || !slices.Contains(now.Roles, r.Name) || r.Title != "" && !slices.Contains(now.Titles, r.Title) {
		return err
	}
	p.add(&Item{List: Roles, ID: id, Action: Revoke, key: key}, func(ctx context.Context, _ func(context.Context) error) error {
		return p.Store.InTx(ctx, func(ctx context.Context) error {
			if err := p.Office.Revoke(ctx, office.Host(), account.ID, r); err != nil {
				return err
			}
			return p.Store.DropApplied(ctx, key)
		})
	})
	return nil
}

// owners refuses to leave nobody who owns the installation. Revoke does so too, when other things are written already.
func (p *planner) owners(ctx context.Context) error {
	left, revoked := map[string]bool{}, false
	holders, err := p.Office.Holders(ctx, office.Host())
	if err != nil {
		return err
	}
	for _, h := range holders {
		if slices.Contains(h.Roles, office.Owner) && h.Status == storage.StatusActive {
			left[roleID(h.SSOID, office.Role{Name: office.Owner})] = true
		}
	}
	for _, item := range p.Items {
		if _, name, _ := strings.Cut(item.ID, "/"); item.List != Roles || name != office.Owner {
			continue
		}
		if item.Action != Revoke {
			left[item.ID] = true
			continue
		}
		revoked = true
		delete(left, item.ID)
	}
	if revoked && len(left) == 0 {
		p.refuse("/roles", "role.last_owner", "there has to be an owner: name somebody in the file first")
	}
	return nil
}
