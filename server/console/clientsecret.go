package console

import (
	"net/http"
	"strconv"
	"time"

	"pratu/flows/clients"
)

// ClientSecret is "console/client-secret": what answers whoever gets one, once.
type ClientSecret struct {
	Page
	ID, Name, URL string
	Secret        string // "" for an application without
	New           bool   // the application is new
	Issuer        string
	Snippets      []Snippet
}

func (s *Server) secretView(d desk, c *clients.Client, plain string, fresh bool) *ClientSecret {
	page := &ClientSecret{
		Page: s.page(d), ID: c.ID, Name: d.nameOf(c), URL: s.clientURL(c.ID), Secret: plain,
		New: fresh, Issuer: s.Web.Issuer.String(),
	}
	if fresh {
		page.Snippets = s.snippets(c)
	}
	return page
}

// rotate gives an application a second secret, and shows it.
func (s *Server) rotate(d desk, c *clients.Client) error {
	hours, err := strconv.Atoi(d.r.PostForm.Get("overlap"))
	if err != nil {
		hours = -1
	}
	plain, err := s.Office.RotateSecret(d.r.Context(), d.actor, c.ID, time.Duration(hours)*time.Hour)
	if err != nil {
		return s.refuse(d, clientPage, s.clientView(d, c, nil), err)
	}
	return s.show(d, http.StatusOK, "client-secret", s.secretView(d, c, plain, false))
}
