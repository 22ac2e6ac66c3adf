package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"pratu/flows/connectors"
	"pratu/flows/social"
)

const (
	tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
	entra  = "https://login.microsoftonline.com/" + tenant + "/v2.0"
)

// fakes points hosts of providers at a server here, as PRATU_UPSTREAM_HOSTS does.
func (s *site) fakes(at string, hosts ...string) {
	s.t.Helper()
	s.social.Hosts = social.Hosts{}
	for _, host := range hosts {
		s.social.Hosts[host] = must1(url.Parse(at))(s.t)
	}
}

// as is the account page after somebody with claims signed in by a door.
func (s *site) as(u *upstream, door string, claims map[string]any) reply {
	s.t.Helper()
	b := s.browser()
	u.QueueUser(claimant{somebody("subject", ""), claims})
	return b.follow(b.federated(b.get("/login"), door))
}

// holder is the account that an address is an identifier of, or "".
func (s *site) holder(email string) string {
	s.t.Helper()
	return must1(s.accounts.Holder(s.t.Context(), email))(s.t)
}

// What each kind of provider is believed: whose subject it is, and whether its address becomes an identifier. One that is
// only asserted links to nobody (HP-27).
func TestFederationKinds(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.fakes(u.Issuer(), "accounts.google.com", "login.microsoftonline.com", "corp.b2clogin.com")
		u.answers("/oidc/"+tenant+"/v2.0/.well-known/openid-configuration", u.Discovery)
		u.answers("/oidc/corp.onmicrosoft.com/B2C_1_in/v2.0/.well-known/openid-configuration", u.Discovery)
		for _, d := range []connectors.Document{
			{Kind: connectors.KindGoogle},
			{Kind: connectors.KindAzureAD, Settings: connectors.Settings{Tenants: []string{tenant}}},
			{Kind: connectors.KindB2C, Settings: connectors.Settings{
				Issuer: "https://corp.b2clogin.com/" + tenant + "/v2.0/", Authority: "https://corp.b2clogin.com/corp.onmicrosoft.com",
				Policies: []string{"B2C_1_in", "B2C_1_other"},
			}},
		} {
			d.ClientID, d.Secret = u.ClientID, u.ClientSecret
			s.connector(d)
		}
		type said = map[string]any
		google := func(more said) said {
			more["iss"] = "https://accounts.google.com"
			return more
		}
		for name, c := range map[string]struct {
			door     string
			claims   said
			identity string // namespace and subject; "" for nobody signed in
			verified bool   // the address became an identifier
		}{
			"google, gmail":        {"google", google(said{"sub": "g1", "email": "a@gmail.com", "email_verified": true}), "https://accounts.google.com g1", true},
			"google, older issuer": {"google", said{"iss": "accounts.google.com", "sub": "g2", "email": "b@gmail.com", "email_verified": true}, "https://accounts.google.com g2", true},
			"google, workspace":    {"google", google(said{"sub": "g3", "email": "c@corp.test", "email_verified": true, "hd": "corp.test"}), "https://accounts.google.com g3", true},
			"google, elsewhere":    {"google", google(said{"sub": "g4", "email": "d@corp.test", "email_verified": true}), "https://accounts.google.com g4", false},
			"google, unverified":   {"google", google(said{"sub": "g5", "email": "e@gmail.com", "email_verified": false}), "https://accounts.google.com g5", false},
			"google, another's":    {"google", said{"iss": "https://accounts.evil.com", "sub": "g6"}, "", false},

			"entra":                   {"azuread", said{"iss": entra, "tid": tenant, "oid": "o1", "sub": "pairwise", "email": "f@corp.test"}, entra + " o1", false},
			"HP-27 entra, nOAuth":     {"azuread", said{"iss": entra, "tid": tenant, "oid": "o2", "email": malisMail, "email_verified": true}, entra + " o2", false},
			"entra, domain proven":    {"azuread", said{"iss": entra, "tid": tenant, "oid": "o3", "email": "g@corp.test", "xms_edov": true}, entra + " o3", true},
			"MS-03 entra, tenant":     {"azuread", said{"iss": strings.Replace(entra, "7", "8", 1), "tid": strings.Replace(tenant, "7", "8", 1), "oid": "o4"}, "", false},
			"entra, tid of another":   {"azuread", said{"iss": strings.Replace(entra, "7", "8", 1), "tid": tenant, "oid": "o5"}, "", false},
			"entra, no tenant":        {"azuread", said{"iss": entra, "oid": "o6"}, "", false},
			"MS-08 entra, no subject": {"azuread", said{"iss": entra, "tid": tenant, "sub": "pairwise"}, "", false},

			"b2c": {"b2c", said{"iss": "https://corp.b2clogin.com/" + tenant + "/v2.0/", "sub": "b1", "oid": "", "tfp": "b2c_1_IN", "email": nil, "emails": []string{malisMail}},
				"https://corp.b2clogin.com/" + tenant + "/v2.0/ b1", false}, // MS-09
			"b2c, acr": {"b2c", said{"iss": "https://corp.b2clogin.com/" + tenant + "/v2.0/", "sub": "b2", "acr": "B2C_1_in"},
				"https://corp.b2clogin.com/" + tenant + "/v2.0/ b2", false},
			"MS-10 b2c, another policy":    {"b2c", said{"iss": "https://corp.b2clogin.com/" + tenant + "/v2.0/", "sub": "b3", "tfp": "B2C_1_other"}, "", false},
			"b2c, no policy":               {"b2c", said{"iss": "https://corp.b2clogin.com/" + tenant + "/v2.0/", "sub": "b4"}, "", false},
			"MS-03 b2c, issuer's spelling": {"b2c", said{"iss": "https://corp.b2clogin.com/" + tenant + "/v2.0", "sub": "b5", "tfp": "B2C_1_in"}, "", false},
		} {
			t.Run(name, func(t *testing.T) {
				before := s.count(`SELECT COUNT(*) FROM identities`)
				page := s.as(u, c.door, c.claims)
				if in := page.Request.URL.Path == "/account"; in != (c.identity != "") {
					t.Fatalf("signed in: %v, %s", in, page.main())
				}
				if c.identity == "" {
					if n := s.count(`SELECT COUNT(*) FROM identities`); n != before {
						t.Error("an identity was written")
					}
					return
				}
				namespace, subject, _ := strings.Cut(c.identity, " ")
				if n := s.count(`SELECT COUNT(*) FROM identities WHERE namespace = '` + namespace + `' AND subject = '` + subject + `'`); n != 1 {
					t.Error("it isn't that person")
				}
				email, _ := c.claims["email"].(string)
				if owner := s.holder(email); (owner != "" && email != malisMail) != c.verified {
					t.Errorf("%s is an identifier of %q", email, owner)
				}
				if strings.Contains(page.body, "Mali") {
					t.Error("it is somebody else's account")
				}
			})
		}
	})
}

