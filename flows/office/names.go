package office

import (
	"context"
	"strconv"
	"strings"

	"pratu/flows/accounts"
	"pratu/storage"
)

const (
	// wordsAsked is how many words of a search count.
	wordsAsked = 8
	// hitsRead bounds what a page of a search for several words reads of those who have the rarest.
	hitsRead = 500
)

// byName finds people who have words that begin like all that were typed. A page of several words may hold few of them, or
// none, and still have a next.
func (s *Service) byName(ctx context.Context, text, after string, limit int) (*Found, error) {
	words := accounts.Fold(text)
	words = words[:min(len(words), wordsAsked)]
	if len(words) == 0 {
		return &Found{}, nil
	}
	first, from, known := cursorOf(after, len(words))
	if !known && len(words) > 1 {
		counts, err := s.Store.CountWords(ctx, words)
		if err != nil {
			return nil, err
		}
		for i := range counts {
			if counts[i] < counts[first] {
				first = i
			}
		}
	}
	words[0], words[first] = words[first], words[0]
	read := limit + 1
	if len(words) > 1 {
		read = max(read, hitsRead)
	}
	hits, err := s.Store.AccountsByWords(ctx, words, from, read)
	if err != nil {
		return nil, err
	}
	f, ids := &Found{}, []string(nil)
	for i, h := range hits {
		if len(ids) == limit {
			f.Next = cursor(first, hits[i-1])
			break
		}
		if h.Fits {
			ids = append(ids, h.AccountID)
		}
	}
	if f.Next == "" && len(hits) == read {
		f.Next = cursor(first, hits[read-1])
	}
	return f, s.load(ctx, f, ids)
}

// cursor is where to go on: which of the words is the rarest, and the last one looked at who has it.
func cursor(first int, h storage.WordHit) string {
	return strconv.Itoa(first) + "." + h.Word + "." + h.AccountID
}

func cursorOf(text string, words int) (first int, h storage.WordHit, known bool) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) != 3 {
		return 0, h, false
	}
	first, err := strconv.Atoi(parts[0])
	if err != nil || first < 0 || first >= words {
		return 0, h, false
	}
	return first, storage.WordHit{Word: parts[1], AccountID: parts[2]}, true
}
