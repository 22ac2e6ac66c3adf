package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/storage"
)

// What strangers send to the protocol's endpoints, as far as it is read before anything is looked up.

const (
	fuzzSecret   = "quite-a-secret-of-theirs"
	fuzzRedirect = "https://rp.test/cb?keep=1"
)

// fuzzed is a provider without a database, and a client whose key is given along.
func fuzzed(f *testing.F) (*Provider, *clients.Client, jose.Signer) {
	f.Helper()
	i, err := issuer.New("https://op.test")
	if err != nil {
		f.Fatal(err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "k", Algorithm: "ES256", Use: "sig"}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	p := New(Options{Issuer: i, Keys: &keys.Service{}, Clients: &clients.Service{}, Now: func() time.Time { return now }, Registration: true, FrontChannelTokens: true})
	return p, &clients.Client{ID: "rp", Kind: clients.KindWeb, Metadata: clients.Metadata{
		RedirectURIs: []string{fuzzRedirect, "http://127.0.0.1/cb"}, Scope: clients.DefaultScope, JWKS: set, TokenEndpointAuthMethod: clients.AuthPrivateKeyJWT,
		GrantTypes: []string{clients.GrantCode, clients.GrantRefresh, clients.GrantImplicit, clients.GrantDevice, clients.GrantExchange}, ResponseTypes: clients.ResponseTypes(),
	}, Settings: clients.Settings{Resources: []string{"https://api.test/a"}, TokenExchange: &clients.Exchange{
		Impersonation: true, Delegation: true, Audiences: []string{"https://api.test/a", "svc"}, Scopes: []string{"openid"},
	}}}, signer
}

// printable is what a description may have (RFC 6749 section 5.2).
var printable = regexp.MustCompile(`^[\x20\x21\x23-\x5B\x5D-\x7E]*$`)

func FuzzAuthorization(f *testing.F) {
	p, c, _ := fuzzed(f)
	good := "response_type=code&scope=openid&state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	for _, text := range []string{
		good, good + "&prompt=none+login&max_age=0", good + "&claims=%7B%22id_token%22:%7B%22acr%22:%7B%22essential%22:true,%22values%22:%5B1%5D%7D%7D%7D", good + "&state=t",
		strings.Replace(good, "code&", "token+id_token+code&", 1) + "&response_mode=form_post", strings.Replace(good, "code&", "id_token&", 1) + "&response_mode=query",
		good + "&resource=https://api.test/a&resource=x&acr_values=2+1", "response_type=token", "request=eyJhbGciOiJub25lIn0.e30.", "id_token_hint=a.b.c", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		params, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		r := &Request{Request: authorize.Request{Client: c, Params: params, RedirectURI: fuzzRedirect, RequestedAt: p.Now()}}
		err = p.judge(t.Context(), r)
		if err == nil {
			if !within(r.Scopes, c.Scopes()) || !within(r.Resources, c.Resources()) || !r.gets("code") && !r.getsTokens() || r.RedirectURI != fuzzRedirect ||
				r.gets("id_token") && (params.Get("nonce") == "" || r.ResponseMode == authorize.ModeQuery) || r.gets("code") && params.Get("code_challenge") == "" {
				t.Errorf("%q passes: %+v", text, r.Request)
			}
			return
		}
		refusal, ok := AsRefusal(err)
		if !ok {
			t.Fatalf("%q is answered by a page: %v", text, err)
		}
		to, e := refusal.Redirect.URL(), refusal.Error
		if u, err := url.Parse(to); err != nil || u.Host != "rp.test" || !strings.HasPrefix(to, fuzzRedirect) || !printable.MatchString(e.Description) || e.Code == ServerError {
			t.Errorf("%q is answered at %q by %v", text, to, e)
		}
		if sent := params["state"]; len(sent) == 1 && len(sent[0]) <= maxState && refusal.Redirect.Params.Get("state") != sent[0] {
			t.Errorf("%q comes back with another state", text)
		}
	})
}

func FuzzDeviceRequest(f *testing.F) {
	p, c, _ := fuzzed(f)
	f.Add("scope=openid&max_age=1&acr_values=2")
	f.Add("scope=openid+admin&resource=https://api.test/b&prompt=none")
	f.Fuzz(func(t *testing.T, text string) {
		params, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		r := &Request{Request: authorize.Request{Client: c, Params: params, DeviceID: "d", RequestedAt: p.Now()}}
		if err := p.checkDevice(t.Context(), r); err == nil {
			if len(r.Scopes) == 0 || !within(r.Scopes, c.Scopes()) || !within(r.Resources, c.Resources()) {
				t.Errorf("%q passes: %+v", text, r.Request)
			}
		} else if e := answer(err); !printable.MatchString(e.Description) || e.Code == ServerError {
			t.Errorf("%q: %v", text, e)
		}
	})
}

// FuzzRedirectMatches: what matches is registered, or differs from a loopback address in nothing but the port.
func FuzzRedirectMatches(f *testing.F) {
	registered := []string{"https://rp.test/cb", "http://127.0.0.1/cb?a=b", "http://[::1]:80/x", "com.example.app:/cb"}
	for _, uri := range append(registered, "http://127.0.0.1:9/cb?a=b", "http://127.0.0.1:9/cb", "http://u@127.0.0.1/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:80:90/cb", "http://[::1%25eth0]:1/x") {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		if !redirectMatches(registered, asked) || slices.Contains(registered, asked) {
			return
		}
		u, err := url.Parse(asked)
		if err != nil || u.Scheme != "http" || u.User != nil || strings.Contains(asked, "#") || !net.ParseIP(u.Hostname()).IsLoopback() {
			t.Fatalf("%q matches", asked)
		}
		if rest := u.RequestURI(); rest != "/cb?a=b" && rest != "/x" {
			t.Errorf("%q matches", asked)
		}
	})
}

