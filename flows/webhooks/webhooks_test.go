package webhooks_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
	"pratu/flows/record"
	"pratu/flows/secret"
	"pratu/flows/webhooks"
	"pratu/storage/storagetest"
)

// world is a record whose sealer tells a listener.
type world struct {
	*webhooks.Service
	t      *testing.T
	url    string
	at     time.Time
	chain  *record.Chain
	server *httptest.Server

	mu     sync.Mutex
	answer func(w http.ResponseWriter) // nil: 204
	got    []message
}

type message struct {
	header http.Header
	body   []byte
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	storagetest.Databases(t, func(t *testing.T, url string) {
		w := &world{t: t, url: url, at: time.Now().Truncate(time.Second)}
		w.server = httptest.NewServer(w)
		t.Cleanup(w.server.Close)
		w.Service, w.chain = w.replica(true)
		run(t, w)
	})
}

// replica is another process on the same database.
func (w *world) replica(development bool) (*webhooks.Service, *record.Chain) {
	w.t.Helper()
	store := storagetest.Open(w.t, w.url)
	ring, err := secret.NewKeyring([]byte(strings.Repeat("k", secret.KeySize)))
	must(w.t, err)
	now := func() time.Time { return w.at }
	s := &webhooks.Service{
		Store: store, Keyring: ring, Audit: &audit.Log{Store: store, Now: now}, Now: now, Local: development,
		Outbox:   &outbox.Outbox{Store: store, Keyring: ring, Now: now, Lane: webhooks.Lane, Parallel: webhooks.Parallel},
		Outbound: outbound.New(outbound.Options{Timeout: 5 * time.Second, MaxBytes: webhooks.MaxAnswer, Development: development}),
	}
	s.Outbox.Handlers = map[string]outbox.Handler{webhooks.Kind: s.Deliver}
	return s, &record.Chain{Store: store, Keyring: ring, Keep: record.Keep, Now: now, Sealed: s.Queue}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, message{r.Header.Clone(), body})
	if w.answer != nil {
		w.answer(rw)
		return
	}
	rw.WriteHeader(http.StatusNoContent)
}

// create sets up a webhook of the listener's.
func (w *world) create(events ...string) (id, plain string) {
	w.t.Helper()
	hook, plain, err := w.Create(w.t.Context(), webhooks.Settings{URL: w.server.URL + "/hook?key=x", Events: events})
	must(w.t, err)
	return hook.ID, plain
}

// append records a success about an account that there is.
func (w *world) append(event string, details map[string]any) {
	w.t.Helper()
	must(w.t, w.Audit.Append(w.t.Context(), audit.Event{Name: event, ActorKind: audit.Account, AccountID: "a1", ClientID: "app", Details: details}))
}

// send seals, and delivers what is due.
func (w *world) send() {
	w.t.Helper()
	_, err := w.chain.Seal(w.t.Context())
	must(w.t, err)
	must(w.t, w.Outbox.Flush(w.t.Context()))
}

// state tells how the only delivery of a webhook is.
func (w *world) state(id string) webhooks.Delivery {
	w.t.Helper()
	list, _, err := w.Deliveries(w.t.Context(), id, webhooks.Cursor{}, 10)
	must(w.t, err)
	if len(list) != 1 {
		w.t.Fatalf("%d deliveries", len(list))
	}
	return list[0]
}

func account(t *testing.T, url string) {
	t.Helper()
	storagetest.Exec(t, url, `INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at)
		VALUES ('a1', 5123456789012345, '5b51ae5e083713dbe7d4f6f0', '1', '0', '', '{}', 1, 1)`)
}

