package office

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pratu/flows/keys"
	"pratu/storage"
)

// Events of the record that are counted hour by hour.
const (
	SignedIn     = "signin.succeeded"
	SignInFailed = "signin.failed"
	NewAccount   = "account.created"

	// TokenPrefix begins the names of figures of tokens; the rest is the grant.
	TokenPrefix = "token."
)

var counted = []string{SignedIn, SignInFailed, NewAccount}

const (
	hour = time.Hour
	// settled is how long after its end an hour is counted: by then whatever happened in it is committed.
	settled = 2 * time.Minute
	// countBatch is how many hours one run counts at most.
	countBatch = 200
	// countedTo is the setting that says which hour is counted next.
	countedTo = "figures"
)

// Count counts hours of the record that are over, each once, and tells how many. Any number of replicas may run it.
func (s *Service) Count(ctx context.Context) (done int, err error) {
	for done < countBatch {
		more, err := s.countHour(ctx)
		if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrExists) { // another replica was faster
			return done, nil
		}
		if err != nil || !more {
			return done, err
		}
		done++
	}
	return done, nil
}

func (s *Service) countHour(ctx context.Context) (more bool, err error) {
	next, known, err := s.nextHour(ctx)
	if err != nil || next.Add(hour+settled) > storage.At(s.Now()) {
		return false, err
	}
	return true, s.Store.InTx(ctx, func(ctx context.Context) error {
		for _, event := range counted {
			n, err := s.Store.CountEvents(ctx, event, next, next.Add(hour))
			if err != nil {
				return err
			}
			if n > 0 {
				if err := s.Store.PutFigure(ctx, storage.Figure{Hour: next, Name: event, Count: n}); err != nil {
					return err
				}
			}
		}
		now, after := storage.At(s.Now()), instantText(next.Add(hour))
		if !known {
			return s.Store.Claim(ctx, countedTo, after, now)
		}
		return s.Store.ReplaceSetting(ctx, countedTo, instantText(next), after, now)
	})
}

// nextHour is the first hour that isn't counted. known: some are.
func (s *Service) nextHour(ctx context.Context) (next storage.Instant, known bool, err error) {
	text, err := s.Store.Setting(ctx, countedTo)
	if err == nil {
		n, err := strconv.ParseInt(text, 10, 64)
		return storage.Instant(n), true, err
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return 0, false, err
	}
	first, err := s.Store.FirstEventAt(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.HourOf(storage.At(s.Now())), false, nil
	}
	return storage.HourOf(first), false, err
}

func instantText(i storage.Instant) string { return strconv.FormatInt(int64(i), 10) }

// Day is what happened in one.
type Day struct {
	Begin                 time.Time
	SignedIn, Failed, New int64
	Tokens                map[string]int64 // by grant
}

// Dashboard is how the installation does.
type Dashboard struct {
	Days           []Day    // the oldest first
	Grants         []string // of tokens, the most frequent first
	Keys           []keys.Info
	Waiting, Given int64 // messages that wait, and that were given up
}

// Dashboard counts days as they are reckoned at an offset from UTC of whole hours; the last one is today.
func (s *Service) Dashboard(ctx context.Context, a Actor, days int, zone *time.Location) (*Dashboard, error) {
	ctx, err := a.enter(ctx, ReadDashboard)
	if err != nil {
		return nil, err
	}
	now := s.Now().In(zone)
	begin := time.Date(now.Year(), now.Month(), now.Day()-days+1, 0, 0, 0, 0, zone)
	d := &Dashboard{Days: make([]Day, days)}
	for i := range d.Days {
		d.Days[i] = Day{Begin: begin.AddDate(0, 0, i), Tokens: map[string]int64{}}
	}
	figures, err := s.figures(ctx, storage.At(begin))
	if err != nil {
		return nil, err
	}
	totals := map[string]int64{}
	for _, f := range figures {
		i := int(f.Hour.Time().Sub(begin) / (24 * time.Hour))
		if i < 0 || i >= days {
			continue
		}
		d.Days[i].add(f)
		if grant, is := strings.CutPrefix(f.Name, TokenPrefix); is {
			totals[grant] += f.Count
		}
	}
	for grant := range totals {
		d.Grants = append(d.Grants, grant)
	}
	slices.SortFunc(d.Grants, func(a, b string) int {
		if totals[a] != totals[b] {
			return int(totals[b] - totals[a])
		}
		return strings.Compare(a, b)
	})
	if d.Keys, err = s.Keys.List(ctx); err != nil {
		return nil, err
	}
	d.Waiting, d.Given, err = s.Store.OutboxCounts(ctx)
	return d, err
}

func (d *Day) add(f storage.Figure) {
	switch f.Name {
	case SignedIn:
		d.SignedIn += f.Count
	case SignInFailed:
		d.Failed += f.Count
	case NewAccount:
		d.New += f.Count
	default:
		if grant, is := strings.CutPrefix(f.Name, TokenPrefix); is {
			d.Tokens[grant] += f.Count
		}
	}
}

// figures are those of the hours that are counted, and of the last ones by the record itself: a page shows what happened a
// moment ago, and never counts more than a few hours.
func (s *Service) figures(ctx context.Context, from storage.Instant) ([]storage.Figure, error) {
	now := storage.At(s.Now())
	list, err := s.Store.Figures(ctx, storage.HourOf(from), now)
	if err != nil {
		return nil, err
	}
	next, _, err := s.nextHour(ctx)
	if err != nil {
		return nil, err
	}
	next = max(next, storage.HourOf(now).Add(-3*hour))
	for _, event := range counted {
		for at := max(next, storage.HourOf(from)); at <= now; at = at.Add(hour) {
			n, err := s.live.count(ctx, s.Store, event, at, now)
			if err != nil {
				return nil, err
			}
			list = append(list, storage.Figure{Hour: at, Name: event, Count: n})
		}
	}
	return list, nil
}

// tally remembers what was counted of hours that aren't over, so that whoever looks at the page again counts the last minutes.
type tally struct {
	mu   sync.Mutex
	seen map[string]map[storage.Instant]seen // by event and hour
}

// seen are the events of an hour before an instant.
type seen struct {
	n      int64
	before storage.Instant
}

func (t *tally) count(ctx context.Context, store *storage.Store, event string, at, now storage.Instant) (int64, error) {
	known := t.of(event, at)
	end, sure := at.Add(hour), min(at.Add(hour), now.Add(-settled))
	if sure > known.before {
		n, err := store.CountEvents(ctx, event, known.before, sure)
		if err != nil {
			return 0, err
		}
		known = seen{known.n + n, sure}
		t.note(event, at, known)
	}
	n, err := store.CountEvents(ctx, event, known.before, end)
	return known.n + n, err
}

func (t *tally) of(event string, at storage.Instant) seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, there := t.seen[event][at]; there {
		return known
	}
	return seen{0, at}
}

// note keeps the hours that a page looks at, and no others.
func (t *tally) note(event string, at storage.Instant, known seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = map[string]map[storage.Instant]seen{}
	}
	if t.seen[event] == nil {
		t.seen[event] = map[storage.Instant]seen{}
	}
	t.seen[event][at] = known
	maps.DeleteFunc(t.seen[event], func(other storage.Instant, _ seen) bool { return other < at.Add(-4*hour) })
}
