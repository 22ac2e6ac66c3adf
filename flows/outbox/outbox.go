// Package outbox owns messages that must leave the house once what they tell of is committed: they are written, sealed,
// in the transaction of the change, and delivered by one worker at a time, at least once. It doesn't know what a message
// says or how it is sent; handlers by kind do.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pratu/flows/audit"
	"pratu/flows/secret"
	"pratu/storage"
)

const (
	sealLabel = "outbox"
	leaseTTL  = 90 * time.Second
	// sendTime bounds one delivery; below the lease, so that no second worker starts on the same message meanwhile.
	sendTime = 45 * time.Second
	idle     = 5 * time.Second
	// pause lets an answer leave before its message does: what a delivery costs would tell whoever waits for the answer
	// that somebody is written to.
	pause = 100 * time.Millisecond
	// GiveUp is how long deliveries are tried; Keep how long the row stays for an admin to look at.
	GiveUp   = 24 * time.Hour
	Keep     = 7 * 24 * time.Hour
	maxError = 300
)

// Handler delivers one payload. An error means another try later, unless it is Permanent.
type Handler func(ctx context.Context, payload []byte) error

// errPermanent marks failures that no repetition mends.
type errPermanent struct{ error }

func (e errPermanent) Unwrap() error { return e.error }

// Permanent marks a failure that trying again won't mend: the message is parked at once.
func Permanent(err error) error { return errPermanent{err} }

// IsPermanent tells whether a failure was marked as one that trying again won't mend.
func IsPermanent(err error) bool {
	var permanent errPermanent
	return errors.As(err, &permanent)
}

// Outbox writes messages and delivers them.
type Outbox struct {
	Store    *storage.Store
	Keyring  *secret.Keyring
	Now      func() time.Time
	Logger   *slog.Logger
	Handlers map[string]Handler
	Lane     string // "" for the main one; what is slow has its own
	Parallel int    // deliveries at a time; 0: one

	once   sync.Once
	busy   sync.Mutex
	holder string        // of the lease: this process
	wake   chan struct{} // capacity 1: waking twice is waking once
}

func (o *Outbox) init() {
	o.once.Do(func() {
		o.holder, o.wake = secret.ID(), make(chan struct{}, 1)
		if o.Logger == nil {
			o.Logger = slog.New(slog.DiscardHandler)
		}
	})
}

// Enqueue writes a message in the caller's transaction, whose commit wakes the worker.
func (o *Outbox) Enqueue(ctx context.Context, kind string, payload []byte) error {
	_, err := o.Put(ctx, kind, payload)
	return err
}

// Put is Enqueue for who wants to find the message again.
func (o *Outbox) Put(ctx context.Context, kind string, payload []byte) (id string, err error) {
	now := o.Now()
	id = secret.UUID()
	o.Store.AfterCommit(ctx, func(context.Context) { o.Wake() })
	return id, o.Store.Enqueue(ctx, storage.Message{
		ID: id, Lane: o.Lane, Kind: kind, Payload: o.Keyring.Seal(sealLabel, payload, id),
		CreatedAt: storage.At(now), NextAttemptAt: storage.At(now), ExpiresAt: storage.At(now.Add(Keep)),
	})
}

// Wake makes a running worker look at once.
func (o *Outbox) Wake() {
	o.init()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends.
func (o *Outbox) Run(ctx context.Context) error {
	o.init()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-o.wake:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		case <-timer.C:
		}
		if err := o.flush(ctx); err != nil && ctx.Err() == nil {
			o.Logger.WarnContext(ctx, "outbox can't be read and is tried again", "event", "outbox.failed", "err", err)
		}
		timer.Reset(idle)
	}
}

// Flush delivers what is due now and returns when nothing is left, or another process is at it.
func (o *Outbox) Flush(ctx context.Context) error {
	o.init()
	return o.flush(ctx)
}

func (o *Outbox) flush(ctx context.Context) error {
	o.busy.Lock() // the lease keeps other processes away, not this one's
	defer o.busy.Unlock()
	if due, err := o.due(ctx); err != nil || len(due) == 0 { // most looks find nothing, and write nothing
		return err
	}
	for {
		if mine, err := o.lease(ctx); err != nil || !mine {
			return err
		}
		// Each is read under the lease: what was due before, another worker may have delivered meanwhile, also while
		// this one slept past its lease.
		due, err := o.due(ctx)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return o.Store.ReleaseLease(ctx, o.leaseName(), o.holder)
		}
		if err := o.deliverAll(ctx, due); err != nil {
			return err
		}
	}
}

func (o *Outbox) deliverAll(ctx context.Context, due []storage.Message) error {
	var all errgroup.Group
	for _, m := range due {
		all.Go(func() error { return o.deliver(ctx, m) })
	}
	return all.Wait()
}

func (o *Outbox) due(ctx context.Context) ([]storage.Message, error) {
	return o.Store.DueMessages(ctx, o.Lane, storage.At(o.Now()), max(o.Parallel, 1))
}

// lease takes the work, or keeps it for another message's time.
func (o *Outbox) lease(ctx context.Context) (mine bool, err error) {
	return o.Store.AcquireLease(ctx, o.leaseName(), o.holder, storage.At(o.Now()), leaseTTL)
}

func (o *Outbox) leaseName() string { return strings.TrimSuffix("outbox."+o.Lane, ".") }

// deliver sends one message and writes down what became of it. Its error is one of the database.
func (o *Outbox) deliver(ctx context.Context, m storage.Message) error {
	failure := o.send(ctx, m)
	// What happened is written down even when the process is being stopped: else it would happen again.
	ctx = context.WithoutCancel(ctx)
	now := o.Now()
	next := now.Add(backoff(int(m.Attempts)))
	switch {
	case failure == nil:
		return o.Store.MarkDelivered(ctx, m.ID, storage.At(now))
	case IsPermanent(failure) || next.After(m.CreatedAt.Time().Add(GiveUp)):
		o.Logger.ErrorContext(ctx, "message given up", "event", "outbox.parked", "id", m.ID, "kind", m.Kind, "err", failure)
		return o.Store.Park(ctx, m.ID, storage.At(now), short(failure))
	}
	o.Logger.WarnContext(ctx, "message not delivered, tried again later", "event", "outbox.retry", "id", m.ID, "kind", m.Kind, "err", failure)
	return o.Store.MarkFailed(ctx, m.ID, storage.At(next), short(failure))
}

func (o *Outbox) send(ctx context.Context, m storage.Message) (err error) {
	defer func() {
		if v := recover(); v != nil { // poison ends itself, not the worker
			err = Permanent(fmt.Errorf("panic: %v", v))
		}
	}()
	handler := o.Handlers[m.Kind]
	if handler == nil {
		return Permanent(fmt.Errorf("no handler for messages of kind %q", m.Kind))
	}
	payload, err := o.Keyring.Open(sealLabel, m.Payload, m.ID)
	if err != nil {
		return Permanent(err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return handler(ctx, payload)
}

// backoff is 15 s, 30 s, 1 min … at most 2 h.
func backoff(attempts int) time.Duration {
	return min(15*time.Second<<min(attempts, 20), 2*time.Hour)
}

// short makes another server's words fit for a column of either database. A failure that can't be written down would be
// tried again at once, for ever.
func short(err error) string { return audit.Printable(err.Error(), maxError) }
