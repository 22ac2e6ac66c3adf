package clients

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pratu/storage"
)

// Bounds of what is noted about refused redirect URIs: anybody can have them refused.
const (
	refusedPlaces = 4
	refusedRest   = time.Minute // before the next one may take a place
	maxRefused    = 512
)

// NoteRefused keeps a redirect URI that a client isn't registered with for whoever looks after it: more often than not it is
// the application's own, misspelt here or there. A stranger can fill the few places, and write to the record when one is
// empty, no more.
func (s *Service) NoteRefused(ctx context.Context, c *Client, uri string) error {
	if s.builtIn(c.ID) || c.Origin == OriginDocument || c.Kind == KindMachine || !notable(uri) {
		return nil
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(uri))
	now := storage.At(s.Now())
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		first, err := s.Store.NoteRefusedRedirect(ctx, storage.RefusedRedirect{
			ClientID: c.ID, Place: int64(sum.Sum32() % refusedPlaces), URI: uri, At: now,
		}, now.Add(-refusedRest))
		if err != nil || !first {
			return err
		}
		return s.record(ctx, "client.redirect_refused", c.ID, true, map[string]any{"redirect_uri": uri})
	})
}

func notable(uri string) bool {
	return len(uri) > 0 && len(uri) <= maxRefused && utf8.ValidString(uri) && !strings.ContainsFunc(uri, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Refused is a redirect URI that was refused of late, beside the registered one that is most like it.
type Refused struct {
	URI      string
	At       time.Time
	Nearest  string // "": there is none
	Same     int    // bytes that both begin with
	Problems Problems
}

// Refused reads what was refused of late and still would be.
func (s *Service) Refused(ctx context.Context, c *Client) ([]Refused, error) {
	rows, err := s.Store.RefusedRedirects(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var list []Refused
	for _, row := range rows {
		if slices.Contains(c.Metadata.RedirectURIs, row.URI) {
			continue
		}
		r := Refused{URI: row.URI, At: row.At.Time()}
		r.Nearest, r.Same = nearest(c.Metadata.RedirectURIs, row.URI)
		redirectURIs(&r.Problems, "redirect_uris", c.Kind, []string{row.URI})
		list = append(list, r)
	}
	return list, nil
}

// nearest is the registered URI that goes on longest like another, and up to where.
func nearest(registered []string, uri string) (best string, same int) {
	for _, r := range registered {
		n := 0
		for n < len(r) && n < len(uri) && r[n] == uri[n] {
			n++
		}
		for n > 0 && n < len(uri) && !utf8.RuneStart(uri[n]) { // a difference is of characters
			n--
		}
		if best == "" || n > same {
			best, same = r, n
		}
	}
	return best, same
}

// ForgetRefused removes a redirect URI from what was refused.
func (s *Service) ForgetRefused(ctx context.Context, id, uri string) error {
	return s.Store.ForgetRefusedRedirect(ctx, id, uri)
}
