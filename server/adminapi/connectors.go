package adminapi

import (
	"encoding/json"
	"net/http"
	"net/url"

	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/storage"
)

// Connector is a provider as programs see it. The secret is only written.
type Connector struct {
	connectors.Document
	RedirectURI string `json:"redirect_uri"` // to be registered there
}

func (s *Server) connector(x *connectors.Connector) Connector {
	return Connector{x.Document(), s.Web.Issuer.URL(issuer.PathFederation + "/" + x.ID + "/callback")}
}

func listConnectors(s *Server, c *call) error {
	list, err := s.Office.FindConnectors(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	var items []Connector
	for _, x := range list {
		items = append(items, s.connector(x))
	}
	return paged(c, items, "")
}

func getConnector(s *Server, c *call) error {
	x, err := s.Office.Connector(c.r.Context(), c.actor, c.r.PathValue("connector"))
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(x.UpdatedAt))
	return write(c, http.StatusOK, s.connector(x))
}

// madeConnector is what is kept of the answer to a creation, for whoever repeats the request.
type madeConnector struct {
	Connector Connector       `json:"connector"`
	Version   storage.Instant `json:"version"`
}

func createConnector(s *Server, c *call) error {
	var doc connectors.Document
	if err := decode(c.body, &doc); err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) (madeConnector, error) {
		x, err := s.Office.CreateConnector(c.r.Context(), c.actor, doc)
		if err != nil {
			return madeConnector{}, err
		}
		return madeConnector{s.connector(x), x.UpdatedAt}, nil
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(made.Version))
	c.w.Header().Set("Location", s.Web.Issuer.URL(Base+"/connectors/")+url.PathEscape(made.Connector.ID))
	return write(c, http.StatusCreated, made.Connector)
}

// changeConnector is PATCH: the members that are named, and nothing else. The secret that is kept isn't shown to the patch.
func changeConnector(s *Server, c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	x, err := s.Office.ChangeConnector(c.r.Context(), c.actor, c.r.PathValue("connector"), version, func(d *connectors.Document) error {
		kept := d.Secret
		d.Secret = ""
		shown, err := json.Marshal(d) //nolint:gosec // the secret was taken out
		if err != nil {
			return err
		}
		whole, err := merge(shown, c.body)
		if err != nil {
			return err
		}
		var doc connectors.Document
		if err := decode(whole, &doc); err != nil {
			return err
		}
		if doc.Secret == "" {
			doc.Secret = kept
		}
		*d = doc
		return nil
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(x.UpdatedAt))
	return write(c, http.StatusOK, s.connector(x))
}

func deleteConnector(s *Server, c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	if err := s.Office.DeleteConnector(c.r.Context(), c.actor, c.r.PathValue("connector"), version); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
