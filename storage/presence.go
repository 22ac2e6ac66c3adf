package storage

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Presence is what is noted in passing, many things at once: a replica collects it and writes now and then.
type Presence struct {
	Channels []ChannelAccess
	Devices  []AccountDevice
	Keys     []KeyUse
	Secrets  []KeyUse
	Calls    []CallCount
}

// ChannelAccess is a sign-in to an account by a channel.
type ChannelAccess struct {
	AccountID string  `db:"account_id"`
	Channel   string  `db:"channel"`
	At        Instant `db:"last_access_at"`
}

// AccountDevice is a device that an application named at a sign-in.
type AccountDevice struct {
	AccountID   string  `db:"account_id"`
	DeviceID    string  `db:"device_id"`
	Model       string  `db:"model"`
	ClientID    string  `db:"client_id"`
	FirstSeenAt Instant `db:"first_seen_at"`
	LastSeenAt  Instant `db:"last_seen_at"`
}

// KeyUse is that an API key, or a client's secret, worked.
type KeyUse struct {
	KeyID string
	At    Instant
}

// CallCount is how often a client called something on a day.
type CallCount struct {
	ClientID string `db:"client_id"`
	Call     string `db:"call"`
	Day      int64  `db:"day"` // since the epoch
	Calls    int64  `db:"calls"`
}

// presenceBatch is how many rows one statement writes.
const presenceBatch = 200

