package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pratu/flows/issuer"
)

const partingLabel = "parting"

// Parting is what the signed-out page is about: sessions that ended in this browser, and where it goes on.
type Parting struct {
	Sessions []string  `json:"sessions"`
	Target   string    `json:"target"` // "" for nowhere
	At       time.Time `json:"at"`
}

// Part sends a browser on whose sessions ended: to the target, or to the signed-out page when there is none, or something
// to be done there before. What the page needs travels sealed, for this browser alone: it tells which applications
// somebody used.
func (k *Kernel) Part(w http.ResponseWriter, r *http.Request, p Parting, before bool) error {
	if p.Target != "" && !before {
		w.Header().Set("Location", p.Target)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	if len(p.Sessions) == 0 {
		return k.Redirect(w, issuer.PathSignedOut, nil)
	}
	p.At = k.Now()
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return k.Redirect(w, issuer.PathSignedOut, url.Values{"of": {k.Keyring.Seal(partingLabel, raw, k.Browser(w, r))}})
}

// OpenParting is what Part sent this browser with; nothing for anybody else.
func (k *Kernel) OpenParting(r *http.Request, text string) (p Parting) {
	browser := k.cookie(r, browserCookie)
	if text == "" || browser == "" {
		return Parting{}
	}
	if raw, err := k.Keyring.Open(partingLabel, text, browser); err != nil || json.Unmarshal(raw, &p) != nil {
		return Parting{}
	}
	return p
}

// AllowFrames lets a page load frames of the origins of these addresses, and of no others.
func AllowFrames(w http.ResponseWriter, addresses []string) {
	var origins []string
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || strings.ContainsAny(u.Host, " ;,'") {
			continue
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	if len(origins) == 0 {
		return
	}
	policy := w.Header().Get("Content-Security-Policy")
	w.Header().Set("Content-Security-Policy", policy+"; frame-src "+strings.Join(origins, " "))
}
