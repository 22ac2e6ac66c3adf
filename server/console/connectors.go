package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
)

// Connectors is "console/connectors".
type Connectors struct {
	Page
	Connectors []ConnectorRow
	NewURL     string // "" for who may not
}

// ConnectorRow is a provider in a list.
type ConnectorRow struct {
	ID, Name, URL, Kind string
	Disabled            bool
	Clients             int // applications that show it; 0: all
}

// Connectors is GET /admin/connectors.
func (s *Server) Connectors(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminConnectors)
	if err != nil || !ok {
		return err
	}
	list, err := s.Office.FindConnectors(r.Context(), d.actor)
	if err != nil {
		return err
	}
	page := &Connectors{Page: s.page(d)}
	for _, c := range list {
		page.Connectors = append(page.Connectors, ConnectorRow{
			ID: c.ID, Name: web.Inert(c.Name), URL: s.connectorURL(c.ID), Kind: c.Kind, Disabled: c.Disabled(), Clients: len(c.Settings.Clients),
		})
	}
	if d.actor.May(office.WriteConnectors) {
		page.NewURL = s.Web.Issuer.Path() + issuer.PathAdminNewConnector
	}
	return s.show(d, http.StatusOK, "connectors", page)
}

func (s *Server) connectorURL(id string) string {
	return s.Web.Issuer.Path() + issuer.PathAdminConnectors + "/" + url.PathEscape(id)
}

func (s *Server) callbackOf(id string) string {
	return s.Web.Issuer.URL(issuer.PathFederation + "/" + id + "/callback")
}

// NewConnector is "console/connector-new": first the kind is chosen, then comes the form of that kind [connector.id,
// connector.secret, the inputs].
type NewConnector struct {
	Page
	Kinds       []KindChoice // nil once it is chosen
	Kind        string
	ID          string
	IDWrong     []Wrong
	Callback    string // for the id that is there
	Secret      SecretInput
	First, More []Input
	Wrong       []Wrong // about none of the inputs
}

// SecretInput is where a secret is written. What was typed is never sent back.
type SecretInput struct {
	File  bool // a key of several lines
	Kept  bool // there is one, which stays unless another is typed
	Wrong []Wrong
}

const newConnectorPage = "connector-new"

// NewConnector is GET /admin/new-connector.
func (s *Server) NewConnector(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminConnectors)
	if err != nil || !ok {
		return err
	}
	if !d.actor.May(office.WriteConnectors) {
		return office.Refused(office.WriteConnectors)
	}
	return s.show(d, http.StatusOK, newConnectorPage, s.newConnector(d, r.URL.Query().Get("kind"), nil))
}

func (s *Server) newConnector(d desk, kindName string, typed url.Values) *NewConnector {
	page := &NewConnector{Page: s.page(d)}
	if !slices.Contains(connectors.Kinds(), kindName) {
		for _, k := range connectors.Kinds() {
			page.Kinds = append(page.Kinds, KindChoice{k, page.Action + "?" + url.Values{"kind": {k}}.Encode()})
		}
		return page
	}
	page.Kind, page.ID, page.Secret.File = kindName, kindName, kindName == connectors.KindApple
	if typed != nil {
		page.ID = line(typed.Get(ofConnector + "id"))
	}
	page.Callback = s.callbackOf(kindName)
	page.First, page.More = connectorInputs(&connectors.Document{Kind: kindName}, typed)
	return page
}

// NewConnectorPost is POST /admin/new-connector. A form that is sent twice sets up one: its id is taken then.
func (s *Server) NewConnectorPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminConnectors)
	if err != nil || !ok {
		return err
	}
	doc := connectors.Document{Kind: r.PostForm.Get("kind"), ID: strings.TrimSpace(r.PostForm.Get(ofConnector + "id"))}
	page := s.newConnector(d, doc.Kind, r.PostForm)
	if err = readConnector(&doc, r.PostForm); err == nil {
		var c *connectors.Connector
		if c, err = s.Office.CreateConnector(r.Context(), d.actor, doc); err == nil {
			return s.done(d, issuer.PathAdminConnectors+"/"+url.PathEscape(c.ID), "connector_made")
		}
	}
	if kind.Is(err, "connector.exists") {
		page.IDWrong = []Wrong{{Words: "wrong.connector.exists", Detail: "a connector with this id exists already"}}
	}
	page.Wrong = split(markConnector(err, r.PostForm, page.First, page.More), map[string]*[]Wrong{"id": &page.IDWrong, "secret": &page.Secret.Wrong})
	return s.refuse(d, newConnectorPage, page, err)
}

