package console

import (
	"net/http"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/office"
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
	if err = confirmed(r, "confirm"); err == nil {
		_, err = s.Office.RotateKeys(r.Context(), d.actor, keys.RotateOptions{Compromised: r.PostForm.Get("compromised") == "1"})
	}
	if err == nil {
		return s.done(d, issuer.PathAdminKeys, "key_rotated")
	}
	return s.again(d, "keys", err)(s.keysView(d))
}

// Running is "console/settings".
type Running struct {
	Page
	Settings []office.Setting
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
