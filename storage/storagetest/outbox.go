package storagetest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

func message(id string, at storage.Instant) storage.Message {
	return storage.Message{
		ID: id, Kind: "mail", Payload: "sealed " + id, CreatedAt: at, NextAttemptAt: at, ExpiresAt: at.Add(7 * day),
	}
}

// due are the ids of what is due, in order.
func due(t *testing.T, s *storage.Store, at storage.Instant, limit int) string {
	t.Helper()
	var ids []string
	for _, m := range must[[]storage.Message](t)(s.DueMessages(t.Context(), "", at, limit)) {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, " ")
}

// Outbox is the contract of messages.
func Outbox(t *testing.T, s *storage.Store) {
	expect := func(t *testing.T, at storage.Instant, want string) {
		t.Helper()
		if got := due(t, s, at, 10); got != want {
			t.Errorf("due: %q, want %q", got, want)
		}
	}
	ok(t, s.Enqueue(t.Context(), message("b", start.Add(minute))))
	ok(t, s.Enqueue(t.Context(), message("c", start.Add(minute))))
	ok(t, s.Enqueue(t.Context(), message("a", start.Add(2*minute))))
	fails(t, s.Enqueue(t.Context(), message("a", start)), storage.ErrExists)

	aside := message("aside", start)
	aside.Lane = "slow"
	ok(t, s.Enqueue(t.Context(), aside))
	if diff := cmp.Diff([]storage.Message{aside}, must[[]storage.Message](t)(s.DueMessages(t.Context(), "slow", start, 9))); diff != "" {
		t.Error(diff)
	}
	ok(t, s.MarkDelivered(t.Context(), "aside", start))

	expect(t, start, "")
	expect(t, start.Add(minute), "b c")
	expect(t, start.Add(2*minute), "b c a")
	if got := due(t, s, start.Add(hour), 2); got != "b c" {
		t.Errorf("limited: %q", got)
	}
	expect(t, start.Add(7*day).Add(minute), "a") // the others have expired
	if diff := cmp.Diff([]storage.Message{message("b", start.Add(minute))}, must[[]storage.Message](t)(s.DueMessages(t.Context(), "", start.Add(hour), 1))); diff != "" {
		t.Error(diff)
	}

	ok(t, s.MarkFailed(t.Context(), "b", start.Add(hour), "421 busy"))
	expect(t, start.Add(2*minute), "c a")
	expect(t, start.Add(hour), "c a b")
	ok(t, s.MarkFailed(t.Context(), "b", start.Add(hour), "greylisted \xff\x00 ไทย\xe0\xb8"))
	for _, m := range must[[]storage.Message](t)(s.DueMessages(t.Context(), "", start.Add(hour), 10)) {
		if m.ID == "b" && (m.Attempts != 2 || !strings.Contains(m.LastError, "ไทย") || m.Payload != "sealed b") {
			t.Errorf("after two failures: %+v", m)
		}
	}
	counts(t, s, 3, 0)
	ok(t, s.Park(t.Context(), "c", start.Add(hour), "550 no such user"))
	expect(t, start.Add(hour), "a b")
	counts(t, s, 2, 1)
	ok(t, s.MarkDelivered(t.Context(), "a", start.Add(hour)))
	ok(t, s.MarkDelivered(t.Context(), "a", start.Add(2*hour)))
	expect(t, start.Add(hour), "b")
	counts(t, s, 1, 1)
	// What is over stays over, whatever a slow worker reports afterwards.
	ok(t, s.MarkFailed(t.Context(), "a", start, "late"))
	ok(t, s.MarkFailed(t.Context(), "c", start, "late"))
	ok(t, s.Park(t.Context(), "a", start, "late"))
	expect(t, start.Add(hour), "b")
	counts(t, s, 1, 1)
	// What didn't leave can be looked at, without what it says, and what was given up be tried again until it expires.
	var list []string
	for _, m := range must[[]storage.Message](t)(s.Undelivered(t.Context(), 10)) {
		if m.Payload != "" || m.Attempts == 0 || m.LastError == "" {
			t.Errorf("%+v", m)
		}
		list = append(list, m.ID)
	}
	if strings.Join(list, " ") != "b c" {
		t.Errorf("undelivered: %v", list)
	}
	retry := func(id string, at storage.Instant, want int64) {
		t.Helper()
		if n := must[int64](t)(s.Retry(t.Context(), id, at)); n != want {
			t.Errorf("%d are tried again, want %d", n, want)
		}
	}
	retry("b", start.Add(hour), 0) // it waits anyway
	retry("c", start.Add(minute).Add(7*day), 0)
	retry("", start.Add(2*hour), 1)
	expect(t, start.Add(2*hour), "b c")
	counts(t, s, 2, 0)
}

// OutboxPayload: what was delivered is kept, what it said isn't.
func OutboxPayload(t *testing.T, url string) {
	s := Open(t, url)
	ok(t, s.Enqueue(t.Context(), message("m", start)))
	ok(t, s.MarkDelivered(t.Context(), "m", start.Add(minute)))
	if n := number(t, raw(t, url), `SELECT COUNT(*) FROM outbox WHERE id = 'm' AND payload = '' AND delivered_at > 0`); n != 1 {
		t.Error("the payload of a delivered message is still there")
	}
}

func counts(t *testing.T, s *storage.Store, waiting, parked int64) {
	t.Helper()
	w, p, err := s.OutboxCounts(t.Context())
	if err != nil || w != waiting || p != parked {
		t.Errorf("%d wait, %d parked, %v; want %d and %d", w, p, err, waiting, parked)
	}
}

// Leases is the contract of leases.
func Leases(t *testing.T, s *storage.Store) {
	acquire := func(t *testing.T, holder string, at storage.Instant) bool {
		t.Helper()
		return must[bool](t)(s.AcquireLease(t.Context(), "worker", holder, at, hour))
	}
	if won := race(t, crowd, func(i int) (bool, error) {
		return s.AcquireLease(t.Context(), "first", name("h"), start, hour)
	}); won != 1 {
		t.Errorf("%d hold a new lease", won)
	}
	if won := race(t, crowd, func(i int) (bool, error) {
		return s.AcquireLease(t.Context(), "first", name("h"), start.Add(hour), hour)
	}); won != 1 {
		t.Errorf("%d hold a lease that had run out", won)
	}
	if !acquire(t, "a", start) || !acquire(t, "a", start.Add(minute)) {
		t.Error("a holder can't prolong its lease")
	}
	if acquire(t, "b", start.Add(hour)) {
		t.Error("a prolonged lease was taken at its first end")
	}
	ok(t, s.ReleaseLease(t.Context(), "worker", "b"))
	if acquire(t, "b", start.Add(hour)) {
		t.Error("a stranger released the lease")
	}
	ok(t, s.ReleaseLease(t.Context(), "worker", "a"))
	if !acquire(t, "b", start.Add(hour)) {
		t.Error("a released lease isn't free")
	}
	if !acquire(t, "a", start.Add(2*hour)) {
		t.Error("a lease that ran out isn't free")
	}
	if acquire(t, "b", start.Add(2*hour)) {
		t.Error("its former holder still has it")
	}
}