// NotePresence writes what was collected. An account that was erased meanwhile gets nothing back. Rows are written in one
// order, so that replicas don't wait for each other in a ring.
func (s *Store) NotePresence(ctx context.Context, p Presence) error {
	slices.SortFunc(p.Channels, func(a, b ChannelAccess) int {
		return cmp.Or(strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.Channel, b.Channel))
	})
	slices.SortFunc(p.Devices, func(a, b AccountDevice) int {
		return cmp.Or(strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.DeviceID, b.DeviceID))
	})
	byKey := func(a, b KeyUse) int { return strings.Compare(a.KeyID, b.KeyID) }
	slices.SortFunc(p.Keys, byKey)
	slices.SortFunc(p.Secrets, byKey)
	slices.SortFunc(p.Calls, func(a, b CallCount) int {
		return cmp.Or(strings.Compare(a.ClientID, b.ClientID), strings.Compare(a.Call, b.Call), cmp.Compare(a.Day, b.Day))
	})
	return s.InTx(ctx, func(ctx context.Context) error {
		for some := range slices.Chunk(p.Channels, presenceBatch) {
			if err := s.noteChannels(ctx, some); err != nil {
				return err
			}
		}
		for some := range slices.Chunk(p.Devices, presenceBatch) {
			if err := s.noteDevices(ctx, some); err != nil {
				return err
			}
		}
		for _, k := range p.Keys {
			if _, err := s.exec(ctx, `UPDATE api_keys SET last_used_at = ? WHERE id = ? AND last_used_at < ?`, k.At, k.KeyID, k.At); err != nil {
				return err
			}
		}
		for _, k := range p.Secrets {
			if _, err := s.exec(ctx, `UPDATE client_secrets SET last_used_at = ? WHERE id = ? AND last_used_at < ?`, k.At, k.KeyID, k.At); err != nil {
				return err
			}
		}
		for _, c := range p.Calls {
			_, err := s.exec(ctx, `INSERT INTO call_counts (client_id, call, day, calls) VALUES (?, ?, ?, ?)
				ON CONFLICT (client_id, call, day) DO UPDATE SET calls = call_counts.calls + excluded.calls`, c.ClientID, c.Call, c.Day, c.Calls)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// notErased leaves out accounts of which only the row is left, or soon will be.
const notErased = `JOIN accounts a ON a.id = w.column1 AND a.status NOT IN ('3', '4')`

func (s *Store) noteChannels(ctx context.Context, some []ChannelAccess) error {
	var args []any
	for _, c := range some {
		args = append(args, c.AccountID, c.Channel, c.At)
	}
	_, err := s.exec(ctx, `INSERT INTO channel_access (account_id, channel, last_access_at)
		SELECT w.column1, w.column2, CAST(w.column3 AS BIGINT) FROM (VALUES `+valueRows(len(some), 3)+`) AS w `+notErased+`
		WHERE true ON CONFLICT (account_id, channel) DO UPDATE SET last_access_at = excluded.last_access_at
		WHERE channel_access.last_access_at < excluded.last_access_at`, args...)
	return err
}

func (s *Store) noteDevices(ctx context.Context, some []AccountDevice) error {
	var args []any
	for _, d := range some {
		args = append(args, d.AccountID, d.DeviceID, d.Model, d.ClientID, d.LastSeenAt)
	}
	_, err := s.exec(ctx, `INSERT INTO devices (account_id, device_id, model, client_id, first_seen_at, last_seen_at)
		SELECT w.column1, w.column2, w.column3, w.column4, CAST(w.column5 AS BIGINT), CAST(w.column5 AS BIGINT)
		FROM (VALUES `+valueRows(len(some), 5)+`) AS w `+notErased+`
		WHERE true ON CONFLICT (account_id, device_id) DO UPDATE SET last_seen_at = excluded.last_seen_at,
		model = CASE WHEN excluded.model = '' THEN devices.model ELSE excluded.model END, client_id = excluded.client_id
		WHERE devices.last_seen_at < excluded.last_seen_at`, args...)
	if err != nil {
		return err
	}
	accounts := []any{}
	for _, d := range some {
		accounts = append(accounts, d.AccountID)
	}
	// A browser names as many as it likes: what wouldn't be shown isn't kept.
	_, err = s.exec(ctx, `DELETE FROM devices WHERE account_id IN (?`+strings.Repeat(", ?", len(accounts)-1)+`) AND last_seen_at <
		(SELECT d.last_seen_at FROM devices d WHERE d.account_id = devices.account_id ORDER BY d.last_seen_at DESC LIMIT 1 OFFSET ?)`,
		append(accounts, MaxDevices-1)...)
	return err
}

// valueRows is n rows of so many parameters.
func valueRows(n, columns int) string {
	row := "(" + strings.Repeat("?, ", columns-1) + "?)"
	return strings.Repeat(row+", ", n-1) + row
}

// ChannelsOfAccount reads when an account was last signed in to by each channel.
func (s *Store) ChannelsOfAccount(ctx context.Context, accountID string) (list []ChannelAccess, err error) {
	err = s.list(ctx, &list, `SELECT account_id, channel, last_access_at FROM channel_access WHERE account_id = ? ORDER BY channel`, accountID)
	return list, err
}

// MaxDevices is how many of an account's devices are kept.
const MaxDevices = 100

// DevicesOfAccount reads the devices that applications named, the last seen first.
func (s *Store) DevicesOfAccount(ctx context.Context, accountID string) (list []AccountDevice, err error) {
	err = s.list(ctx, &list, `SELECT account_id, device_id, model, client_id, first_seen_at, last_seen_at FROM devices
		WHERE account_id = ? ORDER BY last_seen_at DESC, device_id LIMIT ?`, accountID, MaxDevices)
	return list, err
}

// ForgetDevice removes a device from an account's; any other is ErrNotFound.
func (s *Store) ForgetDevice(ctx context.Context, accountID, deviceID string) error {
	return s.guarded(ctx, `DELETE FROM devices WHERE account_id = ? AND device_id = ?`, accountID, deviceID)
}

// CallCounts reads how often clients, or one of them, called what is counted, from a day on; those that come after one that was
// read before.
func (s *Store) CallCounts(ctx context.Context, clientID string, from int64, after CallCount, limit int) (list []CallCount, err error) {
	err = s.list(ctx, &list, `SELECT client_id, call, day, calls FROM call_counts WHERE day >= ? AND (client_id = ? OR ? = '')
		AND (client_id, call, day) > (?, ?, ?) ORDER BY client_id, call, day LIMIT ?`,
		from, clientID, clientID, after.ClientID, after.Call, after.Day, limit)
	return list, err
}