// Who asked for an event is told of it once, signed, and of nothing that it isn't about.
func TestDelivery(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		account(t, w.url)
		w.append("account.created", nil) // nobody asked yet
		w.at = w.at.Add(time.Second)
		_, plain := w.create("contact.verified", "player.banned", "client.updated", "signin.succeeded", "account.updated", "account.merged")
		must(t, w.Audit.Append(t.Context(), audit.Event{Name: "signin.succeeded", Outcome: audit.Failure, AccountID: "a1"}))
		w.append("signin.failed", nil)
		w.append("account.created", nil) // it didn't ask for these
		w.append("contact.added", map[string]any{"contact": "m…@x.test", "token": "canary", "reason": "canary"})
		w.append("player.banned", map[string]any{"reason": "aimbot", "contact": "canary"})
		w.append("contact.preferred", map[string]any{"contact": "canary"})
		w.append("account.merged", map[string]any{"from": int64(6123456789012345), "into": int64(5123456789012345), "contact": "canary"})
		must(t, w.Audit.Append(t.Context(), audit.Event{Name: "client.updated", ActorKind: audit.CLI, ClientID: "app", Details: map[string]any{"x": "canary"}}))
		w.send()
		w.send() // once
		const whom = `"ssoid":"5123456789012345","oid":"5b51ae5e083713dbe7d4f6f0","client_id":"app"`
		want := map[string]string{
			"contact.verified": `{` + whom + `,"contact":"m…@x.test","by":"account"}`, "player.banned": `{` + whom + `,"reason":"aimbot","by":"account"}`,
			"account.merged":  `{` + whom + `,"from":"6123456789012345","into":"5123456789012345","by":"account"}`,
			"account.updated": `{` + whom + `,"by":"account"}`, "client.updated": `{"client_id":"app","by":"cli"}`,
		}
		got := map[string]string{}
		for _, m := range w.got {
			var parsed struct {
				Type      string
				Timestamp time.Time
				Data      json.RawMessage
			}
			must(t, json.Unmarshal(m.body, &parsed))
			got[parsed.Type] += string(parsed.Data)
			if !parsed.Timestamp.Equal(w.at) {
				t.Error(parsed.Timestamp)
			}
			must(t, verify(plain, m.header, m.body, w.at))
			for what, err := range map[string]error{
				"changed": verify(plain, m.header, append(m.body, ' '), w.at), "old": verify(plain, m.header, m.body, w.at.Add(6*time.Minute)),
				"another secret": verify("whsec_AAAA", m.header, m.body, w.at),
			} {
				if err == nil {
					t.Errorf("%s: taken", what)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for _, table := range []string{"webhooks WHERE secret", "outbox WHERE payload", "audit WHERE details"} {
			if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM `+table+` LIKE '%whsec%'`); n != 0 {
				t.Errorf("a secret is in %s", table)
			}
		}
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM audit WHERE details LIKE '%key=x%'`); n != 0 {
			t.Error("the address is in the record")
		}
	})
}

// A test is signed, tried again and kept as any other delivery, whatever the webhook asked for. Nobody can ask to be told of
// tests, and one that is disabled isn't tested.
func TestTest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, plain := w.create("account.created")
		other, _ := w.create("account.created")
		w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusBadGateway) }
		sent, err := w.Test(t.Context(), id)
		must(t, err)
		w.send()
		w.answer, w.at = nil, w.at.Add(20*time.Second)
		w.send()
		if d := w.state(id); d.ID != sent.ID || d.Event != "webhook.test" || d.State != webhooks.Delivered || len(w.got) != 2 {
			t.Errorf("%+v, %d messages", d, len(w.got))
		}
		m := w.got[len(w.got)-1]
		must(t, verify(plain, m.header, m.body, w.at))
		if !strings.HasPrefix(string(m.body), `{"type":"webhook.test",`) || !strings.HasSuffix(string(m.body), `"data":{"by":"cli"}}`) {
			t.Errorf("%s", m.body)
		}
		if list, _, err := w.Deliveries(t.Context(), other, webhooks.Cursor{}, 10); err != nil || len(list) > 0 {
			t.Errorf("another was told: %v %v", list, err)
		}
		if _, _, err := w.Create(t.Context(), webhooks.Settings{URL: w.server.URL, Events: []string{"webhook.test"}}); !kind.Is(err, "webhook.event") {
			t.Error(err)
		}
		_, err = w.Update(t.Context(), id, 0, func(s *webhooks.Settings) error { s.Disabled = true; return nil })
		must(t, err)
		for id, code := range map[string]string{id: "webhook.disabled", "x": "webhook.unknown"} {
			if _, err := w.Test(t.Context(), id); !kind.Is(err, code) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

// What isn't taken is tried again, under the same id; what was given up can be replayed, once at a time.
func TestRetries(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, _ := w.create("account.created")
		other, _ := w.create("account.deleted")
		w.append("account.created", nil)
		w.answer = func(rw http.ResponseWriter) { http.Error(rw, "canary", http.StatusInternalServerError) }
		w.send()
		if d := w.state(id); d.State != webhooks.Waiting || d.Attempts != 1 || d.LastError != "answered 500" {
			t.Errorf("%+v", d)
		}
		must(t, w.Outbox.Flush(t.Context()))
		if len(w.got) != 1 {
			t.Fatalf("not a moment between %d tries", len(w.got))
		}
		w.answer = func(rw http.ResponseWriter) {
			rw.Header().Set("Location", w.server.URL+"/elsewhere")
			rw.WriteHeader(http.StatusTemporaryRedirect)
		}
		w.at = w.at.Add(20 * time.Second)
		w.send()
		if d := w.state(id); d.LastError != "answered 307" || len(w.got) != 2 {
			t.Errorf("%+v, %d tries", d, len(w.got))
		}
		replay := func(hook, delivery string) string { return kind.Code(w.Replay(t.Context(), hook, delivery)) }
		d := w.state(id)
		for what, code := range map[string]string{replay(id, d.ID): "webhook.waiting", replay(other, d.ID): "webhook.delivery_unknown", replay(id, "x"): "webhook.delivery_unknown"} {
			if what != code {
				t.Errorf("%q, want %q", what, code)
			}
		}
		w.at = w.at.Add(outbox.GiveUp)
		w.send()
		if d := w.state(id); d.State != webhooks.GivenUp {
			t.Errorf("%+v", d)
		}
		w.answer = nil
		var wait sync.WaitGroup
		won := make(chan bool, 4)
		for range cap(won) {
			wait.Go(func() { won <- w.Replay(t.Context(), id, d.ID) == nil })
		}
		wait.Wait()
		close(won)
		n := 0
		for one := range won {
			if one {
				n++
			}
		}
		w.send()
		if d := w.state(id); n != 1 || d.State != webhooks.Delivered || d.LastError != "" {
			t.Errorf("%d replays at once: %+v", n, d)
		}
		for _, m := range w.got {
			if m.header.Get("webhook-id") != d.ID {
				t.Errorf("%v", m.header)
			}
		}
		must(t, w.Replay(t.Context(), id, d.ID)) // also what was delivered
		w.send()
		if len(w.got) != 5 {
			t.Errorf("%d messages", len(w.got))
		}
	})
}

