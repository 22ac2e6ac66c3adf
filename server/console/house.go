package console

import (
	"net/http"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
)

// Keys is "console/keys" [action=rotate, compromised, confirm].
type Keys struct {
	Page
	Keys     []Key
	MayWrite bool
}

// Key is a published signing key.
type Key struct {
	ID, Alg, State      string
	ActiveAt, RetiredAt time.Time
	Days                int
	Signing             bool
}

// SigningKeys is GET /admin/keys.
func (s *Server) SigningKeys(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminKeys)
	if err != nil || !ok {
		return err
	}
	page, err := s.keysView(d)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "keys", page)
}

func (s *Server) keysView(d desk) (*Keys, error) {
	list, err := s.Office.SigningKeys(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Keys{Page: s.page(d), MayWrite: d.actor.May(office.RotateKeys)}
	for _, k := range list {
		page.Keys = append(page.Keys, keyRow(k, s.Now()))
	}
	return page, nil
}

func keyRow(k keys.Info, now time.Time) Key {
	return Key{
		ID: k.ID, Alg: k.Alg, State: k.State, ActiveAt: k.ActiveAt, RetiredAt: k.RetiredAt, Days: int(now.Sub(k.CreatedAt) / (24 * time.Hour)),
		Signing: k.State == "signing",
	}
}

// SigningKeysPost is POST /admin/keys.
func (s *Server) SigningKeysPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminKeys)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Get("confirm") != "1" {
		err = kind.New(kind.Invalid, "delete.unconfirmed").WithField("confirm")
	} else {
		err = s.Office.RotateKeys(r.Context(), d.actor, r.PostForm.Get("compromised") == "1")
	}
	if err == nil {
		return s.done(d, issuer.PathAdminKeys, "key_rotated")
	}
	page, failure := s.keysView(d)
	if failure != nil {
		return failure
	}
	return s.refuse(d, "keys", page, err)
}

// Mail is "console/mail" [action=retry with message, "" for all | test].
type Mail struct {
	Page
	Messages []Message
	Lost     int // given up
	MaySend  bool
}

// Message is one that waits or was given up.
type Message struct {
	ID, Kind, Error string
	Attempts        int
	Lost            bool
	CreatedAt, Next time.Time
}

// Mail is GET /admin/mail.
func (s *Server) Mail(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminMail)
	if err != nil || !ok {
		return err
	}
	page, err := s.mailView(d)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "mail", page)
}

func (s *Server) mailView(d desk) (*Mail, error) {
	list, err := s.Office.Messages(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Mail{Page: s.page(d), MaySend: d.actor.May(office.SendMail)}
	for _, m := range list {
		row := Message{
			ID: m.ID, Kind: m.Kind, Error: web.Inert(m.LastError), Attempts: int(m.Attempts), Lost: !m.ParkedAt.IsZero(), CreatedAt: m.CreatedAt.Time(),
			Next: m.NextAttemptAt.Time(),
		}
		if row.Lost {
			page.Lost++
		}
		page.Messages = append(page.Messages, row)
	}
	return page, nil
}

// MailPost is POST /admin/mail.
func (s *Server) MailPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminMail)
	if err != nil || !ok {
		return err
	}
	notice := "mail_retried"
	switch r.PostForm.Get("action") {
	case "test":
		notice, err = "mail_sent", s.Office.TestMail(r.Context(), d.actor)
	case "retry":
		err = s.Office.RetryMessage(r.Context(), d.actor, r.PostForm.Get("message"))
	default:
		err = kind.New(kind.Invalid, "form")
	}
	if err == nil {
		return s.done(d, issuer.PathAdminMail, notice)
	}
	page, failure := s.mailView(d)
	if failure != nil {
		return failure
	}
	return s.refuse(d, "mail", page, err)
}

// Setting is a setting as the program runs: a secret has no value, only whether it is there.
type Setting struct {
	Name, Value string
	Secret      bool
	Set         bool // it isn't the default
}

// Running is "console/settings".
type Running struct {
	Page
	Settings []Setting
}

// Running is GET /admin/settings.
func (s *Server) Running(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminSettings)
	if err != nil || !ok {
		return err
	}
	if err := s.Office.Settings(d.actor); err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "settings", &Running{Page: s.page(d), Settings: s.Settings()})
}