// split puts what is wrong with inputs of their own beside them, and returns the rest.
func split(all []Wrong, own map[string]*[]Wrong) (rest []Wrong) {
	for _, x := range all {
		if at := own[strings.TrimPrefix(x.About, ofConnector)]; at != nil {
			x.About = ""
			*at = append(*at, x)
			continue
		}
		x.About = strings.TrimPrefix(x.About, ofConnector)
		rest = append(rest, x)
	}
	return rest
}

// Connector is "console/connector" [version, action=save and the inputs | disable | enable | delete with confirm].
type Connector struct {
	Page
	ID, Name, Kind, Callback string
	CreatedAt, UpdatedAt     time.Time
	Version                  string
	Disabled, BuiltIn        bool
	Secret                   SecretInput
	First, More              []Input
	Facts                    []Fact // what stays; Name is a message id
	Wrong                    []Wrong
	Clients                  []ConnectorClient // that show it; none: all
	Logins                   int               // linked logins that came by it
	Many                     bool              // and more
	MayWrite                 bool
}

// ConnectorClient is an application that shows a provider.
type ConnectorClient struct{ ID, URL string }

const connectorPage = "connector"

// Connector is GET /admin/connectors/{connector}.
func (s *Server) Connector(w http.ResponseWriter, r *http.Request) error {
	d, c, ok, err := s.provider(w, r)
	if err != nil || !ok {
		return err
	}
	page, err := s.connectorView(d, c, nil)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, connectorPage, page)
}

// provider is the connector that a page is about.
func (s *Server) provider(w http.ResponseWriter, r *http.Request) (desk, *connectors.Connector, bool, error) {
	d, ok, err := s.enter(w, r, issuer.PathAdminConnectors)
	if err != nil || !ok {
		return d, nil, false, err
	}
	c, err := s.Office.Connector(r.Context(), d.actor, r.PathValue("connector"))
	return d, c, err == nil, err
}

func (s *Server) connectorView(d desk, c *connectors.Connector, typed url.Values) (*Connector, error) {
	people, err := s.Office.Dependents(d.r.Context(), d.actor, c.ID)
	if err != nil {
		return nil, err
	}
	doc := c.Document()
	page := &Connector{
		Page: s.page(d), ID: c.ID, Name: web.Inert(c.Name), Kind: c.Kind, Callback: s.callbackOf(c.ID), CreatedAt: c.CreatedAt.Time(), UpdatedAt: c.UpdatedAt.Time(),
		Version: strconv.FormatInt(int64(c.UpdatedAt), 10), Disabled: c.Disabled(), BuiltIn: c.CreatedAt.IsZero(),
		Secret: SecretInput{File: c.Kind == connectors.KindApple, Kept: c.Secret != ""}, Logins: people, Many: people == office.ManyPeople,
	}
	page.MayWrite = d.actor.May(office.WriteConnectors) && !page.BuiltIn
	page.First, page.More = connectorInputs(&doc, typed)
	page.Facts = connectorFacts(&doc)
	for _, id := range c.Settings.Clients {
		page.Clients = append(page.Clients, ConnectorClient{web.Inert(id), s.clientURL(id)})
	}
	return page, nil
}

// ConnectorPost is POST /admin/connectors/{connector}.
func (s *Server) ConnectorPost(w http.ResponseWriter, r *http.Request) error {
	d, c, ok, err := s.provider(w, r)
	if err != nil || !ok {
		return err
	}
	version, notice, typed := versionOf(r), "saved", url.Values(nil)
	switch action := r.PostForm.Get("action"); action {
	case "disable", "enable":
		notice = action + "d"
		_, err = s.Office.ChangeConnector(r.Context(), d.actor, c.ID, version, func(doc *connectors.Document) error {
			doc.Disabled = action == "disable"
			return nil
		})
	case "delete":
		if err = confirmed(r, "confirm"); err == nil {
			err = s.Office.DeleteConnector(r.Context(), d.actor, c.ID, version)
		}
		if err == nil {
			return s.done(d, issuer.PathAdminConnectors, "deleted")
		}
	default:
		typed = r.PostForm
		_, err = s.Office.ChangeConnector(r.Context(), d.actor, c.ID, version, func(doc *connectors.Document) error { return readConnector(doc, typed) })
	}
	if err == nil {
		return s.done(d, d.here, notice)
	}
	page, failure := s.connectorView(d, c, typed)
	if failure != nil {
		return failure
	}
	page.Wrong = split(markConnector(err, typed, page.First, page.More), map[string]*[]Wrong{"secret": &page.Secret.Wrong})
	return s.refuse(d, connectorPage, page, err)
}