// Apple answers by form_post, wants a secret that is signed, and tells the name once.
func TestFederationApple(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.fakes(u.Issuer(), "appleid.apple.com")
		key := must1(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
		der := must1(x509.MarshalPKCS8PrivateKey(key))(t)
		s.connector(connectors.Document{
			Kind: connectors.KindApple, ClientID: u.ClientID, Secret: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
			Settings: connectors.Settings{Team: "TEAM", Key: "KEY", Scopes: []string{"openid", "email"}}, // mockoidc has no "name"
		})
		u.answers("/oidc/token", func(w http.ResponseWriter, r *http.Request) {
			must(t, r.ParseForm())
			token, err := jwt.Parse(r.PostForm.Get("client_secret"), func(*jwt.Token) (any, error) { return key.Public(), nil },
				jwt.WithIssuer("TEAM"), jwt.WithSubject(u.ClientID), jwt.WithAudience("https://appleid.apple.com"), jwt.WithExpirationRequired(),
				jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(s.now))
			if err != nil || token.Header["kid"] != "KEY" {
				t.Errorf("%v", err)
			}
			r.Form.Set("client_secret", u.ClientSecret)
			u.Token(w, r)
		})
		b := s.browser()
		u.QueueUser(claimant{somebody("a1", "x@privaterelay.appleid.com"), map[string]any{"iss": "https://appleid.apple.com", "email_verified": "true"}})
		answer := b.door(b.get("/login"), "apple")
		if mode := answer.query(t).Get("response_mode"); mode != "form_post" {
			t.Error(mode)
		}
		form := must1(url.Parse(s.there(answer)))(t).Query()
		form.Set("user", `{"name":{"firstName":"มะลิ","lastName":"ใจดี"},"email":"`+malisMail+`"}`)
		bounce := s.returned("apple", form).expect(t, 303)
		b.to(b.get(bounce.Header.Get("Location")), "/account").expect(t, 200, "มะลิ ใจดี", "x@privaterelay.appleid.com")
		if n := s.count(`SELECT COUNT(*) FROM identities WHERE namespace = 'https://appleid.apple.com#TEAM' AND subject = 'a1'`); n != 1 {
			t.Error("it isn't that person")
		}
	})
}

