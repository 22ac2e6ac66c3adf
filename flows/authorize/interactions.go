package authorize

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

const (
	// InteractionLife is how long a person may take, the mailed code of a sign-up included.
	InteractionLife = 30 * time.Minute
	// ConsentLife is how long a consent is remembered (rulings 3.11).
	ConsentLife = 365 * 24 * time.Hour
)

// Service keeps interactions and consents.
type Service struct {
	Issuer  issuer.Issuer
	Store   *storage.Store
	Clients *clients.Service
	Limiter *limits.Limiter
	Keyring *secret.Keyring
	Audit   *audit.Log
	Now     func() time.Time
}

// Interaction is a waiting request as pages see it.
type Interaction struct {
	Handle       string // the id in the URL
	Client       *clients.Client
	SessionID    string // chosen or begun for it, or ""
	Params       url.Values
	Scopes       []string
	ClaimNames   []string
	LoginHint    string
	Prompt       string
	UILocales    []string
	RedirectHost string
	Device       bool                // the answer goes to a device that waits elsewhere
	RestartURL   string              // where the person can start again, or ""
	Waiting      storage.Interaction // as it was read
}

// Parked is a request that waits for a person: its name in URLs, and what the browser is to carry of it, or "".
type Parked struct{ Handle, Carried string }

// Park has a request wait until a person has answered. For a session that it is about, or "", it is as if that had been
// chosen. A request that came cross-site, and without cookies, belongs to the first browser that comes for it. Anybody can have
// requests parked, so what is written for one network is bounded: kind.RateLimited.
func (s *Service) Park(ctx context.Context, r *Request, from Visitor, sessionID, network string) (Parked, error) {
	now := s.Now()
	expires := now.Add(InteractionLife)
	p := Parked{Handle: s.newHandle(expires)}
	row := storage.Interaction{
		ID: secret.Hash(p.Handle), ClientID: r.Client.ID, BrowserHash: browserHash(from.Browser), PushedID: r.PushedID, DeviceID: r.DeviceID,
		Form: r.Params.Encode(), RequestedAt: storage.At(r.RequestedAt), SessionID: sessionID, ExpiresAt: storage.At(expires),
	}
	if sessionID != "" {
		row.SelectedAt = storage.At(now)
	}
	if from.Carries && r.PushedID == "" {
		if sealed := s.seal(p.Handle, row); len(sealed) <= maxCarried {
			p.Carried = sealed
			return p, nil
		}
	}
	return p, s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Limiter.Sample(ctx, limits.RequestAddress.Of(network)); err != nil {
			return err
		}
		if r.PushedID != "" {
			if err := s.Store.ExtendPushedRequest(ctx, r.PushedID, row.ExpiresAt); err != nil {
				return err
			}
		}
		_, err := s.Store.Apply(ctx, s.Store.CreateInteraction(row))
		return err
	})
}

func browserHash(cookie string) string {
	if cookie == "" {
		return ""
	}
	return secret.Hash(cookie)
}

// Load reads a waiting request for the browser it belongs to: kind.NotFound "interaction.expired", or "interaction.unknown"
// when nothing is left of it, kind.Forbidden "interaction.other_browser". The cookie is what keeps somebody else from finishing
// it (login CSRF, stolen links).
func (s *Service) Load(ctx context.Context, handle string, from Visitor) (storage.Interaction, error) {
	row, err := s.read(ctx, handle, from)
	if err != nil {
		return row, err
	}
	if row.Form == "" || row.ExpiresAt <= storage.At(s.Now()) {
		expired := kind.New(kind.NotFound, "interaction.expired")
		if c, err := s.Clients.Get(ctx, row.ClientID); err == nil {
			expired = expired.WithArg("restart", s.RestartURL(c))
		}
		return row, expired
	}
	if from.Browser == "" {
		return row, errOtherBrowser()
	}
	if row.BrowserHash == "" {
		if err := s.Store.BindInteraction(ctx, row.ID, browserHash(from.Browser)); err != nil {
			return row, errOtherBrowser().WithErr(err)
		}
		row.BrowserHash = browserHash(from.Browser)
	}
	if !secret.Equal(row.BrowserHash, browserHash(from.Browser)) {
		return row, errOtherBrowser()
	}
	return row, nil
}

