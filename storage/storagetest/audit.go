package storagetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

// Audit is the contract of the record.
func Audit(t *testing.T, s *storage.Store) {
	var events []storage.AuditEvent
	for i := range 5 {
		e := storage.AuditEvent{
			ID: fmt.Sprintf("e%d", i), At: start.Add(hour), Event: "signin.failed", Outcome: "failure", ActorKind: "account",
			ActorID: "actor", AccountID: "one", ClientID: "client", SessionID: "session", IP: "2001:db8::1", UserAgent: "Mozilla ไทย",
			RequestID: "request", Reason: "signin.failed", Details: `{"method":"pwd"}`,
		}
		if i == 0 {
			e.At = start
		}
		if i == 4 {
			e.AccountID = "two"
		}
		ok(t, apply(t.Context(), s, s.AppendAudit(e)))
		events = append(events, e)
	}
	fails(t, apply(t.Context(), s, s.AppendAudit(events[0])), storage.ErrExists)
	list := must[[]storage.AuditEvent](t)
	if diff := cmp.Diff([]storage.AuditEvent{events[3], events[2]}, list(s.AuditOfAccount(t.Context(), "one", start.Add(2*hour), 2))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(events[:1], list(s.AuditOfAccount(t.Context(), "one", start.Add(hour), 10))); diff != "" {
		t.Error(diff)
	}
	var paged []storage.AuditEvent
	for at, id := start.Add(2*hour), ""; ; {
		page := list(s.AuditPage(t.Context(), "one", at, id, 2))
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		at, id = page[len(page)-1].At, page[len(page)-1].ID
	}
	if diff := cmp.Diff([]storage.AuditEvent{events[3], events[2], events[1], events[0]}, paged); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(events, list(s.AuditForward(t.Context(), storage.AuditFilter{At: start, Limit: 10}))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(events[2:4], list(s.AuditForward(t.Context(), storage.AuditFilter{At: start.Add(hour), ID: "e1", AccountID: "one", Limit: 9}))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(events[:1], list(s.AuditForward(t.Context(), storage.AuditFilter{Until: start.Add(hour), Limit: 9}))); diff != "" {
		t.Error(diff)
	}
	t.Run("an event and its change exist together or not at all", func(t *testing.T) {
		undone := errors.New("undone")
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			e := events[0]
			e.ID = "undone"
			ok(t, apply(ctx, s, s.AppendAudit(e)))
			return undone
		})
		fails(t, err, undone)
		if got := list(s.AuditForward(t.Context(), storage.AuditFilter{Limit: 10})); len(got) != len(events) {
			t.Errorf("%d events, want %d", len(got), len(events))
		}
	})
}
