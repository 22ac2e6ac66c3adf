package adminapi

import (
	"strconv"
	"strings"
	"time"

	"pratu/flows/office"
	"pratu/storage"
)

// Detail is an account with what is around it.
type Detail struct {
	Account
	Factors     Factors `json:"factors"`
	Sessions    int     `json:"sessions"`
	DisabledFor string  `json:"disabled_for,omitempty"`
	MergedInto  string  `json:"merged_into,omitempty"` // ssoid
}

// Factors are what somebody signs in with; nobody sees a secret.
type Factors struct {
	Password      bool  `json:"password"`
	App           bool  `json:"app"`
	Passkeys      int64 `json:"passkeys"`
	RecoveryCodes int64 `json:"recovery_codes"`
}

// ViewPerson is an account with what is around it, as programs see it.
func ViewPerson(p *office.Person) Detail {
	v := Detail{
		Account: ViewAccount(p.Account), Sessions: len(p.Sessions), DisabledFor: p.Reason,
		Factors: Factors{p.Factors.Password, p.Factors.TOTP, p.Factors.Passkeys, p.Factors.Recovery},
	}
	if p.MergedInto != 0 {
		v.MergedInto = strconv.FormatInt(p.MergedInto, 10)
	}
	return v
}

// Session is where somebody is signed in.
type Session struct {
	ID         string    `json:"id"`
	AMR        []string  `json:"amr"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"user_agent"`
	Title      string    `json:"title,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// ViewSession is a session as programs see it.
func ViewSession(s storage.Session) Session {
	return Session{s.ID, strings.Fields(s.AMR), s.IP, s.UserAgent, s.Title, s.CreatedAt.Time(), s.LastSeenAt.Time(), s.ExpiresAt.Time()}
}

func listSessions(s *Server, c *call) error {
	n, err := c.account()
	if err != nil {
		return err
	}
	p, err := s.Office.Account(c.r.Context(), c.actor, n)
	if err != nil {
		return err
	}
	var items []Session
	for _, x := range p.Sessions {
		items = append(items, ViewSession(x))
	}
	return paged(c, items, "")
}
