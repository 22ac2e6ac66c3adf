package office

import (
	"context"
	"errors"

	"pratu/storage"
)

// indexedTo is the setting that says how far accounts without words are indexed: those from before words were kept, and those
// that were imported while imports didn't write them. It is an id, or allIndexed. Another name begins from the first account.
const (
	indexedTo  = "words.2"
	allIndexed = "-"
	indexBatch = 500
)

// IndexNames makes accounts findable by name that were there before their names were kept, a batch at a time. Once all are, it
// costs one read.
func (s *Service) IndexNames(ctx context.Context) error {
	after, err := s.Store.Setting(ctx, indexedTo)
	known := err == nil
	if after == allIndexed || err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	last, err := s.Accounts.IndexWords(ctx, after, indexBatch)
	if err != nil {
		return err
	}
	if last == "" {
		last = allIndexed
	}
	if !known {
		err = s.Store.Claim(ctx, indexedTo, last, storage.At(s.Now()))
	} else {
		err = s.Store.ReplaceSetting(ctx, indexedTo, after, last, storage.At(s.Now()))
	}
	if errors.Is(err, storage.ErrExists) || errors.Is(err, storage.ErrNotFound) { // another replica was faster
		return nil
	}
	return err
}
