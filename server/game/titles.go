package game

import (
	"net/http"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/oidc"
	"pratu/flows/players"
	"pratu/storage"
)

// served is a call of a title's own server.
type served struct {
	*call
	client *clients.Client // whose server it is
	oid    string          // of the player, from the path
}

// serve answers a call of a title's own server: an access token of client credentials with a scope.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, scope string, do func(c served) (any, error)) error {
	c := served{call: &call{w: w, r: r}, oid: r.PathValue("id")}
	data, err := func() (any, error) {
		a, err := s.access(r)
		if err != nil {
			return nil, err
		}
		c.client = a.Client
		if c.title, err = s.Players.Serving(r.Context(), a.Client, a.Scopes, scope); err != nil {
			return nil, err
		}
		if r.Method == http.MethodPatch || r.Method == http.MethodPost || r.Method == http.MethodPut {
			if c.in, err = readInput(w, r); err != nil {
				return nil, err
			}
		}
		return do(c)
	}()
	return s.answer(c.call, data, err)
}

// access is what the access token of a title's server stands for: of the client itself, not of a person, and meant for us.
func (s *Server) access(r *http.Request) (*oidc.Access, error) {
	a, err := s.Provider.Access(r.Context(), bearer(r))
	if err != nil {
		return nil, serving(err)
	}
	if !a.OfClient(s.Web.Issuer.String()) {
		return nil, serving(&oidc.Error{Status: http.StatusUnauthorized, Code: oidc.InvalidToken})
	}
	return a, nil
}

// PlayerByID is GET players/{id}.
func (s *Server) PlayerByID(w http.ResponseWriter, r *http.Request) error {
	return s.serve(w, r, players.ScopeRead, func(c served) (any, error) {
		p, err := s.Players.Player(r.Context(), c.title.ID, c.oid)
		return managedOf(c.oid, p), err
	})
}

// managed is a player as its title's server sees it.
type managed struct {
	player
	Banned    bool   `json:"banned"`
	BanReason string `json:"banReason"`
}

func managedOf(oid string, p storage.Player) managed {
	return managed{playerOf(oid, p), !p.BannedAt.IsZero(), p.BanReason}
}

// UpdatePlayer is PATCH players/{id}.
func (s *Server) UpdatePlayer(w http.ResponseWriter, r *http.Request) error {
	return s.serve(w, r, players.ScopeWrite, func(c served) (any, error) {
		var change players.Change
		if _, said := c.in["playerName"]; said {
			name, err := c.in.optional("playerName")
			if err != nil {
				return nil, err
			}
			change.Name = &name
		}
		for name, to := range map[string]**int64{"teamPlayerId": &change.Team, "costumeSelectId": &change.Costume} {
			var err error
			if *to, err = c.in.number(name); err != nil {
				return nil, err
			}
		}
		p, err := s.Players.Update(r.Context(), c.title.ID, c.oid, change)
		return managedOf(c.oid, p), err
	})
}

// entry is one of the ledger.
type entry struct {
	Entry    int64  `json:"entry"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
	Balance  int64  `json:"balance"`
	Reason   string `json:"reason"`
	CreateAt string `json:"createAt"`
}

// AppendLedger is POST players/{id}/ledger.
func (s *Server) AppendLedger(w http.ResponseWriter, r *http.Request) error {
	return s.serve(w, r, players.ScopeWrite, func(c served) (any, error) {
		e := players.Entry{Key: r.Header.Get("Idempotency-Key"), ClientID: c.client.ID}
		for name, to := range map[string]*string{"currency": &e.Currency, "reason": &e.Reason} {
			var err error
			if *to, err = c.in.text(name); err != nil {
				return nil, err
			}
		}
		amount, err := c.in.number("amount")
		if err != nil {
			return nil, err
		}
		if amount != nil {
			e.Amount = *amount
		}
		x, err := s.Players.Append(r.Context(), c.title.ID, c.oid, e)
		return entry{x.Entry, x.Currency, x.Amount, x.Balance, x.Reason, instant(x.CreatedAt.Time())}, err
	})
}

// Ban is PUT and DELETE players/{id}/ban.
func (s *Server) Ban(w http.ResponseWriter, r *http.Request) error {
	return s.serve(w, r, players.ScopeWrite, func(c served) (any, error) {
		by := players.Actor{Kind: audit.Client, ID: c.client.ID}
		if r.Method == http.MethodDelete {
			return done{true}, s.Players.Unban(r.Context(), c.title.ID, c.oid, by)
		}
		reason, err := c.in.text("reason")
		if err != nil {
			return nil, err
		}
		return done{true}, s.Players.Ban(r.Context(), c.title.ID, c.oid, reason, by)
	})
}
