package game

import (
	"net/http"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/players"
	"pratu/storage"
)

// Login is POST login.
func (s *Server) Login(w http.ResponseWriter, r *http.Request) error {
	return s.open(w, r, func(c *call) (any, error) {
		identifier, err := c.in.optional("email")
		if err == nil && identifier == "" {
			identifier, err = c.in.text("username")
		}
		if err != nil {
			return nil, err
		}
		password, err := c.in.text("password")
		if err != nil {
			return nil, err
		}
		return token(s.Players.Login(r.Context(), c.title, identifier, password, c.from()))
	})
}

// token is data of a sign-in.
func token(token string, err error) (any, error) { return token, err }

// Register is POST register.
func (s *Server) Register(w http.ResponseWriter, r *http.Request) error {
	return s.open(w, r, func(c *call) (any, error) {
		email, password, err := c.in.emailAndPassword()
		if err != nil {
			return nil, err
		}
		return mailed(s.Players.Register(r.Context(), c.title, email, password, c.from()))
	})
}

// emailAndPassword are texts; the password may be empty, which is too short.
func (in input) emailAndPassword() (email, password string, err error) {
	if email, err = in.text("email"); err != nil {
		return "", "", err
	}
	password, err = in.optional("password")
	return email, password, err
}

// mailedData is what a call answers that mailed somebody, or nobody.
type mailedData struct {
	Message string `json:"message"`
	Secret  string `json:"secret"`
	Success bool   `json:"success"`
}

func mailed(m *players.Mailed, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return mailedData{"Verification email will send to you as " + m.Email, m.Secret, true}, nil
}

// ResendEmail is POST resendEmail.
func (s *Server) ResendEmail(w http.ResponseWriter, r *http.Request) error {
	return s.open(w, r, func(c *call) (any, error) {
		email, err := c.in.text("email")
		if err != nil {
			return nil, err
		}
		handle, err := c.in.optional("secret")
		if err != nil {
			return nil, err
		}
		return mailed(s.Players.Resend(r.Context(), c.title, email, handle, c.from()))
	})
}

// VerifyAccount is POST verifyAccount.
func (s *Server) VerifyAccount(w http.ResponseWriter, r *http.Request) error {
	return s.open(w, r, func(c *call) (any, error) {
		p := accounts.TitleProof{IP: c.from().IP, UserAgent: r.UserAgent()}
		for name, to := range map[string]*string{"secret": &p.Secret, "code": &p.Code, "email": &p.Email} {
			var err error
			if *to, err = c.in.optional(name); err != nil {
				return nil, err
			}
		}
		if p.Secret == "" && (p.Code == "" || p.Email == "") {
			return nil, invalid("secret is missing.")
		}
		a, err := s.Players.Verify(r.Context(), c.title, p)
		if err != nil {
			return nil, err
		}
		return userOf(a), nil
	})
}

// user is an account as games know it.
type user struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	FirstName    string   `json:"firstname"`
	LastName     string   `json:"lastname"`
	Email        string   `json:"email"`
	Gender       string   `json:"gender"`
	Birthdate    string   `json:"birthdate"`
	Tel          string   `json:"tel"`
	AuthenTypeID int      `json:"authenTypeId"`
	AuthenID     string   `json:"authenId"`
	AuthenToken  string   `json:"authenToken"` // "" for ever: what a provider gave is not passed on
	Verified     bool     `json:"verified"`
	VerifiedAt   string   `json:"verifiedAt"`
	Roles        []string `json:"roles"`
	CreateAt     string   `json:"createAt"`
	LastModified string   `json:"lastModified"`
}

// typeEmail is authenTypeId of accounts with an address of their own.
const typeEmail = -1

func userOf(a *accounts.Account) user {
	word := func(claim string) string {
		text, _ := a.Profile[claim].(string)
		return text
	}
	u := user{
		ID: a.OID, Name: word("name"), FirstName: word("given_name"), LastName: word("family_name"), Gender: word("gender"),
		Birthdate: word("birthdate"), Email: a.Email(), AuthenTypeID: typeEmail, Roles: []string{"user"},
		CreateAt: instant(a.CreatedAt), LastModified: instant(a.UpdatedAt),
	}
	for _, c := range a.Contacts {
		if c.Verified && c.Kind == "phone" {
			u.Tel = c.Value
		}
		if c.Verified && c.Value == u.Email {
			u.Verified, u.VerifiedAt = true, instant(c.VerifiedAt)
		}
	}
	return u
}

// instant is RFC 3339 in UTC, to the millisecond.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

// RefreshToken is GET refreshToken.
func (s *Server) RefreshToken(w http.ResponseWriter, r *http.Request) error {
	return s.playing(w, r, func(_ *call, p *players.Playing) (any, error) {
		return token(s.Players.Renew(r.Context(), p))
	})
}

// done is data of a call that has nothing to tell.
type done struct {
	Success bool `json:"success"`
}

// Logout is POST logout.
func (s *Server) Logout(w http.ResponseWriter, r *http.Request) error {
	return s.playing(w, r, func(_ *call, p *players.Playing) (any, error) {
		return done{true}, s.Players.End(r.Context(), p)
	})
}

// Guest is POST guest.
func (s *Server) Guest(w http.ResponseWriter, r *http.Request) error {
	return s.open(w, r, func(c *call) (any, error) {
		key, err := c.in.optional("deviceKey")
		if err != nil {
			return nil, err
		}
		session, key, err := s.Players.Guest(r.Context(), c.title, key, c.from())
		c.extra = map[string]any{"deviceKey": key}
		return token(session, err)
	})
}

// LinkPassword is POST link/password.
func (s *Server) LinkPassword(w http.ResponseWriter, r *http.Request) error {
	return s.playing(w, r, func(c *call, p *players.Playing) (any, error) {
		email, password, err := c.in.emailAndPassword()
		if err != nil {
			return nil, err
		}
		return mailed(s.Players.LinkPassword(r.Context(), p, email, password, c.from()))
	})
}

// Player is GET player.
func (s *Server) Player(w http.ResponseWriter, r *http.Request) error {
	return s.playing(w, r, func(_ *call, p *players.Playing) (any, error) {
		return playerOf(p.OID, p.Player), nil
	})
}

// player is what a player has, as the wire calls it.
type player struct {
	ID           string `json:"id"`
	PlayerName   string `json:"playerName"`
	TeamPlayerID int64  `json:"teamPlayerId"`
	Coin         int64  `json:"coin"`
	Diamond      int64  `json:"diamond"`
	Costume      int64  `json:"costumeSelectId"`
	CreateAt     string `json:"createAt"`
	LastModified string `json:"lastModified"`
}

func playerOf(oid string, p storage.Player) player {
	return player{
		ID: oid, PlayerName: p.Name, TeamPlayerID: p.TeamID, Coin: p.Coin, Diamond: p.Diamond, Costume: p.CostumeID,
		CreateAt: instant(p.CreatedAt.Time()), LastModified: instant(p.UpdatedAt.Time()),
	}
}
