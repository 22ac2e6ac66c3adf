// Package apply owns the installation as a file: what is read from it, how it differs from what is there, in which order
// the differences are written, and what may be taken away. What an item may be is decided in the rooms of clients,
// connectors and roles, and so is how it is written.
package apply

import (
	"context"
	"time"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/storage"
)

// Lists of a file in the order in which they are written: what is named comes before who names it.
const (
	Titles     = "titles"   // clients of kind game
	Clients    = "clients"  // of any kind
	Partners   = "partners" // clients that exchange codes with a protected number
	Connectors = "connectors"
	Roles      = "roles"
)

// Lists is all of them.
func Lists() []string { return []string{Titles, Clients, Partners, Connectors, Roles} }

// Action is what a file has done to an item.
type Action string

// Actions. A client is never deleted, since its id could not be used again: going back to an earlier file would fail.
const (
	Create    Action = "create"
	Update    Action = "update"
	Unchanged Action = "unchanged"
	Disable   Action = "disable"
	Revoke    Action = "revoke"
)

// Service compares and writes. All fields are required.
type Service struct {
	Store      *storage.Store
	Clients    *clients.Service
	Connectors *connectors.Service
	Office     *office.Service
	Now        func() time.Time
}

// Options of a plan.
type Options struct {
	// Part names what of the installation the file is; "" where there is one file. Pruning concerns its own part only.
	Part string
	// Prune takes away what an earlier file of the part made and this one hasn't.
	Prune bool
	// Secret finds what a file refers to: by "file" or "env", and a name.
	Secret func(by, name string) (string, error)
}

// Item is one thing of a file, or one that is missing there. Secret and PartnerKey were made when it was written, and are
// shown once.
type Item struct {
	List, ID           string
	Action             Action
	Changes            []Change
	Secret, PartnerKey string

	key   string // in the memory of what was made
	write func(ctx context.Context) error
}

// Plan is what a file would do.
type Plan struct{ Items []*Item }

// Changes tells how many items would be written.
func (p *Plan) Changes() (n int) {
	for _, item := range p.Items {
		if item.Action != Unchanged {
			n++
		}
	}
	return n
}

// Plan compares a file, JSON, with what is there. It writes nothing. The error has every problem of the file.
func (s *Service) Plan(ctx context.Context, raw []byte, o Options) (*Plan, error) {
	f, unread := read(raw, o.Secret)
	made, err := s.Store.Applied(ctx)
	if err != nil {
		return nil, err
	}
	p := &planner{Service: s, Options: o, problems: unread, file: f, made: made, keys: map[string]string{}}
	steps := []func(context.Context) error{p.clients, p.connectors, p.roles}
	if unread.err() == nil { // of a file that wasn't understood nothing is missing
		steps = append(steps, p.prune, p.owners)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &p.Plan, p.problems.err()
}

// Apply writes a plan, item by item: each in a transaction of its own, together with the memory of who made it. One
// transaction for all would keep the embedded database's one writer waiting while logos are fetched and secrets are hashed.
// What can be known is known before the first, and a file that was broken off is applied again. written is told of each.
func (s *Service) Apply(ctx context.Context, p *Plan, written func(*Item) error) error {
	for _, item := range p.Items {
		if item.write != nil {
			if err := item.write(ctx); err != nil {
				return Stopped{item, err}
			}
		}
		if err := written(item); err != nil {
			return err
		}
	}
	return nil
}

// Stopped is the end of Apply at an item that couldn't be written, because somebody else changed it meanwhile, for example.
type Stopped struct {
	At  *Item
	Err error
}

func (e Stopped) Error() string { return e.At.List + "/" + e.At.ID + ": " + e.Err.Error() }

func (e Stopped) Unwrap() error { return e.Err }

// planner is a plan in the making.
type planner struct {
	*Service
	Options
	Plan
	problems

	file *file
	made map[string]string // part by key: what files made
	keys map[string]string // place by key: what this file has
}

// claim refuses an item that the file has twice.
func (p *planner) claim(key, at string) bool {
	if before, twice := p.keys[key]; twice {
		p.refuse(at, "apply.twice", "it is at %s already", before)
		return false
	}
	p.keys[key] = at
	return true
}

// add puts an item into the plan. write gets what a creation has to do in its transaction. What another part's file made
// becomes this part's.
func (p *planner) add(item *Item, write func(ctx context.Context, also func(context.Context) error) error) {
	p.Items = append(p.Items, item)
	remember := func(ctx context.Context) error {
		return p.Store.PutApplied(ctx, item.key, p.Part, storage.At(p.Now()))
	}
	part, made := p.made[item.key]
	moves := made && part != p.Part
	switch {
	case item.Action == Unchanged && !moves:
	case item.Action == Unchanged:
		item.write = remember
	default:
		item.write = func(ctx context.Context) error {
			if moves {
				if err := remember(ctx); err != nil {
					return err
				}
			}
			return write(ctx, remember)
		}
	}
}

// problems are all reasons against a file.
type problems struct{ clients.Problems }

func (ps problems) err() error {
	if len(ps.Problems) == 0 {
		return nil
	}
	return kind.New(kind.Invalid, "apply.invalid").WithField(ps.Problems[0].Pointer).WithErr(ps.Problems)
}
