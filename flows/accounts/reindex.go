package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"pratu/flows/contact"
	"pratu/storage"
)

// Reindexing is how far the contacts have moved to the current secret key. It is kept beside them, so that any replica and
// any command goes on where another one stopped.
type Reindexing struct {
	Keys       string `json:"keys"`  // living ones, the current first
	After      string `json:"after"` // contact that was looked at last
	Pass       int    `json:"pass"`
	Seen       int64  `json:"seen"`  // in this pass
	Total      int64  `json:"total"` // when the pass began
	Changed    int64  `json:"changed"`
	InPass     int64  `json:"changed_in_pass"`
	Unreadable int64  `json:"unreadable"` // in this pass: sealed under a key that isn't there
	Done       bool   `json:"done"`
}

const (
	reindexing   = "contact-reindexing"
	reindexBatch = 500
)

// Reindex gives every contact a digest under the current key, seals it anew, and takes away digests under keys that live no
// more, in small transactions, beside everything else. A pass that changed nothing is the last one: contacts that other
// replicas write meanwhile, whose keys may differ for a while, are met again. It returns when all is done or ctx ends.
func (s *Service) Reindex(ctx context.Context, progress func(Reindexing)) (Reindexing, error) {
	for {
		state, err := s.reindexSome(ctx)
		if err != nil {
			return state, err
		}
		progress(state)
		if state.Done || ctx.Err() != nil {
			return state, ctx.Err()
		}
	}
}

// ReindexState is how far it is; Done when there is nothing to do.
func (s *Service) ReindexState(ctx context.Context) (Reindexing, error) {
	state, _, err := s.reindexState(ctx)
	return state, err
}

func (s *Service) reindexState(ctx context.Context) (state Reindexing, raw string, err error) {
	keys := strings.Join(s.Keyring.KeyIDs(), " ")
	raw, err = s.Store.Setting(ctx, reindexing)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return Reindexing{Keys: keys, Done: len(s.Keyring.KeyIDs()) == 1}, "", nil // nothing was ever under another key
	case err != nil:
		return state, raw, err
	}
	if err := json.Unmarshal([]byte(raw), &state); err != nil {
		return state, raw, err
	}
	if state.Keys != keys {
		state = Reindexing{Keys: keys}
	}
	return state, raw, nil
}

// reindexSome does a batch and notes it, in one transaction: of several that do the same one, one goes on.
func (s *Service) reindexSome(ctx context.Context) (state Reindexing, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		var raw string
		if state, raw, err = s.reindexState(ctx); err != nil || state.Done {
			return err
		}
		if state.After == "" {
			state.Pass, state.Seen, state.InPass, state.Unreadable = state.Pass+1, 0, 0, 0
			if state.Total, err = s.Store.CountContacts(ctx); err != nil {
				return err
			}
		}
		list, err := s.Store.ContactsAfter(ctx, state.After, reindexBatch)
		if err != nil {
			return err
		}
		work, unreadable := s.reindexWork(list)
		effects, err := s.Store.ReindexContacts(ctx, work, s.Keyring.KeyIDs())
		if err != nil {
			return err
		}
		state.Seen, state.Changed, state.InPass = state.Seen+int64(len(list)), state.Changed+effects, state.InPass+effects
		state.Unreadable += unreadable
		if len(list) > 0 {
			state.After = list[len(list)-1].ID
		}
		if len(list) < reindexBatch {
			state.After, state.Done = "", state.InPass == 0
		}
		return s.noteReindexing(ctx, raw, state)
	})
	return state, err
}

func (s *Service) noteReindexing(ctx context.Context, old string, state Reindexing) error {
	fresh, err := json.Marshal(state)
	if err != nil {
		return err
	}
	now := storage.At(s.Now())
	if old == "" {
		err = s.Store.Claim(ctx, reindexing, string(fresh), now)
	} else {
		err = s.Store.ReplaceSetting(ctx, reindexing, old, string(fresh), now)
	}
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrExists) {
		return storage.ErrConflict // somebody else did this batch
	}
	return err
}

// reindexWork is what contacts need. One that can't be opened keeps everything it has: its key may come back.
func (s *Service) reindexWork(list []storage.IndexedContact) (work []storage.Reindex, unreadable int64) {
	living := s.Keyring.KeyIDs()
	for _, c := range list {
		value, err := s.Keyring.Open(sealLabel, c.Value, c.ID)
		if err != nil {
			unreadable++
			continue
		}
		r := storage.Reindex{ID: c.ID, Old: c.Value}
		for _, d := range s.Keyring.Digests(c.Kind, contact.Stored(c.Kind, string(value)).Canonical) {
			if !slices.Contains(c.Keys, d.KeyID) {
				r.Digests = append(r.Digests, d)
			}
		}
		if !strings.HasPrefix(c.Value, living[0]+".") {
			r.Fresh = s.Keyring.Seal(sealLabel, value, c.ID)
		}
		r.Drop = slices.ContainsFunc(c.Keys, func(k string) bool { return !slices.Contains(living, k) }) && slices.Contains(c.Keys, living[0])
		if len(r.Digests) > 0 || r.Fresh != "" || r.Drop {
			work = append(work, r)
		}
	}
	return work, unreadable
}