func errOtherBrowser() *kind.Error { return kind.New(kind.Forbidden, "interaction.other_browser") }

// read finds a request where it waits. What a browser carries is all there is while nobody has signed in to it; later the row
// counts, if there is one.
func (s *Service) read(ctx context.Context, handle string, from Visitor) (storage.Interaction, error) {
	if handle == "" || len(handle) > 128 {
		return storage.Interaction{}, kind.New(kind.NotFound, "interaction.unknown")
	}
	own, carried := s.unseal(handle, from.Carried)
	if carried && !from.SignedIn {
		return own, nil
	}
	row, err := s.Store.Interaction(ctx, secret.Hash(handle))
	if !errors.Is(err, storage.ErrNotFound) {
		return row, err
	}
	if carried {
		return own, nil
	}
	switch expires, ours := s.expiry(handle); {
	case !ours || s.Now().After(expires.Add(storage.KeepInteractions)):
		return row, kind.New(kind.NotFound, "interaction.unknown")
	case !s.Now().Before(expires.Add(time.Minute)):
		return row, kind.New(kind.NotFound, "interaction.expired")
	}
	return row, errOtherBrowser()
}

// Interaction is Load for pages.
func (s *Service) Interaction(ctx context.Context, handle string, from Visitor) (*Interaction, error) {
	row, err := s.Load(ctx, handle, from)
	if err != nil {
		return nil, err
	}
	client, err := s.Clients.Get(ctx, row.ClientID)
	if err != nil {
		return nil, err
	}
	params, err := url.ParseQuery(row.Form)
	if err != nil {
		return nil, err
	}
	i := &Interaction{
		Handle: handle, Client: client, SessionID: row.SessionID, Params: params,
		Scopes: client.ReadScopes(params.Get("scope")), ClaimNames: ClaimNames(client, client.ReadScopes(params.Get("scope")), params.Get("claims")),
		LoginHint: params.Get("login_hint"), Prompt: params.Get("prompt"),
		UILocales: strings.Fields(params.Get("ui_locales")), RestartURL: s.RestartURL(client),
		Device: row.DeviceID != "", Waiting: row,
	}
	if i.Device {
		return i, nil
	}
	if u, err := url.Parse(params.Get("redirect_uri")); err == nil {
		i.RedirectHost = u.Host
		if u.Host == "" {
			i.RedirectHost = u.Scheme + ":"
		}
	}
	return i, nil
}

// RestartURL is where a sign-in to a client can begin again, or "". A page that anybody may call their own is none.
func (s *Service) RestartURL(c *clients.Client) string {
	if start := c.StartURL(s.Issuer.String()); start != "" || c.Unverified() {
		return start
	}
	return c.Metadata.ClientURI
}

// State is what the interaction adds to what is known of the browser.
func (s *Service) State(row storage.Interaction) State {
	return State{
		SessionID: row.SessionID, SignedInAt: row.SignedInAt.Time(), SelectedAt: row.SelectedAt.Time(),
		ConsentedAt: row.ConsentedAt.Time(), Consented: strings.Fields(row.Scopes), Denied: !row.DeniedAt.IsZero(),
	}
}

// SignedIn is the state of an interaction for which a session begins now.
func (s *Service) SignedIn(row storage.Interaction, session storage.Session) State {
	row.SessionID, row.SignedInAt, row.ConsentedAt, row.Scopes = session.ID, storage.At(s.Now()), 0, ""
	return s.State(row)
}

// Joined is what a session that begins is for, in its transaction.
type Joined = func(ctx context.Context, session storage.SessionView) error

// SigningIn notes that somebody signed in for the request. Without one there is nothing to note.
func (s *Service) SigningIn(i *Interaction) Joined {
	if i == nil {
		return nil
	}
	return func(ctx context.Context, session storage.SessionView) error {
		return s.note(ctx, i, func(ctx context.Context) error {
			return Spent(s.Store.SignInInteraction(ctx, i.Waiting.ID, session.ID, storage.At(s.Now())))
		})
	}
}

