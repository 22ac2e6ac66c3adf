package adminapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"pratu/flows/clients"
	"pratu/storage"
)

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor,omitempty"`
}

// paged writes a part of a list, with a link to the next (RFC 8288).
func paged[T any](c *call, items []T, next string) error {
	if items == nil {
		items = []T{}
	}
	if next != "" {
		q := c.r.URL.Query()
		q.Set("cursor", next)
		c.w.Header().Set("Link", "<"+c.r.URL.EscapedPath()+"?"+q.Encode()+`>; rel="next"`)
	}
	return write(c, http.StatusOK, page[T]{items, next})
}

func listClients(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	list, next, err := s.Office.FindClients(c.r.Context(), c.actor, q.Get("q"), q.Get("cursor"), limit)
	if err != nil {
		return err
	}
	var items []clients.Document
	for _, x := range list {
		items = append(items, x.Document())
	}
	return paged(c, items, next)
}

func getClient(s *Server, c *call) error {
	x, err := s.Office.Client(c.r.Context(), c.actor, c.r.PathValue("client"))
	if err != nil {
		return err
	}
	return versioned(c, http.StatusOK, x, "")
}

func versioned(c *call, status int, x *clients.Client, secret string) error {
	doc := x.Document()
	doc.ClientSecret = secret
	c.w.Header().Set("ETag", etag(x.UpdatedAt))
	return write(c, status, doc)
}

// created is what is kept of the answer to a creation, for whoever repeats the request.
type created struct {
	Document clients.Document `json:"document"`
	Version  storage.Instant  `json:"version"`
}

func createClient(s *Server, c *call) error {
	doc, err := clients.ReadDocument(bytes.NewReader(c.body))
	if err == nil {
		err = unset(&doc, clients.Document{})
	}
	if err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) (created, error) {
		x, secret, err := s.Office.CreateClient(c.r.Context(), c.actor, doc)
		if err != nil {
			return created{}, err
		}
		made := created{x.Document(), x.UpdatedAt}
		made.Document.ClientSecret = secret
		return made, nil
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(made.Version))
	c.w.Header().Set("Location", s.Web.Issuer.URL(Base+"/clients/")+url.PathEscape(made.Document.ClientID))
	return write(c, http.StatusCreated, made.Document)
}

// unset refuses members that only we write.
func unset(d *clients.Document, shown clients.Document) error {
	for _, m := range []struct {
		name string
		ours bool
	}{{"client_id_issued_at", d.ClientIDIssuedAt == shown.ClientIDIssuedAt}, {"origin", d.Origin == shown.Origin}, {"token_endpoint_auth_methods", slices.Equal(d.AuthMethods, shown.AuthMethods)}} {
		if !m.ours {
			return invalid("document.read_only", "/"+m.name, "is kept by us: leave it out")
		}
	}
	return nil
}

// changeClient is PATCH: the members that are named, and nothing else.
func changeClient(s *Server, c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	x, err := s.Office.ChangeClient(c.r.Context(), c.actor, c.r.PathValue("client"), version, func(d *clients.Document) error {
		shown, err := json.Marshal(d) //nolint:gosec // it holds no secret: only its hash is kept
		if err != nil {
			return err
		}
		whole, err := merge(shown, c.body)
		if err != nil {
			return err
		}
		doc, err := clients.ReadDocument(bytes.NewReader(whole))
		if err != nil {
			return err
		}
		if err := unset(&doc, *d); err != nil {
			return err
		}
		*d = doc
		return nil
	})
	if err != nil {
		return err
	}
	return versioned(c, http.StatusOK, x, "")
}

func deleteClient(s *Server, c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	if err := s.Office.DeleteClient(c.r.Context(), c.actor, c.r.PathValue("client"), version); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func putLogo(s *Server, c *call) error {
	return s.logo(c, func(d *clients.Document) error { return d.UseLogo(c.body) })
}

func deleteLogo(s *Server, c *call) error {
	return s.logo(c, func(d *clients.Document) error { d.DropLogo(); return nil })
}

func (s *Server) logo(c *call, change func(*clients.Document) error) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	x, err := s.Office.ChangeClient(c.r.Context(), c.actor, c.r.PathValue("client"), version, change)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(x.UpdatedAt))
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// rotation is the body of a rotation.
type rotation struct {
	Overlap clients.Seconds `json:"overlap"` // how long the secret before still works
}

// newSecret is its answer.
type newSecret struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

func rotateSecret(s *Server, c *call) error {
	var in rotation
	if err := decode(c.body, &in); err != nil {
		return err
	}
	id := c.r.PathValue("client")
	raw, err := s.once(c, func(c *call) ([]byte, error) {
		plain, err := s.Office.RotateSecret(c.r.Context(), c.actor, id, in.Overlap.Duration())
		return []byte(plain), err
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusCreated, newSecret{id, string(raw)})
}

func endOldSecrets(s *Server, c *call) error {
	return c.nothing(s.Office.EndOldSecrets(c.r.Context(), c.actor, c.r.PathValue("client")))
}
