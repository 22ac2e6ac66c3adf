package storage

import (
	"context"
	"math/bits"
)

// AuditSeal is the place of a row of the record in the chain.
type AuditSeal struct {
	Position int64   `db:"position"`
	AuditID  string  `db:"audit_id"`
	At       Instant `db:"at"`      // of the row, never before that of an earlier position
	Details  string  `db:"details"` // MAC of the row's details; "" for none
	Hash     string  `db:"hash"`
}

const sealColumns = `position, audit_id, at, details, hash`

// AppendSeals writes seals. A position or a row that has one is ErrExists.
func (s *Store) AppendSeals(ctx context.Context, seals []AuditSeal) error {
	for len(seals) > 0 {
		n := 1 << (bits.Len(uint(len(seals))) - 1) // of few lengths: each is a prepared statement
		var args []any
		for _, x := range seals[:n] {
			args = append(args, x.Position, x.AuditID, x.At, x.Details, x.Hash)
		}
		if _, err := s.exec(ctx, `INSERT INTO audit_seals (`+sealColumns+`) VALUES `+valueRows(n, 5), args...); err != nil {
			return err
		}
		seals = seals[n:]
	}
	return nil
}

// SealsAfter reads the seals that follow a position.
func (s *Store) SealsAfter(ctx context.Context, position int64, limit int) (list []AuditSeal, err error) {
	err = s.list(ctx, &list, `SELECT `+sealColumns+` FROM audit_seals WHERE position > ? ORDER BY position LIMIT ?`, position, limit)
	return list, err
}

// LastSeal is the seal of the highest position, or ErrNotFound.
func (s *Store) LastSeal(ctx context.Context) (x AuditSeal, err error) {
	err = s.get(ctx, &x, `SELECT `+sealColumns+` FROM audit_seals ORDER BY position DESC LIMIT 1`)
	return x, err
}

// SealsOf are the seals of rows, by the rows' ids.
func (s *Store) SealsOf(ctx context.Context, ids []string) (map[string]AuditSeal, error) {
	var list []AuditSeal
	err := s.byIDs(ctx, &list, `SELECT `+sealColumns+` FROM audit_seals WHERE audit_id IN `, ids)
	seals := make(map[string]AuditSeal, len(list))
	for _, x := range list {
		seals[x.AuditID] = x
	}
	return seals, err
}

// AuditByIDs are rows of the record, by their ids.
func (s *Store) AuditByIDs(ctx context.Context, ids []string) (map[string]AuditEvent, error) {
	var list []AuditEvent
	err := s.byIDs(ctx, &list, `SELECT `+auditColumns+` FROM audit WHERE id IN `, ids)
	rows := make(map[string]AuditEvent, len(list))
	for _, e := range list {
		rows[e.ID] = e
	}
	return rows, err
}

// RemoveAudit removes rows of the record whose time is over, and the seals up to a position; 0 for none.
func (s *Store) RemoveAudit(ctx context.Context, ids []string, upTo int64) (rows int64, err error) {
	if upTo > 0 {
		if _, err := s.exec(ctx, `DELETE FROM audit_seals WHERE position <= ?`, upTo); err != nil {
			return 0, err
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	in, args := among(ids)
	return s.exec(ctx, `DELETE FROM audit WHERE id IN `+in, args...)
}

// Erased tells whether an account, or the one that it became, is erased, or is being erased: it can't be kept any more.
func (s *Store) Erased(ctx context.Context, accountID string) (bool, error) {
	var n int64
	err := s.get(ctx, &n, `WITH RECURSIVE line (id, status, erase_at, merged_into) AS (
		SELECT id, status, erase_at, merged_into FROM accounts WHERE id = ?
		UNION SELECT a.id, a.status, a.erase_at, a.merged_into FROM line l JOIN accounts a ON a.id = l.merged_into AND l.status = '4')
		SELECT COUNT(*) FROM line WHERE status = '3' AND erase_at <= ?`, accountID, claimed)
	return n > 0, err
}

// byIDs reads the rows whose ids are listed.
func (s *Store) byIDs(ctx context.Context, dest any, query string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	in, args := among(ids)
	return s.list(ctx, dest, query+in, args...)
}

// among is a list for IN. The last id is repeated up to a power of two, so that there are few lengths to prepare.
func among(ids []string) (in string, args []any) {
	n := 1 << bits.Len(uint(len(ids)-1))
	args = make([]any, n)
	for i := range args {
		args[i] = ids[min(i, len(ids)-1)]
	}
	return "(" + valueRows(1, n)[1:], args
}