// FuzzOpenObject: a request object opens nothing that its client didn't sign, and what it signed becomes parameters only.
func FuzzOpenObject(f *testing.F) {
	p, c, signer := fuzzed(f)
	f.Add(false, "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9.")
	for _, claims := range []string{
		`{"iss":"rp","aud":"https://op.test","scope":"openid","max_age":3600,"claims":{"userinfo":{"name":null}},"resource":["a","b"]}`,
		`{"request":"x"}`, `{"request_uri":"x"}`, `{"sub":"rp"}`, `{"aud":["https://op.test"],"exp":1}`, `{"exp":"x"}`, `[]`, `{"state":null,"a":[{}]}`,
	} {
		f.Add(true, claims)
	}
	f.Fuzz(func(t *testing.T, signed bool, text string) {
		if signed {
			jws, err := signer.Sign([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if text, err = jws.CompactSerialize(); err != nil {
				t.Fatal(err)
			}
		}
		params, err := p.openObject(t.Context(), c, text)
		if err != nil {
			return
		}
		if !signed || params.Has("request") || params.Has("request_uri") || params.Has("iss") || params.Has("sub") {
			t.Errorf("%s opens: %v", text, params)
		}
	})
}

// FuzzAuthenticate: whatever a request offers as a client's credentials, it is one way or none, and errors don't repeat them.
func FuzzAuthenticate(f *testing.F) {
	p, c, _ := fuzzed(f)
	f.Add("Basic cnA6cXVpdGUtYS1zZWNyZXQtb2YtdGhlaXJz", "")
	f.Add("", "client_id=rp&client_secret="+fuzzSecret)
	f.Add("Basic !!", "client_id=rp")
	f.Add("", "client_assertion_type="+url.QueryEscape(assertionType)+"&client_assertion=e30.eyJzdWIiOiJycCJ9.x")
	f.Fuzz(func(t *testing.T, header, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		r := &http.Request{Header: http.Header{}}
		if header != "" {
			r.Header["Authorization"] = []string{header}
		}
		a, err := presented(r, form)
		switch {
		case err != nil && strings.Contains(err.Error(), fuzzSecret):
			t.Errorf("the error tells the secret: %v", err)
		case err == nil && (header != "") != (a.method == clients.AuthBasic), err == nil && a.method == clients.AuthNone && form.Has("client_secret") && form.Get("client_secret") != "":
			t.Errorf("%q with %q is %+v", header, text, a)
		case err == nil && a.method == clients.AuthPrivateKeyJWT && p.checkAssertion(t.Context(), c, form.Get("client_assertion")) == nil:
			t.Errorf("%q authenticates", text) // nobody signed anything
		}
	})
}

// FuzzAssertionClaims: what a client's signed assertion may say (RFC 7523 section 3, FAPI 2.0 section 5.3.2.1).
func FuzzAssertionClaims(f *testing.F) {
	p, c, _ := fuzzed(f)
	for _, text := range []string{
		`{"iss":"rp","sub":"rp","aud":"https://op.test","jti":"1","exp":1800000060}`, `{"iss":"rp","sub":"rp","aud":["x","https://op.test/oauth2/token"],"jti":"1","exp":1800000060.5,"nbf":1e9}`,
		`{"iss":"rp","sub":"rp","aud":"https://op.test","jti":"1","exp":1e300}`, `{"iss":"rp","sub":"rp","aud":[],"jti":"1","exp":-1}`, `{"exp":"1"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var claims jwt.Claims
		if json.Unmarshal([]byte(text), &claims) != nil || p.checkAssertionClaims(c, claims) != nil {
			return
		}
		if left := claims.Expiry.Time().Sub(p.Now()); left < -clockLeeway || left > maxAssertionLife || claims.Subject != c.ID || claims.ID == "" || len(claims.Audience) == 0 {
			t.Errorf("%s passes", text)
		}
	})
}

// FuzzExchange: a token exchange never leads beyond policy, client and subject token.
func FuzzExchange(f *testing.F) {
	_, c, _ := fuzzed(f)
	subject := &Access{Scopes: []string{"openid", "email", "offline_access"}, Client: c, grant: &storage.GrantView{}}
	for _, text := range []string{
		"subject_token=x&subject_token_type=" + url.QueryEscape(typeAccess), "subject_token=x&subject_token_type=" + url.QueryEscape(typeID) + "&audience=svc&resource=https://api.test/a&scope=openid",
		"actor_token=x&actor_token_type=y", "subject_token=x&subject_token_type=x&requested_token_type=y", "scope=openid+email",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if err := checkExchange(form, c.Settings.TokenExchange); err == nil && !form.Has("subject_token") {
			t.Errorf("%q passes", text)
		}
		if scope, err := exchangedScope(form, subject, c); err == nil && !within(strings.Fields(scope), []string{"openid"}) {
			t.Errorf("%q gives the scope %s", text, scope)
		}
		if audience, err := exchangedAudience(form, c); err == nil && !within(audience, []string{"rp", "svc", "https://api.test/a"}) {
			t.Errorf("%q gives the audience %s", text, audience)
		}
	})
}
