package console

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/oidc"
)

// Trial is "console/trial": a sign-in to an application by way of trial, and what it would have been told.
type Trial struct {
	Page
	ID, Name, URL string
	Request       []Claim
	Answer        []Claim // the error that came back
	Tables        []ClaimTable
	Scopes        []oidc.ScopeClaims
	Warnings      []Wrong
	Again         string // where the form that begins another one posts
}

// ClaimTable is a token, or what is told beside. Its words are console.trial.ID.
type ClaimTable struct {
	ID     string
	Header []Claim // of a token
	Claims []Claim
}

// Claim is a name with its value as JSON has it, and the moment that a number stands for.
type Claim struct {
	Name, Value string
	At          time.Time
}

// moments are claims that count seconds.
var moments = []string{"iat", "exp", "nbf", "auth_time", "updated_at"}

func claimsOf(values map[string]any) (list []Claim) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		c := Claim{Name: plain(name), Value: plain(jsonText(values[name]))}
		if seconds, ok := values[name].(float64); ok && slices.Contains(moments, name) {
			c.At = time.Unix(int64(seconds), 0)
		}
		if seconds, ok := values[name].(int64); ok && slices.Contains(moments, name) {
			c.At = time.Unix(seconds, 0)
		}
		list = append(list, c)
	}
	return list
}

// jsonText is a value as JSON has it, angle brackets as they are: the page escapes them.
func jsonText(value any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return ""
	}
	return b.String()
}

func sent(values url.Values) (list []Claim) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, Claim{Name: plain(name), Value: plain(values.Get(name))})
	}
	return list
}

// plain is a text without what changes the text around it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// tables are tokens in the order in which an application sees them; what isn't there is left out.
func tables(parts ...ClaimTable) []ClaimTable {
	return slices.DeleteFunc(parts, func(t ClaimTable) bool { return len(t.Claims) == 0 })
}

// try sends the browser through a sign-in to an application by way of trial.
func (s *Server) try(d desk, c *clients.Client) error {
	request, err := s.Trials.Begin(d.r.Context(), d.actor, c.ID)
	if err != nil {
		return s.finished(d, c, nil, err, "", "")
	}
	return s.Web.Redirect(d.w, issuer.PathAuthorize, request)
}

// Trial is GET /admin/trial, where that comes back to. What it shows is shown this once: nothing of it is kept.
func (s *Server) Trial(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminClients)
	if err != nil || !ok {
		return err
	}
	t, err := s.Trials.Finish(r.Context(), d.actor, r.URL.Query())
	if kind.Is(err, "trial.over") || kind.Is(err, "trial.other") {
		known, _ := kind.As(err)
		return known.WithArg("restart", s.Web.Issuer.Path()+issuer.PathAdminClients)
	}
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "trial", s.trialView(d, t))
}

func (s *Server) trialView(d desk, t *oidc.Trial) *Trial {
	page := &Trial{
		Page: s.page(d), ID: t.Client.ID, Name: d.nameOf(t.Client), URL: s.clientURL(t.Client.ID),
		Request: sent(t.Request), Scopes: t.Scopes, Warnings: warned(t.Warnings, t.Client.Metadata.RedirectURIs), Again: s.clientURL(t.Client.ID),
	}
	if t.Answer.Has("error") {
		page.Answer = sent(t.Answer)
		return page
	}
	decoded := func(id string, x *oidc.Decoded) ClaimTable {
		if x == nil {
			return ClaimTable{}
		}
		return ClaimTable{id, claimsOf(x.Header), claimsOf(x.Claims)}
	}
	page.Tables = tables(decoded("id_token", t.IDToken), ClaimTable{ID: "userinfo", Claims: claimsOf(t.Userinfo)}, decoded("access_token", t.AccessToken))
	return page
}

// ClientPreview is "console/client-preview" [action=preview, account]: what an application would be told of an account.
type ClientPreview struct {
	Page
	Name, URL, Account string
	Person             string // whose claims these are; "" for an application without people
	Tables             []ClaimTable
	Scopes             []oidc.ScopeClaims
}

// preview shows claims. Whose is in the body of a POST: an address has no place in a URL.
func (s *Server) preview(d desk, c *clients.Client) error {
	account := line(d.r.PostForm.Get("account"))
	x, v, err := s.Trials.Preview(d.r.Context(), d.actor, c.ID, account, nil)
	if err != nil {
		page := s.clientView(d, c, nil)
		page.Account = account
		return s.refuse(d, clientPage, page, err)
	}
	page := &ClientPreview{
		Page: s.page(d), Name: d.nameOf(c), URL: s.clientURL(c.ID), Account: account, Scopes: v.Scopes,
		Tables: tables(ClaimTable{ID: "id_token", Claims: claimsOf(v.IDToken)}, ClaimTable{ID: "userinfo", Claims: claimsOf(v.Userinfo)},
			ClaimTable{ID: "access_token", Claims: claimsOf(v.AccessToken)}),
	}
	if x != nil {
		page.Person = named(x)
	}
	return s.show(d, http.StatusOK, "client-preview", page)
}

// Refused is a redirect URI that was refused of late, and the registered one that is most like it: the same up to where they
// differ.
type Refused struct {
	URI, Nearest         string
	Begin, Differs, Rest string // of URI
	Position             int    // of the character that differs, from 1
	At                   time.Time
	Wrong                []Wrong // why it can't be added
}

func (s *Server) refused(d desk, c *clients.Client) ([]Refused, error) {
	rows, err := s.Office.RefusedRedirects(d.r.Context(), d.actor, c.ID)
	var list []Refused
	for _, x := range rows {
		r := Refused{URI: x.URI, Nearest: x.Nearest, Begin: x.URI[:x.Same], Position: len([]rune(x.URI[:x.Same])) + 1, At: x.At, Wrong: warned(x.Problems, nil)}
		for i, c := range x.URI[x.Same:] {
			if i == 0 {
				r.Differs, r.Rest = string(c), x.URI[x.Same+len(string(c)):]
			}
		}
		list = append(list, r)
	}
	return list, err
}

// addRedirect registers a refused redirect URI as it was shown: what somebody had refused meanwhile isn't added.
func (s *Server) addRedirect(d desk, c *clients.Client) error {
	version, uri := versionOf(d.r), d.r.PostForm.Get("uri")
	if d.r.PostForm.Get("confirm") != "1" {
		return s.finished(d, c, nil, kind.New(kind.Invalid, "redirect.unconfirmed").WithField("add"), "", "")
	}
	return s.finished(d, c, nil, s.Office.AddRedirect(d.r.Context(), d.actor, c.ID, version, uri), d.here, "saved")
}
