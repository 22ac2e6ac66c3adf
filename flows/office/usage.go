package office

import (
	"context"

	"pratu/flows/kind"
	"pratu/storage"
)

// UsageDays is how far back calls can be asked for.
const UsageDays = 400

// Usage is how often an application, or with "" all of them, called what is counted, by day: as many days as said, today among
// them, after what was read before. The last one is where to go on, and Calls 0 at the end.
func (s *Service) Usage(ctx context.Context, a Actor, clientID string, days int64, after storage.CallCount, limit int) (list []storage.CallCount, next storage.CallCount, err error) {
	ctx, err = a.enter(ctx, ReadClients)
	switch {
	case err != nil:
	case days < 1 || days > UsageDays:
		err = kind.New(kind.Invalid, "usage.days").WithField("days").WithArg("max", UsageDays)
	case clientID != "":
		_, _, err = s.theirs(ctx, a, ReadClients, clientID)
	case !a.Everywhere(ReadClients):
		err = Refused(ReadClients)
	}
	if err != nil {
		return nil, next, err
	}
	list, err = s.Store.CallCounts(ctx, clientID, s.Now().Unix()/86400-days+1, after, limit+1)
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1]
	}
	return list, next, err
}
