package main

import (
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// grantsPerSession: an account has one session here, and in it as many grants.
const grantsPerSession = 10

// filledTables are those that grow with people and their grants.
var filledTables = []string{
	"accounts", "contacts", "contact_digests", "credentials", "known_browsers", "sessions", "consents", "audit", "one_time_links", "outbox", "grants", "tokens",
}

// The keys look and lie like the product's, so that what it inserts meets pages anywhere. They are written in their own
// order: in any other, a database larger than its memory fills for hours.
var fillStatements = []string{
	`INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at)
		SELECT k, 8000000000000000 + :from + n, left(encode(sha256(k::bytea), 'hex'), 24), '1', ':client', 'th', '{}', :now, :now`,
	`INSERT INTO contacts (id, account_id, kind, value, preferred, added_at, verified_at)
		SELECT k, k, 'email', repeat('v', 80), 1, :now, :now`,
	`INSERT INTO contact_digests (contact_id, kind, key_id, digest, verified) SELECT k, 'email', '1', k, 1`,
	`INSERT INTO credentials (id, account_id, kind, secret, created_at, last_used_at)
		SELECT k, k, 'password', repeat('p', 95), :now, :now`,
	`INSERT INTO known_browsers (account_id, browser_hash, last_seen_at, expires_at) SELECT k, k, :now, :later`,
	`INSERT INTO sessions (id, cookie_hash, account_id, auth_time, acr, amr, ip, user_agent, created_at, selected_at, last_seen_at,
		expires_at, ended_at) SELECT k, k, k, :now, '1', 'pwd', '192.0.2.1', repeat('u', 100), :now, :now, :now, :later, 0`,
	`INSERT INTO consents (account_id, client_id, scopes, claims, granted_at, expires_at)
		SELECT k, ':client', 'openid profile email', '', :now, :later`,
	`INSERT INTO audit (id, at, event, outcome, actor_kind, actor_id, account_id, client_id, session_id, ip, user_agent,
		request_id, reason, details) SELECT k, :now - n, 'signin.succeeded', 'success', 'account', k, k, ':client', k, '192.0.2.1',
		repeat('u', 100), '', '', '{}'`,
	`INSERT INTO one_time_links (id, purpose, account_id, subject, created_at, expires_at, used_at)
		SELECT k, 'end-session', k, k, :now, :later, 0`,
	`INSERT INTO outbox (id, kind, payload, created_at, next_attempt_at, attempts, last_error, delivered_at, parked_at, expires_at)
		SELECT k, 'mail', '', :now, :now, 0, '', :now, 0, :later`,
	`INSERT INTO grants (id, client_id, account_id, session_id, subject, scopes, audience, claims, auth_time, acr, amr, form,
		code_hash, code_expires_at, code_used_at, failed_proofs, offline, created_at, expires_at, revoked_at)
		SELECT k, ':client', owner, owner, '8000000000000000', 'openid profile email', '', '', :now, '1', 'pwd', repeat('f', 200),
		k, :now, :now, 0, 0, :now, :later, 0`,
	`INSERT INTO tokens (id, kind, grant_id, client_id, scopes, audience, created_at, expires_at, used_at, revoked_at)
		SELECT k, 'refresh', k, ':client', 'openid profile email', '', :now, :later, 0, 0`,
}

// fill adds what belongs to the grants number from to to. It tells how far it is: the largest step takes minutes.
func fill(db *sql.DB, from, to int, clientID string) error {
	begun := time.Now()
	for _, statement := range []string{
		`DROP TABLE IF EXISTS filling`,
		fmt.Sprintf(`CREATE UNLOGGED TABLE filling AS SELECT n, k, first_value(k) OVER (PARTITION BY (n - 1) / %d ORDER BY n) AS owner
			FROM (SELECT row_number() OVER (ORDER BY k) AS n, k FROM (SELECT rtrim(translate(encode(sha256(i::text::bytea), 'base64'),
			'+/', '-_'), '=') AS k FROM generate_series(%d, %d) i) keys) numbered`, grantsPerSession, from+1, to),
	} {
		if _, err := db.Exec(statement); err != nil {
			return err
		}
	}
	values := strings.NewReplacer(":client", clientID, ":from", strconv.Itoa(from),
		":now", strconv.FormatInt(begun.UnixMilli(), 10), ":later", strconv.FormatInt(begun.AddDate(1, 0, 0).UnixMilli(), 10))
	for n, statement := range fillStatements {
		fmt.Fprintf(os.Stderr, "\r  filling up to %d grants: %d of %d tables, %s ", to, n, len(fillStatements), time.Since(begun).Round(time.Second))
		whose := " FROM filling WHERE k = owner ORDER BY k"
		if strings.Contains(statement, "owner") {
			whose = " FROM filling ORDER BY k"
		}
		if _, err := db.Exec(values.Replace(statement) + whose); err != nil {
			return fmt.Errorf("%s: %w", filledTables[n], err)
		}
	}
	_, err := db.Exec(`DROP TABLE filling; ANALYZE; CHECKPOINT`)
	fmt.Fprintf(os.Stderr, "\r  filled up to %d grants in %s%20s\n", to, time.Since(begun).Round(time.Second), "")
	return err
}
