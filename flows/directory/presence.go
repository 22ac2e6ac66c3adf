package directory

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pratu/storage"
)

const (
	presenceEvery = 5 * time.Second
	presenceTime  = 10 * time.Second // for the last write
	presenceRest  = time.Minute      // between two writes about one thing
	presenceMax   = 50_000           // things to remember; beyond it they are written more often
)

// Presence notes in passing who was where: channels and devices of accounts, uses of API keys and secrets, calls of clients. A sign-in
// doesn't wait for that: it is collected in memory and written every few seconds, about one thing once a minute, and at the
// end of the process. A process that is killed loses seconds. A nil Presence notes nothing.
type Presence struct {
	Store  *storage.Store
	Logger *slog.Logger
	Now    func() time.Time

	mu       sync.Mutex
	channels map[[2]string]storage.ChannelAccess
	devices  map[[2]string]storage.AccountDevice
	keys     map[string]storage.KeyUse
	secrets  map[string]storage.KeyUse
	calls    map[storage.CallCount]int64
	written  map[[3]string]time.Time // when what was written last
	alarms   map[string]time.Time    // until when a client's excess was noted
}

// SignedIn notes that somebody signed in by a channel, and on a device where the application named one.
func (p *Presence) SignedIn(accountID, channel string, device storage.AccountDevice) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := storage.At(p.Now())
	if channel != "" {
		put(&p.channels, [2]string{accountID, channel}, storage.ChannelAccess{AccountID: accountID, Channel: channel, At: now})
	}
	if device.DeviceID != "" {
		device.AccountID, device.FirstSeenAt, device.LastSeenAt = accountID, now, now
		put(&p.devices, [2]string{accountID, device.DeviceID}, device)
	}
}

// KeyUsed notes that an API key worked.
func (p *Presence) KeyUsed(keyID string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	put(&p.keys, keyID, storage.KeyUse{KeyID: keyID, At: storage.At(p.Now())})
}

// SecretUsed notes that a client's secret was right.
func (p *Presence) SecretUsed(secretID string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	put(&p.secrets, secretID, storage.KeyUse{KeyID: secretID, At: storage.At(p.Now())})
}

// Called counts a call of a client's.
func (p *Presence) Called(clientID, call string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	day := storage.CallCount{ClientID: clientID, Call: call, Day: p.Now().Unix() / 86400}
	put(&p.calls, day, p.calls[day]+1)
}

func put[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = v
}

// firstAlarm tells whether a client's excess is news.
func (p *Presence) firstAlarm(clientID string, lasts time.Duration) bool {
	if p == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	if now.Before(p.alarms[clientID]) {
		return false
	}
	put(&p.alarms, clientID, now.Add(lasts))
	return true
}

// Run writes until ctx ends, and then what is left.
func (p *Presence) Run(ctx context.Context) error {
	tick := time.NewTicker(presenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), presenceTime)
			defer cancel()
			return p.Flush(last, true)
		case <-tick.C:
			if err := p.Flush(ctx, false); err != nil { // it stays in memory
				p.Logger.Warn("presence isn't written yet", "event", "presence.failed", "err", err)
			}
		}
	}
}

// Flush writes what is due, or all of it. What couldn't be written stays for the next time.
func (p *Presence) Flush(ctx context.Context, all bool) error {
	batch := p.take(all)
	if len(batch.Channels)+len(batch.Devices)+len(batch.Keys)+len(batch.Secrets)+len(batch.Calls) == 0 {
		return nil
	}
	err := p.Store.NotePresence(ctx, batch)
	if err != nil {
		p.putBack(batch)
	}
	return err
}

// take removes what is due. What was written less than a minute ago waits for its time.
func (p *Presence) take(all bool) (batch storage.Presence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	all = all || len(p.channels)+len(p.devices) > presenceMax
	due := func(what ...string) bool {
		var key [3]string
		copy(key[:], what)
		if !all && now.Sub(p.written[key]) < presenceRest {
			return false
		}
		put(&p.written, key, now)
		return true
	}
	for key, at := range p.written {
		if now.Sub(at) >= presenceRest {
			delete(p.written, key)
		}
	}
	for key, c := range p.channels {
		if due("channel", key[0], key[1]) {
			batch.Channels = append(batch.Channels, c)
			delete(p.channels, key)
		}
	}
	for key, d := range p.devices {
		if due("device", key[0], key[1]) {
			batch.Devices = append(batch.Devices, d)
			delete(p.devices, key)
		}
	}
	for key, k := range p.keys {
		if due("key", key) {
			batch.Keys = append(batch.Keys, k)
			delete(p.keys, key)
		}
	}
	for key, k := range p.secrets {
		if due("secret", key) {
			batch.Secrets = append(batch.Secrets, k)
			delete(p.secrets, key)
		}
	}
	for day, n := range p.calls {
		day.Calls = n
		batch.Calls = append(batch.Calls, day)
	}
	clear(p.calls)
	return batch
}

// putBack keeps what is newer.
func (p *Presence) putBack(batch storage.Presence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range batch.Channels {
		if key := [2]string{c.AccountID, c.Channel}; p.channels[key].At < c.At {
			put(&p.channels, key, c)
		}
	}
	for _, d := range batch.Devices {
		if key := [2]string{d.AccountID, d.DeviceID}; p.devices[key].LastSeenAt < d.LastSeenAt {
			put(&p.devices, key, d)
		}
	}
	for _, k := range batch.Keys {
		if p.keys[k.KeyID].At < k.At {
			put(&p.keys, k.KeyID, k)
		}
	}
	for _, k := range batch.Secrets {
		if p.secrets[k.KeyID].At < k.At {
			put(&p.secrets, k.KeyID, k)
		}
	}
	for _, c := range batch.Calls {
		n := c.Calls
		c.Calls = 0
		put(&p.calls, c, p.calls[c]+n)
	}
	clear(p.written) // the next time is soon
}
