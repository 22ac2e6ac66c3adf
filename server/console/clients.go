package console

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/office"
	"pratu/flows/oidc"
	"pratu/flows/secret"
	"pratu/server/web"
	"pratu/storage"
)

// pageSize is how many rows a list shows.
const pageSize = 50

// Clients is "console/clients".
type Clients struct {
	Page
	Query   string
	Clients []ClientRow
	NextURL string // "" at the end
	NewURL  string // "" for who may not
}

// ClientRow is an application in a list.
type ClientRow struct {
	ID, Name, URL, Kind  string
	Disabled, Unverified bool
}

// Clients is GET /admin/clients.
func (s *Server) Clients(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	page := &Clients{Page: s.page(d), Query: query(r, "q")}
	list, next, err := s.Office.FindClients(r.Context(), d.actor, page.Query, query(r, "after"), pageSize)
	if err != nil {
		return err
	}
	for _, c := range list {
		page.Clients = append(page.Clients, ClientRow{
			ID: c.ID, Name: d.nameOf(c), URL: s.clientURL(c.ID), Kind: c.Kind,
			Disabled: c.Disabled(), Unverified: c.Unverified(),
		})
	}
	if next != "" {
		page.NextURL = page.Action + "?" + url.Values{"q": {page.Query}, "after": {next}}.Encode()
	}
	if d.actor.Everywhere(office.WriteClients) {
		page.NewURL = s.Web.Issuer.Path() + issuer.PathAdminNew
	}
	return s.show(d, http.StatusOK, "clients", page)
}

func (s *Server) clientURL(id string) string {
	return s.Web.Issuer.Path() + issuer.PathAdminClients + "/" + url.PathEscape(id)
}

// NewClient is "console/client-new": first the kind is chosen, then comes the form of that kind [client_id, the inputs, action=check to write nothing].
type NewClient struct {
	Page
	Kinds       []KindChoice // nil once it is chosen
	Kind        string
	ClientID    string
	First, More []Input
	Wrong       []Wrong // about none of the inputs
	Warnings    []Wrong
}

// KindChoice is a kind with its form's address.
type KindChoice struct{ Kind, URL string }

const newClientPage = "client-new"

// NewClient is GET /admin/new-client.
func (s *Server) NewClient(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	if !d.actor.Everywhere(office.WriteClients) {
		return office.Refused(office.WriteClients)
	}
	page := s.newClient(d, r.URL.Query().Get("kind"), nil)
	return s.show(d, http.StatusOK, newClientPage, page)
}

// newClient has an id from the start, so that a form which is sent twice registers one application.
func (s *Server) newClient(d desk, kindName string, typed url.Values) *NewClient {
	page := &NewClient{Page: s.page(d)}
	if !slices.Contains(clients.Kinds(), kindName) {
		for _, k := range clients.Kinds() {
			page.Kinds = append(page.Kinds, KindChoice{k, page.Action + "?" + url.Values{"kind": {k}}.Encode()})
		}
		return page
	}
	page.Kind, page.ClientID = kindName, hex.EncodeToString(secret.Bytes(12))
	if typed != nil {
		page.ClientID = typed.Get("client_id")
	}
	page.First, page.More = inputs(&clients.Document{Kind: kindName}, typed)
	return page
}

// NewClientPost is POST /admin/new-client. Its answer is the page that shows the secret: there is no other.
func (s *Server) NewClientPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	if r.PostForm.Get("action") == "check" {
		return s.check(d, "", r.PostForm.Get("kind"))
	}
	doc := clients.Document{Kind: r.PostForm.Get("kind"), ClientID: r.PostForm.Get("client_id")}
	page := s.newClient(d, doc.Kind, r.PostForm)
	if err = read(&doc, r.PostForm); err == nil {
		var c *clients.Client
		var plain string
		if c, plain, err = s.Office.CreateClient(r.Context(), d.actor, doc); err == nil {
			web.EventOf(r.Context()).Set("client_id", c.ID)
			return s.show(d, http.StatusCreated, "client-secret", s.secretView(d, c, plain, true))
		}
	}
	page.Wrong = mark(err, r.PostForm, page.First, page.More)
	return s.refuse(d, newClientPage, page, err)
}

// mark puts what is wrong with a document beside its inputs, and returns the rest.
func mark(err error, form url.Values, groups ...[]Input) []Wrong {
	var ps clients.Problems
	errors.As(err, &ps)
	return marked(ps, form, groups...)
}

// Client is "console/client" [version, action=save or check and the inputs | disable | enable | rotate with overlap | end-old | try |
// preview with account | add-redirect with uri and confirm | forget-redirect with uri | logo with the file | drop-logo | delete with confirm].
type Client struct {
	Page
	ID, Name, Kind, Logo string
	CreatedAt, UpdatedAt time.Time
	Version              string
	Disabled, Unverified bool
	First, More          []Input
	Wrong                []Wrong
	Warnings             []Wrong
	Facts                []Fact // what a form doesn't change
	Secrets              []Secret
	Keeps                bool // it authenticates with a secret
	AccessURL            string
	MaySave, MayDelete   bool
	MayRotate            bool
	MayTry, MayPreview   bool
	People               bool   // somebody signs in to it
	Account              string // typed
	Refused              []Refused
	Snippets             []Snippet
}

