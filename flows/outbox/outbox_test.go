package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

const kind = "letter"

// post is an outbox whose handler writes down what it is given, and fails as told.
type post struct {
	*outbox.Outbox
	clock *clock

	mu    sync.Mutex
	got   []string
	fails map[string]error
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time        { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) pass(d time.Duration)  { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }
func newClock() *clock                 { return &clock{at: time.Now().Truncate(time.Millisecond)} }
func key() []byte                      { return []byte(strings.Repeat("k", 32)) }
func (p *post) fail(s string, e error) { p.mu.Lock(); defer p.mu.Unlock(); p.fails[s] = e }
func (p *post) received() []string     { p.mu.Lock(); defer p.mu.Unlock(); return slices.Clone(p.got) }
func (p *post) times(text string) (n int) {
	for _, s := range p.received() {
		if s == text {
			n++
		}
	}
	return n
}

func newPost(t *testing.T, s *storage.Store, c *clock) *post {
	t.Helper()
	ring, err := secret.NewKeyring(key())
	if err != nil {
		t.Fatal(err)
	}
	p := &post{clock: c, fails: map[string]error{}}
	p.Outbox = &outbox.Outbox{Store: s, Keyring: ring, Now: c.now, Handlers: map[string]outbox.Handler{kind: p.handle}}
	return p
}

func (p *post) handle(_ context.Context, payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, string(payload))
	if payload[0] == '!' {
		panic("poison")
	}
	return p.fails[string(payload)]
}

func (p *post) put(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		err := p.Store.InTx(t.Context(), func(ctx context.Context) error { return p.Enqueue(ctx, kind, []byte(text)) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (p *post) flush(t *testing.T) {
	t.Helper()
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A message leaves with the commit of its change or never; it leaves once.
func TestLeavesWithTheChange(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		p := newPost(t, s, newClock())
		changed := errors.New("the change failed")
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(p.Enqueue(ctx, kind, []byte("never")), changed)
		})
		if !errors.Is(err, changed) {
			t.Fatal(err)
		}
		p.put(t, "one", "two")
		p.flush(t)
		p.flush(t)
		if got := p.received(); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"one", "two"}) {
			t.Errorf("delivered %q", got)
		}
	})
}

// A failing server is asked again at growing distances, for a day; others don't wait behind it.
func TestTriesAgain(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := newClock()
		p := newPost(t, s, c)
		p.fail("late", errors.New("\xff\x00"+strings.Repeat("ไม่รับ ", 100))) // what a server may answer
		p.put(t, "late", "prompt")
		p.flush(t)
		if p.times("late") != 1 || p.times("prompt") != 1 {
			t.Fatalf("delivered %q", p.received())
		}
		p.flush(t)
		c.pass(14 * time.Second)
		p.flush(t)
		if p.times("late") != 1 {
			t.Error("tried again before its time")
		}
		c.pass(2 * time.Second)
		p.flush(t)
		if p.times("late") != 2 {
			t.Error("not tried again")
		}
		for range 400 {
			c.pass(10 * time.Minute)
			p.flush(t)
		}
		if n := p.times("late"); n < 8 || n > 25 {
			t.Errorf("tried %d times in all", n)
		}
		p.fail("late", nil)
		before := p.times("late")
		c.pass(3 * time.Hour)
		p.flush(t)
		if p.times("late") != before {
			t.Error("tried again after it was given up")
		}
	})
}

// What no repetition mends is parked at once, and poison kills neither the worker nor the messages behind it.
func TestParks(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := newClock()
		p := newPost(t, s, c)
		p.fail("nobody", outbox.Permanent(errors.New("no such mailbox")))
		p.put(t, "nobody", "!poison", "fine")
		if err := s.InTx(t.Context(), func(ctx context.Context) error { return p.Enqueue(ctx, "unheard of", []byte("x")) }); err != nil {
			t.Fatal(err)
		}
		p.flush(t)
		c.pass(5 * time.Hour)
		p.flush(t)
		if got := p.received(); len(got) != 3 || p.times("fine") != 1 {
			t.Errorf("delivered %q", got)
		}
	})
}

// Payloads hold codes and addresses: who reads the table learns nothing, and another key opens nothing.
func TestSealed(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		p := newPost(t, s, newClock())
		p.put(t, "code 123456")
		due, err := s.DueMessages(t.Context(), "", storage.At(p.clock.now()), 10)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		if strings.Contains(due[0].Payload, "123456") {
			t.Errorf("the row says %s", due[0].Payload)
		}
		stranger, err := secret.NewKeyring([]byte(strings.Repeat("x", 32)))
		if err != nil {
			t.Fatal(err)
		}
		p.Keyring = stranger
		p.flush(t)
		if len(p.received()) != 0 {
			t.Error("delivered with another key")
		}
	})
}

// Several replicas, each with a worker that is woken again and again: every message leaves exactly once.
func TestReplicasShareTheWork(t *testing.T) {
	storagetest.Replicas(t, 3, func(t *testing.T, stores []*storage.Store) {
		c := newClock()
		counts := map[string]int{}
		var mu sync.Mutex
		ctx, cancel := context.WithCancel(t.Context())
		var posts []*post
		var wg sync.WaitGroup
		for _, s := range stores {
			p := newPost(t, s, c)
			p.Handlers[kind] = func(_ context.Context, payload []byte) error {
				mu.Lock()
				defer mu.Unlock()
				counts[string(payload)]++
				return nil
			}
			posts = append(posts, p)
			wg.Go(func() { _ = p.Run(ctx) })
		}
		want := map[string]int{}
		for i := range 60 {
			text := fmt.Sprintf("letter %d", i)
			want[text] = 1
			posts[i%len(posts)].put(t, text)
			posts[i%len(posts)].Wake()
		}
		all := func() bool { mu.Lock(); defer mu.Unlock(); return len(counts) == len(want) }
		for deadline := time.Now().Add(30 * time.Second); !all() && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			posts[0].Wake()
		}
		cancel()
		wg.Wait()
		if !maps.Equal(counts, want) {
			t.Errorf("deliveries: %v", counts)
		}
	})
}

