package storage

import (
	"context"
	"encoding/hex"
	"strings"
)

// SetWords replaces the words by which an account is found, in the caller's transaction. They are canonical already.
func (s *Store) SetWords(ctx context.Context, accountID string, words []string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, `DELETE FROM account_words WHERE account_id = ?`, accountID); err != nil || len(words) == 0 {
			return err
		}
		var args []any
		for _, w := range words {
			args = append(args, wordKey(w), accountID)
		}
		_, err := s.exec(ctx, `INSERT INTO account_words (word, account_id) VALUES `+
			strings.TrimSuffix(strings.Repeat(`(?, ?), `, len(words)), ", "), args...)
		return err
	})
}

// wordKey is a word as it is kept: in hex digits, whose order is the same under every collation.
func wordKey(word string) string { return hex.EncodeToString([]byte(word)) }

// AccountsByWord reads accounts that have a word which begins like the given one, up to limit of them, in the order of
// word and id after the given pair, which is "" and "" at first.
func (s *Store) AccountsByWord(ctx context.Context, begin, afterWord, afterID string, limit int) (list []WordHit, err error) {
	from := wordKey(begin)
	err = s.list(ctx, &list, `SELECT w.word, w.account_id FROM account_words w WHERE w.word >= ? AND w.word < ?
		AND (w.word > ? OR (w.word = ? AND w.account_id > ?)) ORDER BY w.word, w.account_id LIMIT ?`,
		from, from+"g", afterWord, afterWord, afterID, limit)
	return list, err
}

// WordHit is a word and who has it.
type WordHit struct {
	Word      string `db:"word"` // in hex digits, as it is kept
	AccountID string `db:"account_id"`
}

// AccountsAfter reads up to limit accounts in the order of their ids, which is that of their creation.
func (s *Store) AccountsAfter(ctx context.Context, after string, limit int) (list []Account, err error) {
	err = s.list(ctx, &list, `SELECT `+accountColumns+` FROM accounts WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	return list, err
}

// NewestAccounts reads up to limit accounts before one, "" for none, the newest first.
func (s *Store) NewestAccounts(ctx context.Context, before string, limit int) (list []Account, err error) {
	if before == "" {
		err = s.list(ctx, &list, `SELECT `+accountColumns+` FROM accounts ORDER BY id DESC LIMIT ?`, limit)
		return list, err
	}
	err = s.list(ctx, &list, `SELECT `+accountColumns+` FROM accounts WHERE id < ? ORDER BY id DESC LIMIT ?`, before, limit)
	return list, err
}
