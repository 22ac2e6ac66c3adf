package storage

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What the janitor keeps beyond its expiry, and for how long.
const (
	// KeepExpired covers replicas whose clocks differ: what one of them still honours must not be gone, least of all the
	// marks of things seen once.
	KeepExpired = time.Minute
	// KeepInteractions is how long a page of a sign-in that is over knows which application to go back to. The request itself,
	// which anybody can make long, isn't kept with it.
	KeepInteractions = 24 * time.Hour
	// KeepSessions is how long an ended session answers a late sign-out of a relying party.
	KeepSessions = 7 * 24 * time.Hour
	// KeepSecrets is how long an admin can still see that a secret of a client or a registration token has expired.
	KeepSecrets = 30 * 24 * time.Hour
	// KeepCalls is how far back the counts of clients' calls go: the same month a year ago.
	KeepCalls = 400 * 24 * time.Hour
	// KeepFigures is how far back the figures of the office go.
	KeepFigures = 400 * 24 * time.Hour
)

// Bounds of one Purge: what a statement may lock, and how long all of them may take.
const (
	purgeBatch = 500 // as in the queries
	purgeTime  = 5 * time.Second
)

// purge is one kind of rows that go. The query's parameter is the instant before which they ended; how many is spelled
// out, since PostgreSQL plans a limit that it doesn't know for a tenth of the table.
type purge struct {
	name  string
	keep  time.Duration
	query string
}

// purges is every table with an expiry; the record's rows go with their seals, by flows/record. Readers never depend on it: what expired is refused whether it was removed or not.
// Tokens go before their grants, since a grant row is the family that a replayed token accuses.
func purges() []purge {
	byID := func(table, condition string) string {
		return `DELETE FROM ` + table + ` WHERE id IN (SELECT id FROM ` + table + ` WHERE ` + condition + ` LIMIT 500)`
	}
	byPair := func(table, pair string) string {
		return `DELETE FROM ` + table + ` WHERE (` + pair + `) IN (SELECT ` + pair + ` FROM ` + table + ` WHERE expires_at <= ? LIMIT 500)`
	}
	return []purge{
		{"pending_registrations", KeepExpired, byID("pending_registrations", "expires_at <= ?")},
		{"challenges", KeepExpired, byID("challenges", "expires_at <= ?")},
		{"one_time_links", KeepExpired, byID("one_time_links", "expires_at <= ?")},
		{"interactions", KeepInteractions, byID("interactions", "expires_at <= ?")},
		{"requests of interactions", KeepExpired, `UPDATE interactions SET form = '' WHERE id IN
			(SELECT id FROM interactions WHERE form <> '' AND expires_at <= ? LIMIT 500)`},
		{"pushed_requests", KeepExpired, byID("pushed_requests", "expires_at <= ?")},
		{"device_authorizations", KeepExpired, byID("device_authorizations", "expires_at <= ?")},
		{"federation_requests", KeepExpired, byID("federation_requests", "expires_at <= ?")},
		{"trials", KeepExpired, byID("trials", "expires_at <= ?")},
		{"seen", KeepExpired, byID("seen", "expires_at <= ?")},
		{"limits", KeepExpired, byID("limits", "window_end <= ?")},
		{"tokens", KeepExpired, byID("tokens", "expires_at <= ?")},
		{"tokens of grants", KeepExpired, `DELETE FROM tokens WHERE id IN (SELECT t.id FROM grants g
			JOIN tokens t ON t.grant_id = g.id WHERE g.expires_at <= ? LIMIT 500)`},
		{"grants", KeepExpired, `DELETE FROM grants WHERE id IN (SELECT g.id FROM grants g WHERE g.expires_at <= ?
			AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.grant_id = g.id) LIMIT 500)`},
		{"consents", KeepExpired, byPair("consents", "account_id, client_id")},
		{"known_browsers", KeepExpired, byPair("known_browsers", "account_id, browser_hash")},
		{"sessions that expired", KeepSessions, byID("sessions", "expires_at <= ?")},
		{"sessions that were ended", KeepSessions, byID("sessions", "ended_at > 0 AND ended_at <= ?")},
		{"outbox", KeepExpired, byID("outbox", "expires_at <= ?")},
		{"webhook_deliveries", KeepExpired, byID("webhook_deliveries", "expires_at <= ?")},
		{"client_secrets", KeepSecrets, byID("client_secrets", "expires_at > 0 AND expires_at <= ?")},
		{"registration_tokens", KeepSecrets, byID("registration_tokens", "expires_at <= ?")},
		{"api_keys", KeepSecrets, byID("api_keys", "expires_at > 0 AND expires_at <= ?")},
		{"api_keys that were revoked", KeepSecrets, byID("api_keys", "revoked_at > 0 AND revoked_at <= ?")},
		{"call_counts", KeepCalls, `DELETE FROM call_counts WHERE (client_id, call, day) IN (SELECT client_id, call, day FROM call_counts
			WHERE day <= CAST(? AS BIGINT) / 86400000 LIMIT 500)`},
		{"answers", KeepExpired, byID("answers", "expires_at <= ?")},
		{"figures", KeepFigures, `DELETE FROM figures WHERE (hour, name) IN (SELECT hour, name FROM figures WHERE hour <= ? LIMIT 500)`},
	}
}

// Purge removes what ended, in small transactions, a batch of each table in turn, and returns how many rows went. It
// stops after a few seconds; the next call goes on. Any number of replicas may run it at once.
func (s *Store) Purge(ctx context.Context, now Instant) (rows int64, err error) {
	began := time.Now()
	for {
		var failures []error
		more := false
		for _, p := range purges() {
			if time.Since(began) > purgeTime || ctx.Err() != nil {
				return rows, errors.Join(append(failures, s.failure(ctx.Err()))...)
			}
			n, err := s.exec(ctx, p.query, now.Add(-p.keep))
			rows += n
			more = more || n == purgeBatch
			if err != nil { // one table's trouble doesn't let the others grow
				failures = append(failures, fmt.Errorf("purge %s: %w", p.name, err))
			}
		}
		if !more || len(failures) > 0 {
			return rows, errors.Join(failures...)
		}
	}
}