// A worker that slept past its lease, with a machine that was suspended, doesn't go on with what it remembers.
func TestSleepsPastItsLease(t *testing.T) {
	storagetest.Replicas(t, 2, func(t *testing.T, stores []*storage.Store) {
		c := newClock()
		sleeper, other := newPost(t, stores[0], c), newPost(t, stores[1], c)
		sleeper.put(t, "one")
		c.pass(time.Second)
		sleeper.put(t, "two")
		sleeper.Handlers[kind] = func(ctx context.Context, payload []byte) error {
			c.pass(10 * time.Minute)
			other.flush(t)
			return sleeper.handle(ctx, payload)
		}
		sleeper.flush(t)
		if got := append(sleeper.received(), other.received()...); !slices.Equal(got, []string{"one", "one", "two"}) {
			// The first was on its way when the machine fell asleep: nobody can know whether it arrived.
			t.Errorf("delivered %q", got)
		}
	})
}

// A lease that its holder lost, with the process that held it, is free after a while; until then nobody else delivers.
func TestTakesOver(t *testing.T) {
	storagetest.Replicas(t, 2, func(t *testing.T, stores []*storage.Store) {
		c := newClock()
		dead, heir := newPost(t, stores[0], c), newPost(t, stores[1], c)
		dead.put(t, "one", "two")
		ctx, kill := context.WithCancel(t.Context())
		dead.Handlers[kind] = func(context.Context, []byte) error { kill(); return nil }
		if err := dead.Flush(ctx); err == nil {
			t.Fatal("a worker without a database went on")
		}
		heir.flush(t)
		if got := heir.received(); len(got) != 0 {
			t.Errorf("%q beside the holder of the lease", got)
		}
		c.pass(2 * time.Minute)
		heir.flush(t)
		if got := heir.received(); len(got) != 1 {
			t.Errorf("delivered %q", got)
		}
	})
}

// Commands flush while the process's own worker runs: it is one worker all the same.
func TestFlushBesideRun(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		p := newPost(t, s, newClock())
		begun := make(chan struct{}, 9)
		p.Handlers[kind] = func(ctx context.Context, payload []byte) error {
			begun <- struct{}{}
			time.Sleep(100 * time.Millisecond)
			return p.handle(ctx, payload)
		}
		p.put(t, "one")
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = p.Run(ctx) })
		<-begun
		p.flush(t)
		cancel()
		run.Wait()
		if got := p.received(); !slices.Equal(got, []string{"one"}) {
			t.Errorf("delivered %q", got)
		}
	})
}

// Somebody who looks into the outbox finds how many wait, how many were given up, and why.
func TestCounts(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := newClock()
		p := newPost(t, s, c)
		p.fail("busy", errors.New("421 busy"))
		p.fail("gone", outbox.Permanent(errors.New("550 gone")))
		p.put(t, "busy", "gone", "fine", "!poison")
		p.flush(t)
		if waiting, parked, err := s.OutboxCounts(t.Context()); err != nil || waiting != 1 || parked != 2 {
			t.Errorf("%d wait, %d parked, %v", waiting, parked, err)
		}
		due, err := s.DueMessages(t.Context(), "", storage.At(c.now().Add(15*time.Second)), 9)
		if err != nil || len(due) != 1 || due[0].LastError != "421 busy" || due[0].Attempts != 1 {
			t.Errorf("%+v %v", due, err)
		}
		if early, err := s.DueMessages(t.Context(), "", storage.At(c.now().Add(14*time.Second)), 9); err != nil || len(early) != 0 {
			t.Errorf("%+v %v", early, err)
		}
	})
}

// A lane of its own: what doesn't answer there holds up nobody elsewhere, and, with several on their way at a time, not
// even those behind it.
func TestLanes(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		c := newClock()
		mails, calls := newPost(t, s, c), newPost(t, s, c)
		calls.Lane, calls.Parallel = "calls", 2
		silent, answered := make(chan struct{}), make(chan struct{})
		calls.Handlers = map[string]outbox.Handler{kind: func(ctx context.Context, payload []byte) error {
			if string(payload) == "prompt" {
				close(answered)
				return nil
			}
			select {
			case <-silent:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		calls.put(t, "silent", "prompt")
		mails.put(t, "mail")
		done := make(chan error)
		go func() { done <- calls.Flush(t.Context()) }()
		<-answered
		mails.flush(t)
		if mails.times("mail") != 1 || len(mails.received()) != 1 {
			t.Errorf("delivered %q", mails.received())
		}
		close(silent)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if waiting, parked, err := s.OutboxCounts(t.Context()); err != nil || waiting+parked != 0 {
			t.Errorf("%d wait, %d parked, %v", waiting, parked, err)
		}
	})
}

// A commit wakes the worker by itself; nobody has to think of it.
func TestCommitWakes(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		p := newPost(t, s, newClock())
		ctx, cancel := context.WithCancel(t.Context())
		came := make(chan struct{}, 9)
		p.Handlers[kind] = func(context.Context, []byte) error { came <- struct{}{}; return nil }
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		for range 3 { // the first may be found by the first look, the next ones would have to wait for seconds
			began := time.Now()
			p.put(t, "now")
			<-came
			if waited := time.Since(began); waited > 3*time.Second {
				t.Errorf("waited %s", waited)
			}
		}
		cancel()
		<-ended
	})
}
