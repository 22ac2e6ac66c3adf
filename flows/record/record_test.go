package record_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/record"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// world is a chained record.
type world struct {
	*record.Chain
	t   *testing.T
	url string
	at  time.Time
	n   int
}

func ring(t *testing.T, keys ...string) *secret.Keyring {
	t.Helper()
	var raw [][]byte
	for _, k := range keys {
		raw = append(raw, []byte(strings.Repeat(k, secret.KeySize)))
	}
	r, err := secret.NewKeyring(raw[0], raw[1:]...)
	must(t, err)
	return r
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storagetest.Databases(t, func(t *testing.T, url string) {
		w := &world{t: t, url: url, at: time.Now().Truncate(time.Second)}
		w.Chain = w.replica(ring(t, "k"))
		run(t, w)
	})
}

// replica is another process on the same database.
func (w *world) replica(r *secret.Keyring) *record.Chain {
	w.t.Helper()
	return &record.Chain{Store: storagetest.Open(w.t, w.url), Keyring: r, Keep: record.Keep, Now: func() time.Time { return w.at }}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write appends n rows e1, e2 …, a second apart up to ago before now.
func (w *world) write(n int, ago time.Duration) {
	w.t.Helper()
	for range n {
		w.n++
		at := w.at.Add(-ago).Add(time.Duration(w.n-100) * time.Second)
		storagetest.Apply(w.t, w.Store, w.Store.AppendAudit(storage.AuditEvent{
			ID: fmt.Sprintf("e%d", w.n), At: storage.At(at), Event: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account,
			ActorID: "somebody", AccountID: "somebody", ClientID: "app", IP: "192.0.2.1", UserAgent: "Browser", Details: `{"try":1}`,
		}))
	}
}

func (w *world) exec(query string) { w.t.Helper(); storagetest.Exec(w.t, w.url, query) }

func (w *world) seal() int {
	w.t.Helper()
	n, err := w.Seal(w.t.Context())
	must(w.t, err)
	return n
}

// verify tells what was found, in short.
func (w *world) verify(expect string) string {
	w.t.Helper()
	r, err := w.replica(ring(w.t, "k")).Verify(w.t.Context(), expect)
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, f := range r.Findings {
		text := strings.TrimSpace(string(f.Flaw) + " " + f.ID)
		switch {
		case f.Last > 0:
			text += fmt.Sprintf(" %d-%d", f.Position, f.Last)
		case f.Rows > 0:
			text += fmt.Sprintf(" %d", f.Rows)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// What somebody does to the record past the program is found, and named.
func TestVerify(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(4, time.Hour)
		if n := w.seal(); n != 4 {
			t.Fatalf("%d rows sealed", n)
		}
		first, err := w.Verify(t.Context(), "")
		must(t, err)
		tables := []string{"audit", "audit_seals", "settings"}
		for _, table := range tables { // what an attacker with an old copy has
			w.exec(`CREATE TABLE old_` + table + ` AS SELECT * FROM ` + table)
		}
		w.write(4, 0)
		w.seal()
		if got := w.verify(first.Head); got != "" {
			t.Fatal(got)
		}
		for _, table := range tables {
			w.exec(`CREATE TABLE kept_` + table + ` AS SELECT * FROM ` + table)
		}
		restore := func(from string) string {
			var all strings.Builder
			for _, table := range tables {
				all.WriteString(`DELETE FROM ` + table + `; INSERT INTO ` + table + ` SELECT * FROM ` + from + table + `; `)
			}
			return all.String()
		}
		latest, err := w.Verify(t.Context(), "")
		must(t, err)
		copied := func(id, at string) string {
			return `INSERT INTO audit SELECT ` + id + `, ` + at + `, event, outcome, actor_kind, actor_id, account_id, client_id, session_id, ip, user_agent, request_id, reason, details FROM audit WHERE id = 'e2'; `
		}
		for name, c := range map[string]struct{ attack, found string }{
			"changed":                    {`UPDATE audit SET ip = '' WHERE id = 'e3'`, "changed e3"},
			"changed, its time":          {`UPDATE audit SET at = at - 1 WHERE id = 'e3'`, "changed e3"},
			"text moved between columns": {`UPDATE audit SET actor_id = 'some', account_id = 'bodysomebody' WHERE id = 'e3'`, "changed e3"},
			"details":                    {`UPDATE audit SET details = '{"try":2}' WHERE id = 'e3'`, "changed e3"},
			"details emptied":            {`UPDATE audit SET details = '{}' WHERE id = 'e3'`, "changed e3"},
			"details and their MAC":      {`UPDATE audit SET details = '{}' WHERE id = 'e3'; UPDATE audit_seals SET details = '' WHERE audit_id = 'e3'`, "changed e3"},
			"two":                        {`UPDATE audit SET ip = '' WHERE id IN ('e3', 'e6')`, "changed e3, changed e6"},
			"two in a row":               {`UPDATE audit SET ip = '' WHERE id IN ('e3', 'e4')`, "changed e3, changed e4"},
			"the last":                   {`UPDATE audit SET ip = '' WHERE id = 'e8'`, "changed e8"},
			"a seal":                     {`UPDATE audit_seals SET hash = 'x' WHERE audit_id = 'e3'`, "seal_changed e3"},
			"a seal's time":              {`UPDATE audit_seals SET at = 1 WHERE audit_id = 'e3'`, "changed e3"},
			"removed":                    {`DELETE FROM audit WHERE id = 'e3'`, "removed e3"},
			"removed, the first":         {`DELETE FROM audit WHERE id = 'e1'`, "removed e1"},
			"removed with its seal":      {`DELETE FROM audit WHERE id = 'e3'; DELETE FROM audit_seals WHERE audit_id = 'e3'`, "cut 3-3"},
			"the beginning cut":          {`DELETE FROM audit WHERE id IN ('e1', 'e2'); DELETE FROM audit_seals WHERE position <= 2`, "cut 1-2"},
			"the end cut":                {`DELETE FROM audit WHERE id IN ('e7', 'e8'); DELETE FROM audit_seals WHERE position > 6`, "cut 7-8"},
			"the gap closed":             {`DELETE FROM audit WHERE id = 'e7'; DELETE FROM audit_seals WHERE position = 7; UPDATE audit_seals SET position = 7 WHERE position = 8`, "changed e8, cut 8-8"},
			"all cut":                    {`DELETE FROM audit; DELETE FROM audit_seals`, "cut 1-8"},
			"begun anew":                 {`DELETE FROM audit_seals; DELETE FROM settings WHERE name <> 'audit-chain-key'; `, "anchor"},
			"inserted":                   {copied(`'x'`, `at`), "inserted x"},
			"inserted with a seal":       {copied(`'x'`, `at`) + `INSERT INTO audit_seals VALUES (9, 'x', 1, '', 'x')`, "beyond 9-9"},
			"put in place of another":    {copied(`'x'`, `at`) + `UPDATE audit_seals SET audit_id = 'x' WHERE audit_id = 'e3'`, "changed x, inserted e3"},
			"reordered":                  {`UPDATE audit_seals SET audit_id = CASE audit_id WHEN 'e3' THEN 'x' ELSE audit_id END; UPDATE audit_seals SET audit_id = 'e3' WHERE position = 4; UPDATE audit_seals SET audit_id = 'e4' WHERE audit_id = 'x'`, "changed e4, changed e3"},
			"reordered with seals":       {`UPDATE audit_seals SET position = -3 WHERE position = 3; UPDATE audit_seals SET position = 3 WHERE position = 4; UPDATE audit_seals SET position = 4 WHERE position = -3`, "changed e4, changed e3"},
			"a head of their own":        {`UPDATE settings SET value = REPLACE(value, '"position":8', '"position":6') WHERE name = 'audit-chain-head'; DELETE FROM audit_seals WHERE position > 6; DELETE FROM audit WHERE id IN ('e7', 'e8')`, "head"},
			"no head":                    {`DELETE FROM settings WHERE name = 'audit-chain-head'`, "head"},
			"an anchor of their own":     {`UPDATE settings SET value = REPLACE(value, '"position":0', '"position":2') WHERE name = 'audit-chain-anchor'; DELETE FROM audit WHERE id IN ('e1', 'e2'); DELETE FROM audit_seals WHERE position <= 2`, "anchor"},
			"another key":                {`UPDATE settings SET value = 'x' WHERE name = 'audit-chain-key'`, record.ErrKey.Error()},
			"no key":                     {`DELETE FROM settings WHERE name = 'audit-chain-key'`, "key"},
			"an old copy, noted since":   {restore("old_"), "other"},
		} {
			t.Run(name, func(t *testing.T) {
				w.exec(c.attack)
				if got := w.verify(latest.Head); strings.TrimSuffix(got, ", other") != c.found {
					t.Errorf("found %q, want %q", got, c.found)
				}
				w.exec(restore("kept_"))
			})
		}
		if got := w.verify(latest.Head); got != "" {
			t.Error(got)
		}
		for expect, want := range map[string]string{first.Head: "", "x": "audit.mark", "9:" + strings.Repeat("0", 64): "other", first.Head[:len(first.Head)-2]: "audit.mark"} {
			if got := w.verify(expect); got != want {
				t.Errorf("expecting %s: %q, want %q", expect, got, want)
			}
		}
	})
}

// Replicas that write and seal at the same time make one chain without a gap, in which each row is once.
func TestReplicas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const writers, rows = 3, 20
		done := make(chan error, 2*writers)
		for i := range writers {
			chain := w.replica(ring(t, "k"))
			log := &audit.Log{Store: chain.Store, Now: time.Now}
			go func() {
				var err error
				for n := 0; n < rows && err == nil; n++ {
					err = chain.Store.InTx(t.Context(), func(ctx context.Context) error {
						return log.Append(ctx, audit.Event{Name: "account.created", Details: map[string]any{"writer": i}})
					})
				}
				done <- err
			}()
			go func() {
				var err error
				for n := 0; n < rows && err == nil; n++ {
					_, err = chain.Seal(t.Context())
				}
				done <- err
			}()
		}
		for range 2 * writers {
			must(t, <-done)
		}
		w.exec(`DELETE FROM leases`) // whoever has it may be gone
		w.seal()
		r, err := w.Verify(t.Context(), "")
		must(t, err)
		if !r.Intact() || r.Rows != writers*rows || r.Waiting != 0 {
			t.Errorf("%+v", r)
		}
		before := w.Store.Statements()
		w.seal()
		if n := w.Store.Statements() - before; n > 7 {
			t.Errorf("a turn with nothing to do takes %d statements", n)
		}
	})
}

