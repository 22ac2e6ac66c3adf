package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pratu/flows/audit"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// An event exists exactly when its change does, and tells who, what, whom, when and from where.
func TestAppend(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		at := time.Now().Truncate(time.Millisecond)
		log := &audit.Log{Store: s, Now: func() time.Time { return at }}
		ctx := audit.WithRequest(t.Context(), audit.RequestInfo{RequestID: "req-1", IP: "192.0.2.1", UserAgent: "Browser\x00/1\xff\r\n"})
		failed := errors.New("the change failed")
		err := s.InTx(ctx, func(ctx context.Context) error {
			return errors.Join(log.Append(ctx, audit.Event{Name: "account.erased", AccountID: "a1"}), failed)
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		for _, e := range []audit.Event{
			{Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, ActorID: "a1", AccountID: "a1", ClientID: "c1", SessionID: "s1", Reason: "password.wrong", Details: map[string]any{"n": 1}},
			{Name: "key.rotated", AccountID: "a1", Details: map[string]any{"long": strings.Repeat("x", 10_000)}},
		} {
			if err := s.InTx(ctx, func(ctx context.Context) error { return log.Append(ctx, e) }); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.AuditOfAccount(t.Context(), "a1", storage.At(at.Add(time.Minute)), 10)
		if err != nil {
			t.Fatal(err)
		}
		common := storage.AuditEvent{At: storage.At(at), AccountID: "a1", IP: "192.0.2.1", UserAgent: "Browser/1", RequestID: "req-1"}
		signin, rotated := common, common
		signin.Event, signin.Outcome, signin.ActorKind, signin.ActorID = "signin.failed", "failure", "account", "a1"
		signin.ClientID, signin.SessionID, signin.Reason, signin.Details = "c1", "s1", "password.wrong", `{"n":1}`
		rotated.Event, rotated.Outcome, rotated.ActorKind, rotated.Details = "key.rotated", "success", "system", `{"truncated":true}`
		byName := cmpopts.SortSlices(func(a, b storage.AuditEvent) bool { return a.Event < b.Event })
		if diff := cmp.Diff([]storage.AuditEvent{signin, rotated}, got, byName, cmpopts.IgnoreFields(storage.AuditEvent{}, "ID")); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", "plain", "ประตู", "a\x00b\r\n", "\xff\xfe", strings.Repeat("ก", 100)} {
		f.Add(seed, 7)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 0 || n > 1<<16 {
			return
		}
		got := audit.Printable(s, n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\n") || audit.Printable(got, n) != got {
			t.Errorf("%q became %q", s, got)
		}
	})
}