// graph is Facebook's, as its documentation describes it.
type graph struct {
	t     *testing.T
	debug map[string]any
	id    string
	proof bool // it was proven
}

func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch q := r.URL.Query(); r.URL.Path {
	case "/v24.0/dialog/oauth":
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"c"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	case "/v24.0/oauth/access_token":
		must(g.t, r.ParseForm())
		if r.PostForm.Get("client_id") != "app" || r.PostForm.Get("client_secret") != "app-secret" || r.PostForm.Get("code") != "c" {
			g.t.Errorf("%v", r.PostForm)
		}
		answer(map[string]any{"access_token": "upstream-access-canary", "token_type": "bearer"})
	case "/v24.0/debug_token":
		if r.Header.Get("Authorization") != "Bearer app|app-secret" || q.Get("input_token") != "upstream-access-canary" {
			g.t.Errorf("%v %v", r.Header, q)
		}
		answer(map[string]any{"data": g.debug})
	case "/v24.0/me":
		mac := hmac.New(sha256.New, []byte("app-secret"))
		_, _ = mac.Write([]byte("upstream-access-canary"))
		g.proof = q.Get("appsecret_proof") == hex.EncodeToString(mac.Sum(nil))
		answer(map[string]any{"id": g.id, "name": "Nok Noi", "email": malisMail})
	default:
		http.NotFound(w, r)
	}
}

func TestFederationFacebook(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		g := &graph{t: t}
		there := httptest.NewServer(g)
		defer there.Close()
		s.fakes(there.URL, "www.facebook.com", "graph.facebook.com")
		s.connector(connectors.Document{Kind: connectors.KindFacebook, ClientID: "app", Secret: "app-secret"})
		good := func(changes ...any) map[string]any {
			d := map[string]any{
				"app_id": "app", "type": "USER", "is_valid": true, "expires_at": 0, "data_access_expires_at": s.now().Unix() + 60, "user_id": "4711",
				"scopes": []string{"public_profile", "email"},
			}
			for i := 0; i < len(changes); i += 2 {
				d[changes[i].(string)] = changes[i+1]
			}
			return d
		}
		for name, c := range map[string]struct {
			debug map[string]any
			id    string
		}{
			"FB-01 another app":  {good("app_id", "evil"), "4711"},
			"not valid":          {good("is_valid", false), "4711"},
			"a page's":           {good("type", "PAGE"), "4711"},
			"over":               {good("expires_at", s.now().Unix()-1), "4711"},
			"data access over":   {good("data_access_expires_at", s.now().Unix()-1), "4711"},
			"no scope":           {good("scopes", []string{"email"}), "4711"},
			"no subject":         {good("user_id", ""), ""},
			"another's profile":  {good(), "4712"},
			"nobody's profile":   {good(), ""},
			"no answer":          {nil, "4711"},
			"a subject in a map": {good("user_id", map[string]any{}), "4711"},
		} {
			g.debug, g.id = c.debug, c.id
			b := s.browser()
			b.follow(b.federated(b.get("/login"), "facebook")).expect(t, 200, "door-facebook")
			if b.isIn() {
				t.Errorf("%s: signed in", name)
			}
		}
		g.debug, g.id = good(), "4711"
		b := s.browser()
		b.to(b.federated(b.get("/login"), "facebook"), "/account").expect(t, 200, "Nok Noi")
		if !g.proof {
			t.Error("no appsecret_proof")
		}
		if n := s.count(`SELECT COUNT(*) FROM identities WHERE namespace = 'facebook:app:app' AND subject = '4711'`); n != 1 || s.holder(malisMail) != s.mali.ID {
			t.Error("it isn't that person, or took somebody's address")
		}
		if strings.Contains(s.log.String(), "canary") || strings.Contains(s.log.String(), "app-secret") {
			t.Error("the log holds a secret")
		}
	})
}

