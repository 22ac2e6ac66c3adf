package storage

import "context"

// Participant is an application that signed somebody in by a session and can be told of the session's end.
type Participant struct {
	SessionID   string  `db:"session_id"`
	ClientID    string  `db:"client_id"`
	Subject     string  `db:"subject"`      // sub of its ID tokens
	BackChannel bool    `db:"back_channel"` // it gets a logout token
	JoinedAt    Instant `db:"joined_at"`
}

// Farewell is one to tell, and what became of that.
type Farewell struct {
	Participant
	DeliveredAt Instant `db:"delivered_at"`
	ParkedAt    Instant `db:"parked_at"` // given up
	Attempts    int64   `db:"attempts"`  // that failed
	LastError   string  `db:"last_error"`
}

// JoinSession notes a participant. Write it after the code is spent: whatever ends the session waits there, and finds it.
func (s *Store) JoinSession(ctx context.Context, p Participant) error {
	_, err := s.exec(ctx, `INSERT INTO session_clients (session_id, client_id, subject, back_channel, joined_at, message_id)
		VALUES (?, ?, ?, ?, ?, '') ON CONFLICT (session_id, client_id) DO UPDATE SET subject = excluded.subject,
		back_channel = excluded.back_channel`, p.SessionID, p.ClientID, p.Subject, flag(p.BackChannel), p.JoinedAt)
	return err
}

// Farewells reads the participants of a session in the order in which they joined.
func (s *Store) Farewells(ctx context.Context, sessionID string) (list []Farewell, err error) {
	err = s.list(ctx, &list, `SELECT p.session_id, p.client_id, p.subject, p.back_channel, p.joined_at,
		COALESCE(o.delivered_at, 0) AS delivered_at, COALESCE(o.parked_at, 0) AS parked_at, COALESCE(o.attempts, 0) AS attempts,
		COALESCE(o.last_error, '') AS last_error FROM session_clients p LEFT JOIN outbox o ON o.id = p.message_id
		WHERE p.session_id = ? ORDER BY p.joined_at, p.client_id`, sessionID)
	return list, err
}

// end is the one way by which sessions end: those of a condition, with the codes that nobody exchanged yet and the grants
// that live no longer than they. Who took part is told in the same transaction.
func (s *Store) end(ctx context.Context, now Instant, condition string, args ...any) (ids []string, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		ids = nil
		err := s.list(ctx, &ids, `UPDATE sessions SET ended_at = ? WHERE ended_at = 0 AND `+condition+` RETURNING id`,
			append([]any{now}, args...)...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := s.exec(ctx, `UPDATE grants SET revoked_at = ? WHERE session_id = ? AND (offline = 0 OR code_used_at = 0)
				AND revoked_at = 0`, now, id); err != nil {
				return err
			}
			if err := s.tell(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

// leave ends what a client takes part in, because an account took from it what it was given. It is told of each session by a
// token of its own, and not again when the session ends.
func (s *Store) leave(ctx context.Context, accountID, clientID string) error {
	var list []Participant
	err := s.list(ctx, &list, `DELETE FROM session_clients WHERE client_id = ?
		AND session_id IN (SELECT id FROM sessions WHERE account_id = ? AND ended_at = 0)
		RETURNING session_id, client_id, subject, back_channel, joined_at`, clientID, accountID)
	if err != nil || s.Tell == nil {
		return err
	}
	for _, p := range list {
		if !p.BackChannel {
			continue
		}
		if _, err := s.Tell(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// tell has the participants of a session told that it ended.
func (s *Store) tell(ctx context.Context, sessionID string) error {
	if s.Tell == nil {
		return nil
	}
	list, err := s.Farewells(ctx, sessionID)
	if err != nil {
		return err
	}
	for _, p := range list {
		if !p.BackChannel {
			continue
		}
		message, err := s.Tell(ctx, p.Participant)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, `UPDATE session_clients SET message_id = ? WHERE session_id = ? AND client_id = ?`,
			message, p.SessionID, p.ClientID); err != nil {
			return err
		}
	}
	return nil
}