// Fact is a member of the document and its value.
type Fact struct{ Name, Value string }

// Secret is one of an application, never its value.
type Secret struct {
	CreatedAt, ExpiresAt, UsedAt time.Time // zero: never
	Newest                       bool
}

const clientPage = "client"

// Client is GET /admin/clients/{client}.
func (s *Server) Client(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	c, err := s.Office.Client(r.Context(), d.actor, r.PathValue("client"))
	if err != nil {
		return err
	}
	page := s.clientView(d, c, nil)
	if page.Refused, err = s.refused(d, c); err != nil {
		return err
	}
	return s.show(d, http.StatusOK, clientPage, page)
}

func (s *Server) clientView(d desk, c *clients.Client, typed url.Values) *Client {
	doc := c.Document()
	doc.TokenEndpointAuthMethod, doc.Settings = c.Metadata.TokenEndpointAuthMethod, c.Settings
	page := &Client{
		Page: s.page(d), ID: c.ID, Name: d.nameOf(c), Kind: c.Kind, CreatedAt: c.CreatedAt.Time(), UpdatedAt: c.UpdatedAt.Time(),
		Version: strconv.FormatInt(int64(c.UpdatedAt), 10), Disabled: c.Disabled(), Unverified: c.Unverified(),
		AccessURL: s.accessURL(c.ID), Logo: s.logoURL(c),
		Keeps:   c.Metadata.AuthMethod() == clients.AuthBasic || c.Metadata.AuthMethod() == clients.AuthPost,
		MaySave: d.actor.May(office.WriteClients), MayRotate: d.actor.May(office.RotateSecrets), MayDelete: d.actor.Everywhere(office.WriteClients),
		MayTry: d.actor.May(office.WriteClients) && oidc.Tryable(c), MayPreview: d.actor.May(office.ReadAccounts), People: c.Kind != clients.KindMachine,
		Snippets: s.snippets(c),
	}
	page.First, page.More = inputs(&doc, typed)
	page.Facts = facts(&doc)
	for i, x := range c.Live(storage.At(s.Now())) {
		page.Secrets = append(page.Secrets, Secret{CreatedAt: x.CreatedAt.Time(), ExpiresAt: x.ExpiresAt.Time(), UsedAt: x.LastUsedAt.Time(), Newest: i == 0})
	}
	if typed == nil {
		page.Warnings = warned(c.Warnings(), c.Metadata.RedirectURIs)
	}
	return page
}

// ClientPost is POST /admin/clients/{client}.
func (s *Server) ClientPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	c, err := s.Office.Client(r.Context(), d.actor, r.PathValue("client"))
	if err != nil {
		return err
	}
	web.EventOf(r.Context()).Set("client_id", c.ID)
	version, here := versionOf(r), issuer.PathAdminClients+"/"+url.PathEscape(c.ID)
	switch action := r.PostForm.Get("action"); action {
	case "disable", "enable":
		_, err = s.Office.ChangeClient(r.Context(), d.actor, c.ID, version, func(doc *clients.Document) error {
			doc.Disabled = action == "disable"
			return nil
		})
		return s.finished(d, c, nil, err, here, action+"d")
	case "rotate":
		return s.rotate(d, c)
	case "check":
		return s.check(d, c.ID, c.Kind)
	case "try":
		return s.try(d, c)
	case "preview":
		return s.preview(d, c)
	case "add-redirect":
		return s.addRedirect(d, c)
	case "forget-redirect":
		return s.finished(d, c, nil, s.Office.ForgetRefused(r.Context(), d.actor, c.ID, r.PostForm.Get("uri")), here, "redirect_forgotten")
	case "logo":
		return s.upload(d, c)
	case "drop-logo":
		_, err = s.Office.ChangeClient(r.Context(), d.actor, c.ID, version, func(doc *clients.Document) error { doc.DropLogo(); return nil })
		return s.finished(d, c, nil, err, here, "saved")
	case "end-old":
		return s.finished(d, c, nil, s.Office.EndOldSecrets(r.Context(), d.actor, c.ID), here, "secret_ended")
	case "delete":
		if err = confirmed(r, "confirm"); err == nil {
			err = s.Office.DeleteClient(r.Context(), d.actor, c.ID, version)
		}
		return s.finished(d, c, nil, err, issuer.PathAdminClients, "deleted")
	}
	_, err = s.Office.ChangeClient(r.Context(), d.actor, c.ID, version, func(doc *clients.Document) error { return read(doc, r.PostForm) })
	return s.finished(d, c, r.PostForm, err, here, "saved")
}

// finished goes on with good news, or shows the page again with what is wrong.
func (s *Server) finished(d desk, c *clients.Client, typed url.Values, err error, path, notice string) error {
	if err == nil {
		return s.done(d, path, notice)
	}
	page := s.clientView(d, c, typed)
	rows, failure := s.refused(d, c)
	if failure != nil {
		return failure
	}
	page.Refused = rows
	page.Wrong = mark(err, typed, page.First, page.More)
	return s.refuse(d, clientPage, page, err)
}
