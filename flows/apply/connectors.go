package apply

import (
	"context"
	"errors"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/kind"
)

const keyConnector = "connector "

func (p *planner) connectors(ctx context.Context) error {
	all, err := p.Connectors.List(ctx)
	if err != nil {
		return err
	}
	there := map[string]*connectors.Connector{}
	for _, c := range all {
		there[c.ID] = c
	}
	count := len(all)
	for _, item := range p.file.connectors {
		if item.ID == "" {
			item.ID = item.Kind
		}
		if !p.claim(keyConnector+item.ID, item.at) {
			continue
		}
		if there[item.ID] == nil {
			if count++; count > connectors.Most {
				p.refuse(item.at, "connector.too_many", "there are %d connectors at most", connectors.Most)
			}
		}
		if err := p.connector(ctx, item, there[item.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) connector(ctx context.Context, item connectorItem, old *connectors.Connector) error {
	given := item.Secret
	if old != nil && given == "" {
		item.Secret = old.Secret
	}
	doc, err := p.Connectors.Judge(ctx, old, item.Document, p.file.clientIDs...) // their lists are written before
	var ps connectors.Problems
	if errors.As(err, &ps) {
		for _, x := range ps {
			p.Problems = append(p.Problems, clients.Problem{Pointer: item.at + x.Pointer, Code: kind.Code(err), Detail: x.Detail})
		}
		return nil
	}
	if err != nil {
		return err
	}
	planned := &Item{List: Connectors, ID: doc.ID, Action: Unchanged, key: keyConnector + doc.ID}
	visible := doc
	visible.Secret = ""
	if old == nil {
		planned.Action = Create
		planned.Changes, err = diff(nil, visible)
		p.add(planned, func(ctx context.Context, also func(context.Context) error) error {
			return p.Store.InTx(ctx, func(ctx context.Context) error {
				if _, err := p.Connectors.Create(ctx, doc); err != nil {
					return err
				}
				return also(ctx)
			})
		})
		return err
	}
	if planned.Changes, err = diff(old.Document(), visible); err != nil {
		return err
	}
	if doc.Secret != old.Secret {
		planned.Changes = append(planned.Changes, Change{Pointer: "/secret", To: hidden})
	}
	if len(planned.Changes) > 0 {
		planned.Action = Update
	}
	p.add(planned, func(ctx context.Context, _ func(context.Context) error) error {
		_, err := p.Connectors.Update(ctx, doc.ID, func(d *connectors.Document) error {
			*d = doc
			return nil
		})
		return err
	})
	return nil
}
