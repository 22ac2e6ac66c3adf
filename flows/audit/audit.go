// Package audit owns the shape of the append-only record: who did what to which account, when, from where. An event is
// written in the transaction of the change it tells of, so that neither exists without the other. It holds no secrets,
// and contacts only masked. Reading it, retention and sealing are other rooms'.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"pratu/flows/secret"
	"pratu/storage"
)

// Outcomes of an event.
const (
	Success = "success"
	Failure = "failure"
)

// Kinds of actors.
const (
	Account = "account"
	Client  = "client"
	CLI     = "cli"
	System  = "system"
)

// RequestInfo is where an event came from. It travels in the context, put there by the outermost middleware.
type RequestInfo struct{ RequestID, IP, UserAgent string }

type requestKey struct{}

// WithRequest attaches where a request came from.
func WithRequest(ctx context.Context, r RequestInfo) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestOf is what WithRequest attached, or nothing: a command, a background task.
func RequestOf(ctx context.Context) RequestInfo {
	r, _ := ctx.Value(requestKey{}).(RequestInfo)
	return r
}

type actorKey struct{}

type actor struct{ kind, id string }

// Acting attaches who does what follows: in the office that isn't whom a flow would take it for.
func Acting(ctx context.Context, kind, id string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor{kind, id})
}

// Event is one thing that happened. Name reads noun.verb in the past tense: signin.failed, account.created.
type Event struct {
	ID        string // "" makes one
	Name      string
	Outcome   string // Success unless said otherwise
	ActorKind string // System unless said otherwise
	ActorID   string
	AccountID string // whom it is about
	ClientID  string
	SessionID string
	Reason    string // a message id
	Details   map[string]any
}

// Log appends events.
type Log struct {
	Store *storage.Store
	Now   func() time.Time
}

// Bounds of what a browser may put into a row.
const (
	maxUserAgent = 256
	maxDetails   = 8192
)

// Append writes the event in the caller's transaction.
func (l *Log) Append(ctx context.Context, e Event) error { return l.AppendAll(ctx, []Event{e}) }

// AppendAll writes events of one moment, in one statement.
func (l *Log) AppendAll(ctx context.Context, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	w, err := l.Write(ctx, events...)
	if err == nil {
		_, err = l.Store.Apply(ctx, w)
	}
	return err
}

// Write is AppendAll of one event at least, for whoever has more to write in the same round trip.
func (l *Log) Write(ctx context.Context, events ...Event) (storage.Write, error) {
	rows := make([]storage.AuditEvent, len(events))
	for i, e := range events {
		var err error
		if rows[i], err = l.row(ctx, e); err != nil {
			return storage.Write{}, err
		}
	}
	return l.Store.AppendAudit(rows...), nil
}

func (l *Log) row(ctx context.Context, e Event) (storage.AuditEvent, error) {
	if !Known(e.Name) {
		return storage.AuditEvent{}, fmt.Errorf("audit: %q isn't in the table of names", e.Name)
	}
	details := []byte("{}")
	if len(e.Details) > 0 {
		var err error
		if details, err = json.Marshal(e.Details); err != nil {
			return storage.AuditEvent{}, fmt.Errorf("audit %s: %w", e.Name, err)
		}
		if len(details) > maxDetails {
			details = []byte(`{"truncated":true}`)
		}
	}
	if a, ok := ctx.Value(actorKey{}).(actor); ok {
		e.ActorKind, e.ActorID = a.kind, a.id
	}
	r := RequestOf(ctx)
	return storage.AuditEvent{
		ID: or(e.ID, secret.UUID()), At: storage.At(l.Now()), Event: e.Name,
		Outcome: or(e.Outcome, Success), ActorKind: or(e.ActorKind, System), ActorID: e.ActorID,
		AccountID: e.AccountID, ClientID: e.ClientID, SessionID: e.SessionID,
		IP: r.IP, UserAgent: Printable(r.UserAgent, maxUserAgent), RequestID: r.RequestID,
		Reason: e.Reason, Details: string(details),
	}, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Printable makes any header storable: valid UTF-8 without controls (PostgreSQL refuses NUL, logs must not break), at
// most n bytes, cut between characters.
func Printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s[:min(len(s), 4*n)])
	for len(s) > n {
		cut := n
		for cut > 0 && s[cut]&0xC0 == 0x80 {
			cut--
		}
		s = s[:cut]
	}
	return s
}
