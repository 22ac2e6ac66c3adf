package office

import (
	"context"
	"io"
	"strings"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/storage"
)

// SigningKeys are the published signing keys.
func (s *Service) SigningKeys(ctx context.Context, a Actor) ([]keys.Info, error) {
	ctx, err := a.enter(ctx, ReadKeys)
	if err != nil {
		return nil, err
	}
	return s.Keys.List(ctx)
}

// RotateKeys publishes new signing keys.
func (s *Service) RotateKeys(ctx context.Context, a Actor, o keys.RotateOptions) ([]keys.Info, error) {
	ctx, err := a.enter(ctx, RotateKeys)
	if err != nil {
		return nil, err
	}
	return s.Keys.Rotate(ctx, o)
}

// RetireKey takes a replaced key out of the key set before its time.
func (s *Service) RetireKey(ctx context.Context, a Actor, kid string) error {
	ctx, err := a.enter(ctx, RotateKeys)
	if err != nil {
		return err
	}
	return s.Keys.Retire(ctx, kid)
}

// Record is a page of the record, the newest first.
type Record struct {
	Events  []storage.AuditEvent
	Numbers map[string]int64 // ssoid by id of the accounts that are named
	Next    accounts.Cursor  // zero at the end
}

// Events reads the record, within f.Since and f.Until. account is a contact, a number or an id, or "".
func (s *Service) Events(ctx context.Context, a Actor, f storage.AuditFilter, account string) (*Record, error) {
	ctx, err := a.enter(ctx, ReadAudit)
	if err != nil {
		return nil, err
	}
	if err := asked(f, f.Since); err != nil {
		return nil, err
	}
	r := &Record{Numbers: map[string]int64{}}
	if f.AccountID, err = s.concerned(ctx, account); kind.Is(err, "account.unknown") {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if f.At.IsZero() {
		f.At = storage.At(s.Now()) + 1
		if f.Until > 0 {
			f.At = min(f.At, f.Until)
		}
	}
	limit := f.Limit
	f.Limit++
	if r.Events, err = s.Store.SearchAudit(ctx, f); err != nil {
		return nil, err
	}
	if len(r.Events) > limit {
		r.Events = r.Events[:limit]
		last := r.Events[limit-1]
		r.Next = accounts.Cursor{At: last.At, ID: last.ID}
	}
	var ids []string
	for _, e := range r.Events {
		ids = append(ids, e.AccountID, e.ActorID)
	}
	r.Numbers, err = s.Store.NumbersOf(ctx, ids)
	return r, err
}

// Export writes the record as NDJSON, the oldest first, from f.At to f.Until. That somebody did is part of it.
func (s *Service) Export(ctx context.Context, a Actor, w io.Writer, f storage.AuditFilter, account string) error {
	ctx, err := a.enter(ctx, ReadAudit)
	if err != nil {
		return err
	}
	if err := asked(f, f.At); err != nil {
		return err
	}
	if f.AccountID, err = s.concerned(ctx, account); err != nil {
		return err
	}
	details := map[string]any{}
	for name, value := range map[string]string{"event": f.Event, "account": f.AccountID, "client": f.ClientID, "outcome": f.Outcome} {
		if value != "" {
			details[name] = value
		}
	}
	for name, at := range map[string]storage.Instant{"since": f.At, "until": f.Until} {
		if at > 0 {
			details[name] = at.Time()
		}
	}
	if err := s.record(ctx, "audit.exported", "", details); err != nil {
		return err
	}
	_, err = s.Chain.Export(ctx, w, f)
	return err
}

// asked refuses what can have no answer: it would look as if nothing had happened.
func asked(f storage.AuditFilter, since storage.Instant) error {
	if f.Event != "" && !audit.Known(f.Event) {
		near := clients.DidYouMean(f.Event, audit.Names())
		if list := audit.Namesakes(f.Event); len(list) > 0 {
			near += " (" + strings.Join(list, ", ") + ")"
		}
		return kind.New(kind.Invalid, "audit.event").WithField("event").WithArg("event", audit.Printable(f.Event, 60)).WithArg("near", near)
	}
	if f.Until > 0 && f.Until < since {
		return kind.New(kind.Invalid, "audit.until").WithField("until")
	}
	return nil
}

// concerned is the id of an account that somebody names by a contact, a number or an id; "" for "".
func (s *Service) concerned(ctx context.Context, account string) (string, error) {
	if account == "" {
		return "", nil
	}
	one, err := s.looked(ctx, Actor{may: []Action{ReadAccounts}}, account)
	if err != nil {
		return "", err
	}
	return one.ID, nil
}

// Setting is one as the program runs: a secret has no value, only whether it is there.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Secret bool   `json:"secret"`
	Set    bool   `json:"set"` // it isn't the default
}

// Settings tells whether an actor may see how the program runs; what that is, is the program's.
func (s *Service) Settings(a Actor) error {
	if !a.May(ReadSettings) {
		return Refused(ReadSettings)
	}
	return nil
}