// LINE signs with the channel's secret, and has to say the same twice.
func TestFederationLINE(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		var nonce, userID string
		forge := func(c jwt.MapClaims) string { return "" }
		mux := http.NewServeMux()
		mux.HandleFunc("/oauth2/v2.1/authorize", func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			nonce = q.Get("nonce")
			http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"c"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
		})
		mux.HandleFunc("/oauth2/v2.1/token", func(w http.ResponseWriter, r *http.Request) {
			must(t, r.ParseForm())
			if r.PostForm.Get("code_verifier") == "" || r.PostForm.Get("client_secret") != "channel-secret" {
				t.Errorf("%v", r.PostForm)
			}
			now := s.now().Unix()
			writeToken(w, forge(jwt.MapClaims{
				"iss": "https://access.line.me", "aud": "1234567890", "sub": "U1", "exp": now + 600, "iat": now, "nonce": nonce, "name": "Nok", "email": malisMail,
			}))
		})
		mux.HandleFunc("/v2/profile", func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"userId": userID, "displayName": "Nok"})
		})
		there := httptest.NewServer(mux)
		defer there.Close()
		s.fakes(there.URL, "access.line.me", "api.line.me")
		s.connector(connectors.Document{Kind: connectors.KindLINE, ClientID: "1234567890", Secret: "channel-secret", Settings: connectors.Settings{Provider: "p1"}})
		sign := func(method jwt.SigningMethod, secret any, changes ...any) func(jwt.MapClaims) string {
			return func(c jwt.MapClaims) string {
				for i := 0; i < len(changes); i += 2 {
					c[changes[i].(string)] = changes[i+1]
				}
				return must1(jwt.NewWithClaims(method, c).SignedString(secret))(t)
			}
		}
		key := []byte("channel-secret")
		for name, c := range map[string]struct {
			forge  func(jwt.MapClaims) string
			userID string
		}{
			"another secret":   {sign(jwt.SigningMethodHS256, []byte("another")), "U1"},
			"no secret":        {sign(jwt.SigningMethodHS256, []byte("")), "U1"},
			"HS512":            {sign(jwt.SigningMethodHS512, key), "U1"},
			"none":             {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), "U1"},
			"nonce":            {sign(jwt.SigningMethodHS256, key, "nonce", "x"), "U1"},
			"audience":         {sign(jwt.SigningMethodHS256, key, "aud", "x"), "U1"},
			"two audiences":    {sign(jwt.SigningMethodHS256, key, "aud", []string{"x", "1234567890"}), "U1"},
			"issuer":           {sign(jwt.SigningMethodHS256, key, "iss", "x"), "U1"},
			"over":             {sign(jwt.SigningMethodHS256, key, "exp", s.now().Add(-time.Second).Unix()), "U1"},
			"no subject":       {sign(jwt.SigningMethodHS256, key, "sub", ""), ""},
			"another's token":  {sign(jwt.SigningMethodHS256, key), "U2"},
			"nobody's profile": {sign(jwt.SigningMethodHS256, key), ""},
			"no token":         {func(jwt.MapClaims) string { return "" }, "U1"},
		} {
			forge, userID = c.forge, c.userID
			b := s.browser()
			b.follow(b.federated(b.get("/login"), "line")).expect(t, 200, "door-line")
			if b.isIn() {
				t.Errorf("%s: signed in", name)
			}
		}
		forge, userID = sign(jwt.SigningMethodHS256, key), "U1"
		b := s.browser()
		b.to(b.federated(b.get("/login"), "line"), "/account").expect(t, 200, "Nok")
		if n := s.count(`SELECT COUNT(*) FROM identities WHERE namespace = 'line:provider:p1' AND subject = 'U1'`); n != 1 || s.holder(malisMail) != s.mali.ID {
			t.Error("it isn't that person, or took somebody's address")
		}
	})
}