// 410 switches a webhook off; what is disabled or deleted isn't told.
func TestGone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, _ := w.create("account.created")
		w.append("account.created", nil)
		w.answer = func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusGone) }
		w.send()
		hook, err := w.Find(t.Context(), id)
		must(t, err)
		if d := w.state(id); !hook.Disabled || d.State != webhooks.GivenUp || kind.Code(w.Replay(t.Context(), id, d.ID)) != "webhook.disabled" {
			t.Errorf("%+v %+v", hook, d)
		}
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM audit WHERE event = 'webhook.updated' AND actor_kind = 'system'`); n != 1 {
			t.Error("who switched it off isn't in the record")
		}
		w.append("account.created", nil)
		w.send()
		_, err = w.Update(t.Context(), id, 0, func(s *webhooks.Settings) error { s.Disabled = false; return nil })
		must(t, err)
		w.append("account.created", nil)
		_, err = w.chain.Seal(t.Context())
		must(t, err)
		must(t, w.Delete(t.Context(), id, 0))
		must(t, w.Outbox.Flush(t.Context()))
		if len(w.got) != 1 {
			t.Errorf("%d messages", len(w.got))
		}
		// What was given up is the 410 alone: there is nobody to send again to, and no doctor to be told for a week.
		if _, parked, err := w.Store.OutboxCounts(t.Context()); err != nil || parked != 1 {
			t.Errorf("%d are given up, %v", parked, err)
		}
	})
}

// For the overlap both secrets verify, then only the new one; each is shown once.
func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, first := w.create("account.created")
		second, err := w.RotateSecret(t.Context(), id, time.Hour)
		must(t, err)
		for _, c := range []struct {
			pass  time.Duration
			first bool
		}{{0, true}, {time.Hour, false}} {
			w.at = w.at.Add(c.pass)
			w.append("account.created", nil)
			w.send()
			m := w.got[len(w.got)-1]
			if got := verify(first, m.header, m.body, w.at) == nil; got != c.first || verify(second, m.header, m.body, w.at) != nil {
				t.Errorf("after %s the first secret verifies: %v; %v", c.pass, got, m.header)
			}
		}
		for _, overlap := range []time.Duration{-1, webhooks.MaxOverlap + 1} {
			if _, err := w.RotateSecret(t.Context(), id, overlap); !kind.Is(err, "webhook.overlap") {
				t.Errorf("%s: %v", overlap, err)
			}
		}
	})
}

// Addresses and events that can't be are refused; so is a change of what somebody else changed meanwhile.
func TestSettings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		good := webhooks.Settings{URL: "https://crm.test/x", Events: []string{"account.created", "account.created"}}
		strict, _ := w.replica(false)
		for code, change := range map[string]func(*webhooks.Settings){
			"webhook.url": func(s *webhooks.Settings) { s.URL = "http://crm.test/x" }, "webhook.no_events": func(s *webhooks.Settings) { s.Events = nil },
			"webhook.event": func(s *webhooks.Settings) { s.Events = []string{"*"} }, "webhook.description": func(s *webhooks.Settings) { s.Description = "a\nb" },
		} {
			in := good
			change(&in)
			if _, _, err := strict.Create(t.Context(), in); !kind.Is(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
		for _, url := range []string{
			"", "crm.test", "//crm.test/", "https:///x", "https://u@crm.test/", "https://crm.test/#x", "ftp://crm.test/", "javascript:alert(1)", "file:///etc/passwd",
			"https://crm.test/\x00", "https://crm.test/" + strings.Repeat("x", 2048), "https://crm.test:port/",
		} {
			if _, _, err := strict.Create(t.Context(), webhooks.Settings{URL: url, Events: good.Events}); !kind.Is(err, "webhook.url") {
				t.Errorf("%q: %v", url, err)
			}
		}
		for range webhooks.Most {
			_, _, err := strict.Create(t.Context(), good)
			must(t, err)
		}
		if _, _, err := strict.Create(t.Context(), good); !kind.Is(err, "webhook.too_many") {
			t.Error(err)
		}
		list, err := w.List(t.Context())
		must(t, err)
		if diff := cmp.Diff([]string{"account.created"}, list[0].Events); diff != "" {
			t.Error(diff)
		}
		keep := func(*webhooks.Settings) error { return nil }
		_, err = w.Update(t.Context(), list[0].ID, list[0].UpdatedAt, keep)
		must(t, err)
		if _, err := w.Update(t.Context(), list[0].ID, list[0].UpdatedAt, keep); !kind.Is(err, "webhook.changed") {
			t.Error(err)
		}
		if err := w.Delete(t.Context(), list[0].ID, list[0].UpdatedAt); !kind.Is(err, "webhook.changed") {
			t.Error(err)
		}
	})
}

// N71: nobody has us call what stands behind our firewall, by name or by number.
func TestPrivateAddresses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		strict, chain := w.replica(false)
		port := w.server.URL[strings.LastIndex(w.server.URL, ":"):]
		for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"} {
			hook, _, err := strict.Create(t.Context(), webhooks.Settings{URL: "https://" + host + port, Events: []string{"account.created"}})
			must(t, err)
			w.append("account.created", nil)
			_, err = chain.Seal(t.Context())
			must(t, err)
			must(t, strict.Outbox.Flush(t.Context()))
			if d := w.state(hook.ID); d.State != webhooks.Waiting || !strings.Contains(d.LastError, "neither public") {
				t.Errorf("%s: %+v", host, d)
			}
			must(t, strict.Delete(t.Context(), hook.ID, 0))
		}
		if len(w.got) > 0 {
			t.Errorf("called: %v", w.got)
		}
	})
}

// Replicas that seal at once tell of each event once.
func TestReplicas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, _ := w.create("account.created")
		_, other := w.replica(true)
		const n = 12
		var wait sync.WaitGroup
		for _, chain := range []*record.Chain{w.chain, other} {
			wait.Go(func() {
				for range n {
					if err := chain.Store.InTx(t.Context(), func(ctx context.Context) error {
						return (&audit.Log{Store: chain.Store, Now: time.Now}).Append(ctx, audit.Event{Name: "account.created"})
					}); err != nil {
						t.Error(err)
					}
					if _, err := chain.Seal(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		storagetest.Exec(t, w.url, `DELETE FROM leases`)
		w.send()
		seen := map[string]bool{}
		after := webhooks.Cursor{}
		for {
			list, next, err := w.Deliveries(t.Context(), id, after, 10)
			must(t, err)
			for _, d := range list {
				seen[d.ID] = true
			}
			if after = next; after == (webhooks.Cursor{}) {
				break
			}
		}
		if len(seen) != 2*n {
			t.Errorf("%d deliveries of %d events", len(seen), 2*n)
		}
	})
}

// Secrets move to the current secret key.
func TestReseal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, first := w.create("account.created")
		second, err := w.RotateSecret(t.Context(), id, time.Hour)
		must(t, err)
		old, fresh := []byte(strings.Repeat("k", secret.KeySize)), []byte(strings.Repeat("n", secret.KeySize))
		w.Keyring, err = secret.NewKeyring(fresh, old)
		must(t, err)
		must(t, w.Reseal(t.Context()))
		w.Keyring, err = secret.NewKeyring(fresh)
		must(t, err)
		w.Outbox.Keyring = w.Keyring
		w.chain.Keyring, err = secret.NewKeyring(fresh, old)
		must(t, err)
		w.append("account.created", nil)
		w.send()
		for _, plain := range []string{first, second} {
			must(t, verify(plain, w.got[0].header, w.got[0].body, w.at))
		}
	})
}

// bothTold tells an address of two events, one after the other.
func (w *world) bothTold(url string) *webhooks.Webhook {
	w.t.Helper()
	hook, _, err := w.Create(w.t.Context(), webhooks.Settings{URL: url, Events: []string{"player.banned"}})
	must(w.t, err)
	for range 2 {
		w.append("player.banned", nil)
		w.send()
	}
	return hook
}

// An address that lets us wait isn't called again at once: those that answer wait behind it.
func TestWhoDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Outbound = outbound.New(outbound.Options{Timeout: 50 * time.Millisecond, Development: true})
		silent := make(chan struct{})
		var calls atomic.Int32
		hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1); <-silent }))
		t.Cleanup(hanging.Close)
		t.Cleanup(func() { close(silent) })
		hook := w.bothTold(hanging.URL)
		if n := calls.Load(); n != 1 {
			t.Errorf("called %d times", n)
		}
		list, _, err := w.Deliveries(t.Context(), hook.ID, webhooks.Cursor{}, 10)
		must(t, err)
		if len(list) != 2 || list[0].LastError == list[1].LastError || list[0].Attempts != 1 {
			t.Errorf("%+v", list)
		}
		w.at = w.at.Add(31 * time.Second)
		w.send()
		if n := calls.Load(); n != 3 {
			t.Errorf("called %d times when the rest was over", n)
		}
	})
}

// One that answers late is called for a part of the time only.
func TestWhoAnswersLateWaits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var calls atomic.Int32
		takes := 3 * time.Second
		late := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			calls.Add(1)
			w.at = w.at.Add(takes)
		}))
		t.Cleanup(late.Close)
		w.bothTold(late.URL)
		if n := calls.Load(); n != 1 {
			t.Errorf("called %d times", n)
		}
		takes = 0
		w.at = w.at.Add(12 * time.Second)
		w.append("player.banned", nil)
		w.send()
		w.append("player.banned", nil)
		w.send()
		if n := calls.Load(); n < 3 {
			t.Errorf("called %d times when the rest was over", n)
		}
	})
}