// A lease keeps the work with one replica while it lives.
func TestLease(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(1, 0)
		w.seal()
		w.write(1, 0)
		other := w.replica(ring(t, "k"))
		if n, err := other.Seal(t.Context()); n != 0 || err != nil {
			t.Errorf("sealed %d beside the holder, %v", n, err)
		}
		w.at = w.at.Add(time.Minute)
		if n, err := other.Seal(t.Context()); n != 1 || err != nil {
			t.Errorf("sealed %d, %v", n, err)
		}
	})
}

// Rows of transactions that commit late get their seal; those that come from longer ago are put in by somebody.
func TestLateRows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(3, 0)
		w.seal()
		late := *w
		late.n = 50
		late.write(1, time.Minute)
		if got := w.verify(""); got != "" {
			t.Error(got)
		}
		if n, err := w.replica(ring(t, "k")).Seal(t.Context()); n != 0 || err != nil { // not the holder
			t.Errorf("%d, %v", n, err)
		}
		w.exec(`DELETE FROM leases`)
		if n, err := w.replica(ring(t, "k")).Seal(t.Context()); n != 1 || err != nil { // the first turn looks far back
			t.Errorf("%d, %v", n, err)
		}
		late.write(1, time.Hour)
		if got := w.verify(""); got != "inserted e52" {
			t.Error(got)
		}
	})
}

