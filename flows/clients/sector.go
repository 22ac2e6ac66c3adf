package clients

import (
	"context"
	"encoding/json"
	"mime"
	"net/url"
	"slices"
)

// Types of subjects (OpenID Connect Core section 8).
const (
	SubjectPublic   = "public"   // the same number for all clients
	SubjectPairwise = "pairwise" // another value for each sector
)

// Sector is whose the client's pairwise subjects are, "" for a client with public ones: the host of
// sector_identifier_uri, else the one host of its redirect URIs (OpenID Connect Core section 8.1).
func (c *Client) Sector() string {
	if c.Metadata.SubjectType != SubjectPairwise {
		return ""
	}
	return c.Metadata.sector()
}

// sector is "" where the metadata leaves it open.
func (m *Metadata) sector() string {
	uris := m.RedirectURIs
	if m.SectorIdentifierURI != "" {
		uris = []string{m.SectorIdentifierURI}
	}
	host := ""
	for _, uri := range uris {
		u, err := url.Parse(uri)
		if err != nil || u.Hostname() == "" || host != "" && u.Hostname() != host {
			return ""
		}
		host = u.Hostname()
	}
	return host
}

// validateSubject holds what can be said without asking anybody.
func (d *Document) validateSubject(ps *Problems) {
	m := &d.Metadata
	if t := m.SubjectType; t != "" && t != SubjectPublic && t != SubjectPairwise {
		ps.add("/subject_type", "client.subject_type", "public or pairwise")
	}
	fetchedURI(ps, "sector_identifier_uri", m.SectorIdentifierURI)
	if m.SubjectType == SubjectPairwise && m.sector() == "" {
		ps.add("/sector_identifier_uri", "client.sector", "the redirect URIs have no host, or several: name a document that lists all of them (OpenID Connect Core section 8.1)")
	}
}

// checkSector reads the document behind sector_identifier_uri, which has to list every redirect URI: else anybody could
// join a sector and compare people with those of its clients (OpenID Connect Registration section 5).
func (s *Service) checkSector(ctx context.Context, d, old *Document) error {
	if d.SectorIdentifierURI == "" || old != nil && old.SectorIdentifierURI == d.SectorIdentifierURI && slices.Equal(old.RedirectURIs, d.RedirectURIs) {
		return nil
	}
	var ps Problems
	refuse := func(format string, args ...any) error {
		ps.add("/sector_identifier_uri", "client.sector", format, args...)
		return ps.err()
	}
	if s.Fetch == nil {
		return refuse("nothing is fetched here")
	}
	answer, err := s.Fetch.Get(ctx, d.SectorIdentifierURI)
	switch {
	case err != nil:
		return refuse("could not be fetched")
	case answer.Status != 200:
		return refuse("was answered with status %d", answer.Status)
	}
	if media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); media != "application/json" {
		return refuse("is not of type application/json")
	}
	var listed []string
	if json.Unmarshal(answer.Body, &listed) != nil {
		return refuse("is not a JSON array of redirect URIs")
	}
	for _, uri := range d.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return refuse("doesn't list %s", uri)
		}
	}
	return nil
}
