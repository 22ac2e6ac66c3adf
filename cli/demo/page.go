package demo

import (
	"bytes"
	_ "embed" // page and style travel in the binary
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

//go:embed style.css
var styleText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Page is the data contract of page.html.
type Page struct {
	Issuer, ClientID, URL string
	Notice                string
	Error, Detail         string
	SignedIn              bool
	Name, Subject         string
	Header, Claims        string // of the ID token, indented JSON
	IDToken               string
	AccessHeader          string // of the access token when it is a JWT
	AccessClaims          string
	AccessToken           string
	RefreshToken          string
	Expires               string
	Refreshed             int
	Info, InfoError       string
	Endpoints             Endpoints
}

// Endpoints are what the curl commands are made of.
type Endpoints struct{ Authorize, Token, Userinfo, JWKS, End string }

// show fills the page from a session.
func (p *Page) show(meta *provider, s *session) {
	p.SignedIn = true
	p.Subject, p.IDToken = s.subject, s.rawID
	p.Header, p.Claims = jws(s.rawID)
	p.AccessToken, p.RefreshToken = s.tokens.AccessToken, s.tokens.RefreshToken
	p.AccessHeader, p.AccessClaims = jws(s.tokens.AccessToken)
	p.Expires = s.tokens.Expiry.UTC().Format(time.RFC3339)
	p.Refreshed = s.refreshed
	p.Info, p.InfoError = indent(s.info), s.infoError
	p.Endpoints = Endpoints{Authorize: meta.oauth.Endpoint.AuthURL, Token: meta.oauth.Endpoint.TokenURL, End: meta.End}
	var more struct {
		Userinfo string `json:"userinfo_endpoint"`
		JWKS     string `json:"jwks_uri"`
	}
	if meta.oidc.Claims(&more) == nil {
		p.Endpoints.Userinfo, p.Endpoints.JWKS = more.Userinfo, more.JWKS
	}
	var about map[string]any
	_ = json.Unmarshal(s.info, &about)
	if len(about) == 0 {
		_ = json.Unmarshal(s.claims, &about)
	}
	p.Name = p.Subject
	for _, name := range []string{"name", "nickname", "preferred_username", "email", "phone_number"} {
		if v, ok := about[name].(string); ok && v != "" {
			p.Name = v
			break
		}
	}
}

// jws shows header and claims of a signed token; "" when it is opaque.
func jws(token string) (header, claims string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", ""
	}
	read := func(part string) string {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return ""
		}
		return indent(raw)
	}
	return read(parts[0]), read(parts[1])
}

func indent(raw []byte) string {
	var b bytes.Buffer
	if len(raw) == 0 || json.Indent(&b, raw, "", "  ") != nil {
		return ""
	}
	return b.String()
}

func render(w http.ResponseWriter, status int, p Page) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write([]byte(styleText))
}