// What retention takes leaves an anchor, so that the rest can be verified; who makes rows look old is found out.
func TestRetention(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(4, record.Keep-48*time.Hour) // before the chain begins to leave them alone
		w.seal()
		w.write(4, 0)
		w.seal()
		w.exec(`INSERT INTO audit SELECT 'stray', 1, event, outcome, actor_kind, actor_id, account_id, client_id, session_id, ip, user_agent, request_id, reason, details FROM audit WHERE id = 'e8'`)
		w.at = w.at.Add(48 * time.Hour)
		if n, err := w.Purge(t.Context()); n != 5 || err != nil {
			t.Errorf("%d rows went, %v", n, err)
		}
		if n, err := w.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("%d rows went again, %v", n, err)
		}
		r, err := w.Verify(t.Context(), "")
		must(t, err)
		if !r.Intact() || r.Rows != 4 {
			t.Errorf("%+v", r)
		}
		if got := w.verify("1:" + strings.Repeat("0", 64)); got != "audit.mark_gone" {
			t.Error(got)
		}
		w.exec(`UPDATE audit_seals SET at = 1 WHERE position <= 6`)
		if n, err := w.Purge(t.Context()); n != 2 || err != nil {
			t.Errorf("%d rows went, %v", n, err)
		}
		if got := w.verify(""); got != "expired 2" {
			t.Error(got)
		}
	})
}

// Erasing an account empties the details of its rows, and nothing else of them.
func TestErasedAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(2, 0)
		w.seal()
		w.exec(`INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at, erase_at)
			VALUES ('somebody', 5, 'o', '3', '0', '', '{}', 1, 1, 0)`)
		w.exec(`UPDATE audit SET details = '{}' WHERE id = 'e1'`)
		r, err := w.Verify(t.Context(), "")
		must(t, err)
		if !r.Intact() || r.Emptied != 1 {
			t.Errorf("%+v", r)
		}
		w.exec(`UPDATE audit SET ip = '' WHERE id = 'e1'`)
		if got := w.verify(""); got != "changed e1" {
			t.Error(got)
		}
	})
}

// The chain goes on under another secret key, and its own is sealed anew.
func TestSecretKeyReplaced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(1, 0)
		w.seal()
		w.at = w.at.Add(time.Minute)
		w.write(1, 0)
		if n, err := w.replica(ring(t, "n", "k")).Seal(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		r, err := w.replica(ring(t, "n")).Verify(t.Context(), "")
		must(t, err)
		if !r.Intact() || r.Rows != 2 {
			t.Errorf("%+v", r)
		}
	})
}
