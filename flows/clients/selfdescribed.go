package clients

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/limits"
)

// OriginDocument are clients that nobody registered. Others that nobody vetted have storage.OriginDynamic.
const OriginDocument = "document"

// Bounds of documents and of remembering them.
const (
	maxDocumentID    = 512
	maxSelfDocument  = 5 << 10 // as the draft recommends
	minDocumentAge   = 5 * time.Minute
	usualDocumentAge = time.Hour
	maxDocumentAge   = 24 * time.Hour
	documentPause    = time.Minute // after a failure
	maxDocuments     = 1000
)

// Documents are clients whose id is the https address of a document in which they describe themselves
// (draft-ietf-oauth-client-id-metadata-document). All fields are required.
type Documents struct {
	Fetch   Fetcher
	Limiter *limits.Limiter
	Now     func() time.Time

	flights singleflight.Group
	mu      sync.Mutex
	known   map[string]knownDocument
}

// knownDocument is what is remembered of an address: a client, or why there is none.
type knownDocument struct {
	client *Client
	err    error
	until  time.Time // it is looked at again
	last   time.Time // a client whose server is away is believed until then
}

// documentID reads an id that is such an address: https, a public name, a path without dots, and nothing else, since one
// client has one address.
func documentID(id string) (*url.URL, bool) {
	if !strings.HasPrefix(id, "https://") || len(id) > maxDocumentID {
		return nil, false
	}
	var ps Problems
	fetchedURI(&ps, "client_id", id)
	u, err := url.Parse(id)
	if len(ps) > 0 || err != nil || strings.ContainsAny(id, "?%") || len(u.Path) < 2 || u.String() != id {
		return nil, false
	}
	dots := slices.ContainsFunc(strings.Split(u.Path, "/"), func(part string) bool { return part == "." || part == ".." })
	return u, !dots
}

// get is the client of a document, remembered or fetched.
func (d *Documents) get(ctx context.Context, id string) (*Client, error) {
	if k, fresh := d.remembered(id); fresh {
		return k.client, k.err
	}
	v, err, _ := d.flights.Do(id, func() (any, error) {
		if err := d.Limiter.Take(ctx, limits.ClientDocument.Of(limits.Network(audit.RequestOf(ctx).IP))); err != nil {
			return nil, err
		}
		// Others wait for this answer, so it must outlive the request that happened to begin it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		c, age, err := d.fetch(ctx, id)
		return d.remember(id, c, age, err)
	})
	if err != nil {
		return nil, err
	}
	return v.(*Client), nil
}

func (d *Documents) remembered(id string) (k knownDocument, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k = d.known[id]
	return k, d.Now().Before(k.until)
}

var errGone = errors.New("there is no such document")

// remember keeps what was found. Who is merely away stays who they were, for a day at most; who isn't right any more isn't.
func (d *Documents) remember(id string, c *Client, age time.Duration, err error) (*Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	before := d.known[id]
	k := knownDocument{client: c, until: now.Add(age), last: now.Add(age + maxDocumentAge)}
	if err != nil {
		k = knownDocument{err: kind.New(kind.NotFound, "client.unknown").WithErr(err), until: now.Add(documentPause)}
		if before.client != nil && errors.Is(err, errAway) && now.Before(before.last) {
			k = knownDocument{client: before.client, until: k.until, last: before.last}
		}
	}
	if d.known == nil {
		d.known = map[string]knownDocument{}
	}
	if len(d.known) >= maxDocuments {
		maps.DeleteFunc(d.known, func(_ string, k knownDocument) bool { return !now.Before(k.until) })
	}
	if len(d.known) >= maxDocuments {
		clear(d.known)
	}
	d.known[id] = k
	return k.client, k.err
}

var errAway = errors.New("the document's server is away")

// fetch reads a document and makes a client of it.
func (d *Documents) fetch(ctx context.Context, id string) (*Client, time.Duration, error) {
	answer, err := d.Fetch.Get(ctx, id)
	media := ""
	if err == nil {
		media, _, _ = mime.ParseMediaType(answer.Header.Get("Content-Type"))
	}
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%w: %w", errAway, err)
	case answer.Status >= 500:
		return nil, 0, errAway
	case answer.Status != 200:
		return nil, 0, errGone
	case media != "application/json" && !strings.HasSuffix(media, "+json"):
		return nil, 0, errors.New("the document is not JSON")
	case len(answer.Body) > maxSelfDocument:
		return nil, 0, errors.New("the document is too long")
	}
	c, err := readSelf(id, answer.Body)
	return c, documentAge(answer.Header.Get("Cache-Control")), err
}

// documentAge is how long the document's server wants it to be kept, within our bounds.
func documentAge(cacheControl string) time.Duration {
	age := usualDocumentAge
	for part := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "no-store", "no-cache":
			return minDocumentAge
		case "max-age":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil {
				age = time.Duration(n) * time.Second
			}
		}
	}
	return min(max(age, minDocumentAge), maxDocumentAge)
}

// readSelf judges a document by the rules of all clients. It has no secrets: everybody can read it.
func readSelf(id string, raw []byte) (*Client, error) {
	m, own, ps := readMetadata(raw)
	if own.ClientID != id {
		ps.add("/client_id", "client.fixed", "isn't the document's own address")
	}
	if own.ClientSecret != "" {
		ps.add("/client_secret", "client.secret", "a secret that everybody can read")
	}
	if m.TokenEndpointAuthMethod == "" {
		m.TokenEndpointAuthMethod = AuthNone
	}
	if m.TokenEndpointAuthMethod != AuthNone {
		ps.add("/token_endpoint_auth_method", "client.auth", "none is the only method of such clients")
	}
	if m.SectorIdentifierURI != "" {
		ps.add("/sector_identifier_uri", "client.sector", "such a client has one host")
	}
	if m.inFront() {
		ps.add("/response_types", "client.response", "such a client gets codes only")
	}
	d := selfDescribed(m, &ps)
	d.fill()
	ps = append(ps, d.validate()...)
	if err := ps.err(); err != nil {
		return nil, err
	}
	return &Client{ID: id, Kind: d.Kind, Name: d.ClientName, Metadata: d.Metadata, Settings: d.Settings, Origin: OriginDocument}, nil
}

// Known is Find for lists of what people use: of a client that is a document, what is remembered, and else where it lives.
// Looking at a list asks nobody.
func (s *Service) Known(ctx context.Context, id string) (*Client, error) {
	if s.builtIn(id) {
		return s.BuiltIn, nil
	}
	u, document := documentID(id)
	if !document {
		return s.Find(ctx, id)
	}
	if s.Documents != nil {
		if k, _ := s.Documents.remembered(id); k.client != nil {
			return k.client, nil
		}
	}
	return &Client{ID: id, Name: u.Host, Origin: OriginDocument}, nil
}
