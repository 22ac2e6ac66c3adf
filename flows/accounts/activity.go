package accounts

import (
	"context"

	"pratu/storage"
)

// activityPage is how many events a page of the record has.
const activityPage = 25

// Cursor is a place in the record: after the event of an instant and id. The zero Cursor is the beginning.
type Cursor struct {
	At storage.Instant
	ID string
}

// Activity is what happened to an account, the newest first, and where it goes on; a zero Cursor where it doesn't.
func (s *Service) Activity(ctx context.Context, accountID string, after Cursor) (list []storage.AuditEvent, next Cursor, err error) {
	if after.At.IsZero() {
		after = Cursor{At: storage.At(s.Now()) + 1}
	}
	list, err = s.Store.AuditPage(ctx, accountID, after.At, after.ID, activityPage+1)
	if err != nil || len(list) <= activityPage {
		return list, Cursor{}, err
	}
	list = list[:activityPage]
	last := list[activityPage-1]
	return list, Cursor{last.At, last.ID}, nil
}
