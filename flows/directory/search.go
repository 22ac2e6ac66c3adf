package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/storage"
)

// Bounds of a search.
const (
	MaxIdentifiers = 100
	maxIdentifier  = 254
)

// AllChannels asks for the last access by each channel.
const AllChannels = "all"

// Channels are the kinds of doors by which accounts are signed in to.
func Channels() []string { return []string{"app", "web", "stb"} }

// Match is an account that was found.
type Match struct {
	SSOID      int64
	Status     string
	RegisterBy string
	LastAccess map[string]time.Time // by channel; nil when nobody asked
}

// Search tells whose a contact is, an e-mail address or a phone number: at most one account's, or none. Somebody and nobody
// cost the same statements: the budgets, the search, the record.
func (s *Service) Search(ctx context.Context, caller *clients.Client, identifier, lastAccess string) ([]Match, error) {
	wanted, err := parseIdentifier(identifier)
	if err != nil {
		return nil, err
	}
	if lastAccess != "" && lastAccess != AllChannels && !slices.Contains(Channels(), lastAccess) {
		return nil, malformed("last_access_flag")
	}
	list, err := s.search(ctx, caller, []contact.Contact{wanted}, lastAccess)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Answer is what was found for one of many.
type Answer struct {
	Identifier string // as it was asked
	Malformed  bool
	Matches    []Match
}

// SearchMany is Search for many at once; each counts. One that can't be right spoils no other.
func (s *Service) SearchMany(ctx context.Context, caller *clients.Client, identifiers []string, lastAccess string) ([]Answer, error) {
	switch {
	case len(identifiers) == 0 || len(identifiers) > MaxIdentifiers:
		return nil, malformed("identifiers")
	case lastAccess != "" && lastAccess != AllChannels && !slices.Contains(Channels(), lastAccess):
		return nil, malformed("last_access_flag")
	}
	answers := make([]Answer, len(identifiers))
	var wanted []contact.Contact
	for i, text := range identifiers {
		answers[i] = Answer{Identifier: text, Matches: []Match{}}
		c, err := parseIdentifier(text)
		if answers[i].Malformed = err != nil; err == nil {
			wanted = append(wanted, c)
		}
	}
	if len(wanted) == 0 {
		return answers, nil
	}
	found, err := s.search(ctx, caller, wanted, lastAccess)
	if err != nil {
		return nil, err
	}
	for i := range answers {
		if !answers[i].Malformed {
			answers[i].Matches, found = found[0], found[1:]
		}
	}
	return answers, nil
}

// parseIdentifier takes ASCII only: what looks like a digit or a letter and isn't one is a mistake here, or worse.
func parseIdentifier(text string) (contact.Contact, error) {
	if text == "" || len(text) > maxIdentifier || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return contact.Contact{}, malformed("X-Account-Identifier")
	}
	c, err := contact.Parse(text)
	if err != nil {
		return c, malformed("X-Account-Identifier")
	}
	return c, nil
}

// search finds the owners of contacts, in their order.
func (s *Service) search(ctx context.Context, caller *clients.Client, wanted []contact.Contact, lastAccess string) ([][]Match, error) {
	charges := []limits.Charge{limits.SearchClient.Times(len(wanted), caller.ID), limits.SearchAll.Times(len(wanted), "")}
	asked := make([]storage.Wanted, len(wanted))
	times := map[string]int{}
	for i, c := range wanted {
		asked[i] = storage.Wanted{Kind: c.Kind, Digests: s.Keyring.Digests(c.Kind, c.Canonical)}
		times[c.Kind+" "+c.Canonical]++
	}
	for who, n := range times {
		charges = append(charges, limits.SearchIdentifier.Times(n, who))
	}
	if err := s.Limiter.Take(ctx, charges...); err != nil {
		return nil, s.alarm(ctx, caller, err)
	}
	rows, err := s.Store.FindAccounts(ctx, asked, caller.May(clients.PermissionSearchUnverified))
	if err != nil {
		return nil, err
	}
	answers := make([][]Match, len(wanted))
	var events []audit.Event
	for i, c := range wanted {
		owners := ownersOf(rows, asked[i])
		answers[i] = told(owners, lastAccess)
		details := map[string]any{"by": c.Kind, "contact": contact.Mask(c), "hit": len(answers[i]) > 0}
		if caller.Settings.SearchPurpose != "" {
			details["purpose"] = caller.Settings.SearchPurpose
		}
		events = append(events, s.lookup(caller, "", details))
		for n, o := range owners { // each of them sees it, also who isn't to be found
			if n > 0 {
				events = append(events, s.lookup(caller, "", details))
			}
			events[len(events)-1].AccountID = o.id
		}
	}
	return answers, s.Audit.AppendAll(ctx, events)
}

// lookup is the event of somebody being looked up.
func (s *Service) lookup(caller *clients.Client, accountID string, details map[string]any) audit.Event {
	return audit.Event{
		Name: LookedUp, ActorKind: audit.Client, ActorID: caller.ID, ClientID: caller.ID, AccountID: accountID, Details: details,
	}
}

// owner is an account that has a contact.
type owner struct {
	id     string
	hidden bool
	Match
}

// ownersOf picks the rows of one contact and folds those of one account. Of contacts that somebody proved there is one.
func ownersOf(rows []storage.FoundAccount, w storage.Wanted) (list []owner) {
	for _, row := range rows {
		if !slices.ContainsFunc(w.Digests, func(d storage.Digest) bool { return d.Digest == row.Digest }) {
			continue
		}
		at := slices.IndexFunc(list, func(o owner) bool { return o.id == row.ID })
		if at < 0 {
			at = len(list)
			list = append(list, owner{row.ID, !row.HiddenAt.IsZero(), Match{row.SSOID, row.Status, row.RegisterBy, map[string]time.Time{}}})
		}
		if row.Channel != "" {
			list[at].LastAccess[row.Channel] = row.LastAccessAt.Time()
		}
	}
	return list
}

// told is what the client hears of owners.
func told(owners []owner, lastAccess string) []Match {
	list := []Match{}
	for _, o := range owners {
		if o.hidden {
			continue
		}
		m := o.Match
		switch lastAccess {
		case "":
			m.LastAccess = nil
		case AllChannels:
		default:
			at, found := m.LastAccess[lastAccess]
			if m.LastAccess = map[string]time.Time{}; found {
				m.LastAccess[lastAccess] = at
			}
		}
		list = append(list, m)
	}
	return list
}

// LegacySearch is the obsolete look-up, by a phone number and nothing else.
func (s *Service) LegacySearch(ctx context.Context, caller *clients.Client, mobile string) (*Match, error) {
	if !caller.Settings.LegacyLookup {
		return nil, errSwitch
	}
	if strings.Contains(mobile, "@") {
		return nil, malformed("mobile")
	}
	list, err := s.Search(ctx, caller, mobile, "")
	switch {
	case kind.Is(err, "directory.malformed"):
		return nil, malformed("mobile")
	case err != nil || len(list) == 0:
		return nil, err
	}
	return &list[0], nil
}