// note writes something down about a request, and the request before that if it wasn't.
func (s *Service) note(ctx context.Context, i *Interaction, fn func(ctx context.Context) error) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if i.Waiting.Unwritten {
			if _, err := s.Store.Apply(ctx, s.Store.CreateInteraction(i.Waiting).Else(nil)); err != nil {
				return err
			}
		}
		return fn(ctx)
	})
}

// Spent tells a person whose request ended while they answered the page. There is nothing wrong with the server.
func Spent(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return kind.New(kind.NotFound, "interaction.expired").WithErr(err)
	}
	return err
}

// Chosen notes which of the browser's sessions was chosen for the request.
func (s *Service) Chosen(ctx context.Context, i *Interaction, sessionID string) error {
	return s.note(ctx, i, func(ctx context.Context) error {
		return s.Store.SelectInteraction(ctx, i.Waiting.ID, sessionID, storage.At(s.Now()))
	})
}

// SteppingUp notes that the request's session goes on as another one, after a second factor. It is no sign-in for the
// request: prompt=login wants the first factor anew.
func (s *Service) SteppingUp(i *Interaction, fromSession string) Joined {
	if i == nil {
		return nil
	}
	return func(ctx context.Context, session storage.SessionView) error {
		return s.note(ctx, i, func(ctx context.Context) error {
			return Spent(s.Store.MoveInteraction(ctx, i.Waiting.ID, fromSession, session.ID, storage.At(s.Now())))
		})
	}
}

// Allow notes that the person of a session agreed to exactly what the request asks, and remembers it for the client, unless
// the answer comes back to us: what is allowed in a trial was allowed to look at it, and would let the application itself in
// without a question. A form can't widen it: the scopes are the request's.
func (s *Service) Allow(ctx context.Context, i *Interaction, accountID, sessionID string) error {
	now := s.Now()
	scopes := strings.Join(i.Scopes, " ")
	return s.note(ctx, i, func(ctx context.Context) error {
		if err := s.Store.ConsentInteraction(ctx, i.Waiting.ID, sessionID, scopes, storage.At(now)); err != nil {
			return err
		}
		if i.Params.Get("redirect_uri") == s.Issuer.URL(issuer.PathAdminTrial) {
			return nil
		}
		err := s.Store.PutConsent(ctx, storage.Consent{
			AccountID: accountID, ClientID: i.Client.ID, Scopes: scopes, Claims: strings.Join(i.ClaimNames, " "),
			GrantedAt: storage.At(now), ExpiresAt: storage.At(now.Add(ConsentLife)),
		})
		if err != nil {
			return err
		}
		return s.Audit.Append(ctx, audit.Event{
			Name: "consent.granted", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID,
			ClientID: i.Client.ID, SessionID: sessionID, Details: map[string]any{"scopes": i.Scopes},
		})
	})
}

// Deny notes that the person said no.
func (s *Service) Deny(ctx context.Context, i *Interaction) error {
	return s.note(ctx, i, func(ctx context.Context) error {
		return s.Store.DenyInteraction(ctx, i.Waiting.ID, storage.At(s.Now()))
	})
}

// Refused notes that a request is answered with an error. A relying party hears it by a redirect; a device asks.
func (s *Service) Refused(ctx context.Context, r *Request) error {
	if r.DeviceID == "" {
		return nil
	}
	return s.denyDevice(ctx, r.DeviceID, r.Client.ID)
}

// Finish consumes an interaction as it was read, in the transaction that answers it: kind.NotFound when another tab did.
func (s *Service) Finish(ctx context.Context, row storage.Interaction) error {
	_, err := s.Store.Apply(ctx, s.Finishing(row))
	return Spent(err)
}

// Finishing is Finish along with other writes; storage.ErrNotFound, unless it is said otherwise.
func (s *Service) Finishing(row storage.Interaction) storage.Write {
	return s.Store.EndInteraction(row, storage.At(s.Now()))
}
