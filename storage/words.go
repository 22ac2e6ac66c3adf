package storage

import (
	"context"
	"encoding/hex"
	"strconv"
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

// WordHit is a word and who has it.
type WordHit struct {
	Word      string `db:"word"` // in hex digits, as it is kept
	AccountID string `db:"account_id"`
	Fits      bool   `db:"fits"` // has the other words too, and none before this one that begins alike
}

const (
	// hasWord is a condition on account_words w: a word that begins like another.
	hasWord = `w.word >= ? AND w.word < ?`
	// manyWords is where CountWords stops counting.
	manyWords = 1000
)

func beginning(word string) []any { return []any{wordKey(word), wordKey(word) + "g"} } // g follows the hex digits

// AccountsByWords reads accounts that have a word which begins like the first of the given ones, up to limit of them, in the
// order of word and id after a hit, which is empty at first.
func (s *Store) AccountsByWords(ctx context.Context, words []string, after WordHit, limit int) (list []WordHit, err error) {
	const theirs = `EXISTS (SELECT 1 FROM account_words w WHERE w.account_id = h.account_id AND ` + hasWord + `)`
	args := []any{wordKey(words[0])}
	for _, word := range words[1:] {
		args = append(args, beginning(word)...)
	}
	args = append(append(args, beginning(words[0])...), after.Word, after.Word, after.AccountID, limit)
	err = s.list(ctx, &list, `SELECT h.word, h.account_id, CASE WHEN NOT EXISTS (SELECT 1 FROM account_words w
		WHERE w.account_id = h.account_id AND w.word >= ? AND w.word < h.word)`+strings.Repeat(` AND `+theirs, len(words)-1)+`
		THEN 1 ELSE 0 END AS fits FROM (SELECT w.word, w.account_id FROM account_words w WHERE `+hasWord+`
		AND (w.word > ? OR (w.word = ? AND w.account_id > ?)) ORDER BY w.word, w.account_id LIMIT ?) AS h
		ORDER BY h.word, h.account_id`, args...)
	return list, err
}

// CountWords tells of each word how many accounts have one that begins like it, manyWords at most.
func (s *Store) CountWords(ctx context.Context, words []string) (counts []int64, err error) {
	var each []string
	var args []any
	for i, word := range words {
		each = append(each, `SELECT `+strconv.Itoa(i)+` AS n, COUNT(*) AS hits FROM (SELECT 1 AS one FROM account_words w WHERE `+hasWord+` LIMIT ?) AS h`)
		args = append(append(args, beginning(word)...), manyWords)
	}
	err = s.list(ctx, &counts, `SELECT hits FROM (`+strings.Join(each, " UNION ALL ")+`) AS c ORDER BY n`, args...)
	return counts, err
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
