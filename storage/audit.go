package storage

import "context"

// AuditEvent is one row of the append-only record.
type AuditEvent struct {
	ID        string  `db:"id"` // UUIDv7
	At        Instant `db:"at"`
	Event     string  `db:"event"`
	Outcome   string  `db:"outcome"`
	ActorKind string  `db:"actor_kind"`
	ActorID   string  `db:"actor_id"`
	AccountID string  `db:"account_id"`
	ClientID  string  `db:"client_id"`
	SessionID string  `db:"session_id"`
	IP        string  `db:"ip"`
	UserAgent string  `db:"user_agent"`
	RequestID string  `db:"request_id"`
	Reason    string  `db:"reason"`
	Details   string  `db:"details"` // JSON
}

const auditColumns = `id, at, event, outcome, actor_kind, actor_id, account_id, client_id, session_id, ip, user_agent,
	request_id, reason, details`

// AppendAudit writes events, of which there must be one at least, in one statement of the caller's transaction.
func (s *Store) AppendAudit(events ...AuditEvent) Write {
	var args []any
	for _, e := range events {
		args = append(args, e.ID, e.At, e.Event, e.Outcome, e.ActorKind, e.ActorID, e.AccountID, e.ClientID, e.SessionID, e.IP,
			e.UserAgent, e.RequestID, e.Reason, e.Details)
	}
	return guard(`INSERT INTO audit (`+auditColumns+`) VALUES `+valueRows(len(events), 14), args...)
}

// AuditOfAccount reads the newest events about an account that are older than the given instant.
func (s *Store) AuditOfAccount(ctx context.Context, accountID string, before Instant, limit int) (list []AuditEvent, err error) {
	err = s.list(ctx, &list, `SELECT `+auditColumns+` FROM audit WHERE account_id = ? AND at < ?
		ORDER BY at DESC, id DESC LIMIT ?`, accountID, before, limit)
	return list, err
}

// AuditPage reads the events about an account that come after the one of this instant and id, the newest first. An id of
// "" begins at the instant: of several events of one moment none is lost between two pages. Exchanges of tokens are left out:
// what applications do among themselves, perhaps each second, would hide the rest.
func (s *Store) AuditPage(ctx context.Context, accountID string, at Instant, id string, limit int) (list []AuditEvent, err error) {
	err = s.list(ctx, &list, `SELECT `+auditColumns+` FROM audit WHERE account_id = ? AND at <= ? AND (at < ? OR id < ?)
		AND event NOT IN ('token.exchanged', 'account.looked_up') ORDER BY at DESC, id DESC LIMIT ?`, accountID, at, at, id, limit)
	return list, err
}

// AuditFilter says which events are looked for: those beside the one of an instant and id, in the order of reading.
type AuditFilter struct {
	Event, AccountID, ClientID, Outcome string // "" for any
	At                                  Instant
	ID                                  string
	Since                               Instant // of SearchAudit: those from it on; 0 for all
	Until                               Instant // of AuditForward: those before it; 0 for all
	Limit                               int
}

// SearchAudit reads the record, the newest first.
func (s *Store) SearchAudit(ctx context.Context, f AuditFilter) (list []AuditEvent, err error) {
	err = s.audit(ctx, &list, f, ` WHERE at >= ? AND at <= ? AND (at < ? OR id < ?)`, ` ORDER BY at DESC, id DESC LIMIT ?`, f.Since, f.At, f.At, f.ID)
	return list, err
}

// AuditForward reads the record, the oldest first.
func (s *Store) AuditForward(ctx context.Context, f AuditFilter) (list []AuditEvent, err error) {
	until := f.Until
	if until == 0 {
		until = endOfTime
	}
	err = s.audit(ctx, &list, f, ` WHERE at >= ? AND (at > ? OR id > ?) AND at < ?`, ` ORDER BY at, id LIMIT ?`, f.At, f.At, f.ID, until)
	return list, err
}

// AuditID is the place of an event in the order of reading.
type AuditID struct {
	At Instant `db:"at"`
	ID string  `db:"id"`
}

// AuditIDs are the places behind one, the oldest first.
func (s *Store) AuditIDs(ctx context.Context, after AuditID, limit int) (list []AuditID, err error) {
	err = s.list(ctx, &list, `SELECT at, id FROM audit WHERE at >= ? AND (at > ? OR id > ?) ORDER BY at, id LIMIT ?`,
		after.At, after.At, after.ID, limit)
	return list, err
}

// endOfTime is after all instants.
const endOfTime Instant = 1<<63 - 1

func (s *Store) audit(ctx context.Context, list *[]AuditEvent, f AuditFilter, where, order string, args ...any) error {
	query := `SELECT ` + auditColumns + ` FROM audit` + where
	for _, c := range []struct{ column, value string }{
		{"event", f.Event}, {"account_id", f.AccountID}, {"client_id", f.ClientID}, {"outcome", f.Outcome},
	} {
		if c.value != "" {
			query += ` AND ` + c.column + ` = ?`
			args = append(args, c.value)
		}
	}
	if f.ClientID != "" {
		query += ` AND client_id <> ''` // as its index says; a parameter might be empty
	}
	return s.list(ctx, list, query+order, append(args, f.Limit)...)
}

// NumbersOf are the public numbers (ssoid) of those of the ids that are accounts'.
func (s *Store) NumbersOf(ctx context.Context, ids []string) (map[string]int64, error) {
	numbers := map[string]int64{}
	var rows []struct {
		ID    string `db:"id"`
		SSOID int64  `db:"ssoid"`
	}
	err := s.byIDs(ctx, &rows, `SELECT id, ssoid FROM accounts WHERE id IN `, ids)
	for _, row := range rows {
		numbers[row.ID] = row.SSOID
	}
	return numbers, err
}
