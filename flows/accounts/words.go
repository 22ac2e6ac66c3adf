package accounts

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Bounds of the words by which somebody is found.
const (
	maxWords = 12
	maxWord  = 40 // runes
)

// Words are those of a person's names, as they are searched: by how one of them begins, whatever its case.
func Words(profile map[string]any) (list []string) {
	for _, claim := range []string{"name", "given_name", "family_name", "nickname", "preferred_username"} {
		text, _ := profile[claim].(string)
		for _, word := range Fold(text) {
			if len(list) < maxWords && !slices.Contains(list, word) {
				list = append(list, word)
			}
		}
	}
	return list
}

// Fold is a text as words are compared.
func Fold(text string) (words []string) {
	apart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }
	for _, word := range strings.FieldsFunc(norm.NFC.String(strings.ToLower(strings.ToValidUTF8(text, ""))), apart) {
		if runes := []rune(word); len(runes) > maxWord {
			word = string(runes[:maxWord])
		}
		words = append(words, word)
	}
	return words
}

// IndexWords writes the words of accounts that were there before words were kept, up to limit of them after one, and tells
// where it stopped; "" at the end.
func (s *Service) IndexWords(ctx context.Context, after string, limit int) (last string, err error) {
	rows, err := s.Store.AccountsAfter(ctx, after, limit)
	if err != nil {
		return "", err
	}
	for _, row := range rows {
		profile := map[string]any{}
		if json.Unmarshal([]byte(row.Profile), &profile) != nil {
			continue // whoever reads the account is told
		}
		if words := Words(profile); len(words) > 0 {
			if err := s.Store.SetWords(ctx, row.ID, words); err != nil {
				return "", err
			}
		}
		last = row.ID
	}
	if len(rows) < limit {
		return "", nil
	}
	return last, nil
}
