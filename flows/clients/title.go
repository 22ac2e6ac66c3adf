package clients

import (
	"strings"
	"time"
	"unicode/utf8"
)

// DefaultSessionTokenLifetime is how long a game's session token lives where the title states nothing.
const DefaultSessionTokenLifetime = 24 * time.Hour

// PlayerDefaults are what a player of a title begins with. What isn't said is the default.
type PlayerDefaults struct {
	Name    *string `json:"name,omitempty"`
	Team    *int64  `json:"team,omitempty"`
	Costume *int64  `json:"costume,omitempty"`
	Coin    *int64  `json:"coin,omitempty"`
	Diamond *int64  `json:"diamond,omitempty"`
}

// UnmarshalJSON refuses unknown members: a misspelt number would be the default.
func (p *PlayerDefaults) UnmarshalJSON(raw []byte) error {
	type plain PlayerDefaults
	v, err := strictly[plain](raw)
	*p = PlayerDefaults(v)
	return err
}

// NewPlayer is what a player of this title begins with.
func (c *Client) NewPlayer() (name string, team, costume, coin, diamond int64) {
	name, team, costume, coin, diamond = "undefined", -1, -1, 500, 0 // the word and the numbers that games rely on
	p := c.Settings.Player
	if p == nil {
		return name, team, costume, coin, diamond
	}
	if p.Name != nil {
		name = *p.Name
	}
	for to, said := range map[*int64]*int64{&team: p.Team, &costume: p.Costume, &coin: p.Coin, &diamond: p.Diamond} {
		if said != nil {
			*to = *said
		}
	}
	return name, team, costume, coin, diamond
}

// SessionTokenLifetime is how long a session token of this title lives.
func (c *Client) SessionTokenLifetime() time.Duration {
	return c.Settings.SessionTokenLifetime.or(DefaultSessionTokenLifetime)
}

// TitleOf is the title whose players a client's server may look after: a game's own, or that of a machine that serves one.
func (c *Client) TitleOf() string {
	if c.Kind == KindGame {
		return c.ID
	}
	return c.Settings.Title
}

// maxStart bounds what a player begins with, far from where sums end.
const maxStart = 1_000_000_000

func (d *Document) validateTitle(ps *Problems) {
	s := &d.Settings
	if d.Kind != KindGame {
		for name, set := range map[string]bool{
			"player": s.Player != nil, "session_token_lifetime": s.SessionTokenLifetime != 0, "legacy_nonce": s.LegacyNonce,
		} {
			if set {
				ps.add("/settings/"+name, "setting.kind", "only kind game has players")
			}
		}
		return
	}
	if s.Player == nil {
		return
	}
	if n := s.Player.Name; n != nil && (strings.TrimSpace(*n) == "" || utf8.RuneCountInString(*n) > 60) {
		ps.add("/settings/player/name", "setting.value", "1 to 60 characters")
	}
	for name, v := range map[string]*int64{"coin": s.Player.Coin, "diamond": s.Player.Diamond} {
		if v != nil && (*v < 0 || *v > maxStart) {
			ps.add("/settings/player/"+name, "setting.value", "between 0 and %d", maxStart)
		}
	}
}
