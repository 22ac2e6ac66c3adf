package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// Access is "console/access": what an application may ask of the Identity API, and its keys for it [action=save with version,
// permission and search_purpose | create with note and expires_in | revoke with key].
type Access struct {
	Page
	ID, Name, ClientURL string
	Version             string
	Permissions         []Option // Words is what each allows
	Purpose             string
	Wrong               []Wrong
	Keys                []APIKey
	Note                string // typed
	Lives               []Option
	MaySave, MayMake    bool
}

// APIKey is one of an application, never its value.
type APIKey struct {
	ID, Prefix, Note                          string
	State                                     string // words are console.api_key.STATE
	CreatedAt, ExpiresAt, LastUsedAt, EndedAt time.Time
}

// NewAPIKey is "console/api-key": what answers whoever gets one, once.
type NewAPIKey struct {
	Page
	Name, Key, Note, URL string
}

const accessPage = "access"

// lives are how many days a key may be said to work; 0 is without end.
var lives = []int{90, 366, 0}

func (s *Server) accessURL(id string) string { return s.clientURL(id) + "/access" }

// Access is GET /admin/clients/{client}/access.
func (s *Server) Access(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	page, err := s.accessView(d, nil)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, accessPage, page)
}

func (s *Server) accessView(d desk, typed url.Values) (*Access, error) {
	c, err := s.Office.Client(d.r.Context(), d.actor, d.r.PathValue("client"))
	if err != nil {
		return nil, err
	}
	list, err := s.Office.FindAPIKeys(d.r.Context(), d.actor, c.ID)
	if err != nil {
		return nil, err
	}
	page := &Access{
		Page: s.page(d), ID: c.ID, Name: d.nameOf(c), ClientURL: s.clientURL(c.ID), Version: strconv.FormatInt(int64(c.UpdatedAt), 10),
		Purpose: c.Settings.SearchPurpose, Note: line(typed.Get("note")),
		MaySave: d.actor.Everywhere(office.WriteClients) && d.actor.Everywhere(office.ReadAccounts), MayMake: d.actor.May(office.RotateSecrets),
	}
	chosen := c.Settings.Permissions
	if typed.Get("action") == "save" {
		chosen, page.Purpose = typed["permission"], typed.Get("search_purpose")
	}
	for _, p := range clients.Permissions() {
		page.Permissions = append(page.Permissions, Option{Value: p, Words: "console.permission." + p, Chosen: slices.Contains(chosen, p)})
	}
	for i, n := range lives {
		page.Lives = append(page.Lives, Option{Value: strconv.Itoa(n), Words: "console.api_key.life_" + strconv.Itoa(n), Chosen: i == 0})
	}
	for _, k := range list {
		page.Keys = append(page.Keys, apiKeyRow(k, s.Now()))
	}
	return page, nil
}

func apiKeyRow(k storage.APIKey, now time.Time) APIKey {
	row := APIKey{ID: k.ID, Prefix: k.Prefix, Note: web.Inert(k.Note), State: "works", CreatedAt: k.CreatedAt.Time()}
	if !k.ExpiresAt.IsZero() {
		row.ExpiresAt = k.ExpiresAt.Time()
	}
	if !k.LastUsedAt.IsZero() {
		row.LastUsedAt = k.LastUsedAt.Time()
	}
	switch {
	case !k.RevokedAt.IsZero():
		row.State, row.EndedAt = "revoked", k.RevokedAt.Time()
	case !k.ExpiresAt.IsZero() && !now.Before(row.ExpiresAt):
		row.State, row.EndedAt = "expired", row.ExpiresAt
	}
	return row
}

// AccessPost is POST /admin/clients/{client}/access.
func (s *Server) AccessPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	ctx, id, notice := r.Context(), r.PathValue("client"), "saved"
	switch r.PostForm.Get("action") {
	case "save":
		_, err = s.Office.ChangeClient(ctx, d.actor, id, versionOf(r), func(doc *clients.Document) error {
			doc.Settings.Permissions = slices.DeleteFunc(clients.Permissions(), func(p string) bool { return !slices.Contains(r.PostForm["permission"], p) })
			doc.Settings.SearchPurpose = strings.TrimSpace(r.PostForm.Get("search_purpose"))
			return nil
		})
	case "create":
		return s.createAPIKey(d, id)
	case "revoke":
		notice, err = "key_revoked", s.Office.RevokeAPIKey(ctx, d.actor, id, r.PostForm.Get("key"))
		if kind.Is(err, "api_key.unknown") { // an old page
			err = kind.New(kind.Conflict, "api_key.unknown").WithErr(err)
		}
	default:
		err = kind.New(kind.Invalid, "form")
	}
	if err == nil {
		return s.done(d, d.here, notice)
	}
	return s.refuseAccess(d, err)
}

func (s *Server) refuseAccess(d desk, err error) error {
	page, failure := s.accessView(d, d.r.PostForm)
	if failure != nil {
		return failure
	}
	page.Wrong = mark(err, d.r.PostForm)
	return s.refuse(d, accessPage, page, err)
}

// createAPIKey makes a key, and shows it. Its answer is the only page that does.
func (s *Server) createAPIKey(d desk, id string) error {
	days, err := strconv.Atoi(d.r.PostForm.Get("expires_in"))
	if err != nil || !slices.Contains(lives, days) {
		return s.refuseAccess(d, kind.New(kind.Invalid, "api_key.life").WithField("expires_in"))
	}
	c, err := s.Office.Client(d.r.Context(), d.actor, id)
	if err != nil {
		return err
	}
	row, plain, err := s.Office.CreateAPIKey(d.r.Context(), d.actor, id, strings.TrimSpace(d.r.PostForm.Get("note")), time.Duration(days)*24*time.Hour)
	if err != nil {
		return s.refuseAccess(d, err)
	}
	return s.show(d, http.StatusCreated, "api-key", &NewAPIKey{
		Page: s.page(d), Name: d.nameOf(c), Key: plain, Note: web.Inert(row.Note), URL: s.accessURL(id),
	})
}
