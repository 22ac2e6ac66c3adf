package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pratu/flows/clients"
)

// The Foundation's hybrid and implicit plans (spec/conformance.md 2.6): the list of the basic plan for each response type, with
// tokens in the front channel switched on.

// Response types of the plans.
var (
	hybrid   = []string{"code id_token", "code token", "code id_token token"}
	implicit = []string{"id_token", "id_token token"}
)

// inFront runs a plan's modules in one world for each engine, with answers in fragments, and by form_post for one type.
func inFront(t *testing.T, plan []string) {
	t.Helper()
	each(t, func(w *world) {
		outer := w.t
		w.clients.FrontChannelTokens, w.oidc.FrontChannelTokens = true, true
		first := &conf{site: newSite(w)}
		first.register()
		last := plan[len(plan)-1]
		for _, responseType := range plan {
			modes := []bool{false}
			switch postgres := w.store.Engine() == "postgres"; {
			case postgres && responseType != last: // one is enough: only the SQL differs
				continue
			case responseType == last && !postgres:
				modes = []bool{false, true}
			}
			for _, formPost := range modes {
				frontModules(responseType, func(name string, run func(c *conf)) {
					outer.Run(strings.ReplaceAll(responseType, " ", "_")+"/"+name, func(t *testing.T) {
						w.t = t
						defer func() { w.t = outer }()
						run(&conf{site: first.site, client: "conf1", secret: s1, auth: clients.AuthBasic, formPost: formPost, responseType: responseType})
					})
				})
			}
		}
	})
}

// frontModules are those of a response type.
func frontModules(responseType string, module func(name string, run func(c *conf))) {
	fitting := func(name string, run func(c *conf)) {
		if fits(name, responseType) {
			module(name, run)
		}
	}
	basicModules(fitting)
	promptModules(fitting)
	tokenModules(fitting)
	fitting("oidcc-ensure-request-without-nonce-fails", func(c *conf) {
		v := c.request("nonce", "")
		c.failed(v, c.walk(c.browser(), v), "invalid_request")
	})
}

// fits tells whether a module is one of a response type's.
func fits(module, responseType string) bool {
	switch module {
	case "oidcc-ensure-request-without-nonce-succeeds-for-code-flow":
		return !strings.Contains(responseType, "id_token")
	case "oidcc-ensure-request-without-nonce-fails":
		return strings.Contains(responseType, "id_token")
	case "oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body", "oidcc-claims-essential":
		return responseType != "id_token"
	case "oidcc-codereuse", "oidcc-codereuse-30seconds", "oidcc-refresh-token", "oidcc-ensure-request-with-valid-pkce-succeeds", "oidcc-server-client-secret-post":
		return strings.Contains(responseType, "code")
	}
	return module != "oidcc-ensure-post-request-succeeds"
}

func TestConformanceHybrid(t *testing.T) {
	t.Parallel()
	inFront(t, hybrid)
}

func TestConformanceImplicit(t *testing.T) {
	t.Parallel()
	inFront(t, implicit)
}

// AZ-13, AZ-14 with the switch on: tokens go to who is registered for them, never in a query, and only with what makes them
// safe to take.
func TestFrontChannelRefusals(t *testing.T) {
	each(t, func(w *world) {
		w.clients.FrontChannelTokens, w.oidc.FrontChannelTokens = true, true
		c := &conf{site: newSite(w), client: "conf1", secret: s1, auth: clients.AuthBasic, responseType: "code id_token"}
		c.register()
		b := w.signedIn("alice")
		for _, row := range []struct {
			name, code string
			changes    []string
		}{
			{"AZ-13 an access token alone", "unsupported_response_type", []string{"response_type", "token"}},
			{"AZ-13 unknown", "unsupported_response_type", []string{"response_type", "code id_token none"}},
			{"AZ-13 twice", "unsupported_response_type", []string{"response_type", "id_token id_token"}},
			{"AZ-14 in a query", "invalid_request", []string{"response_mode", "query"}},
			{"AZ-14 unknown mode", "invalid_request", []string{"response_mode", "web_message"}},
			{"without nonce", "invalid_request", []string{"nonce", ""}},
			{"without openid", "invalid_scope", []string{"scope", "email"}},
		} {
			v := c.request(row.changes...)
			answer := b.authorize(v)
			c.failed(v, callback{Values: c.arrived(answer.Header.Get("Location"), v)}, row.code)
			if w.t.Failed() {
				w.t.Fatal(row.name)
			}
		}
		// A fragment isn't for codes, and web1 is registered for nothing else.
		w.err(b.authorize(base("response_mode", "fragment")), "invalid_request")
		address := b.authorize(base("client_id", "web1", "response_type", "code id_token")).Header.Get("Location")
		if answer, ok := strings.CutPrefix(address, rp+"#"); !ok || !strings.Contains(answer, "error=unauthorized_client") {
			w.t.Errorf("answered at %s", address)
		}
	})
}

// What goes by the front channel lives and dies with its grant: a replayed code ends it, and so does a sign-out.
func TestFrontChannelTokensEnd(t *testing.T) {
	each(t, func(w *world) {
		w.clients.FrontChannelTokens, w.oidc.FrontChannelTokens = true, true
		c := &conf{site: newSite(w), client: "conf1", secret: s1, auth: clients.AuthBasic, responseType: "code token"}
		c.register()
		_, err := c.clients.Update(t.Context(), "conf1", func(d *clients.Document) error {
			d.BackchannelLogoutURI, d.Settings.AccessTokenFormat = "https://suite.test/heard", clients.FormatOpaque
			return nil
		})
		must(t, err)
		status := func(token string) int { t.Helper(); return c.do(bearer(http.MethodGet, token)).StatusCode }
		b := c.browser()
		v := c.request("scope", "openid offline_access")
		got := c.walk(b, v)
		front := got.Get("access_token")
		if !strings.HasPrefix(front, "pratu_at_") || status(front) != http.StatusOK {
			t.Errorf("%s: %d", front, status(front))
		}
		redeem := url.Values{"grant_type": {"authorization_code"}, "code": {got.Get("code")}, "redirect_uri": {suite}}
		c.post1(redeem)
		c.refused(c.post1(redeem), http.StatusBadRequest, "invalid_grant")
		if status(front) == http.StatusOK {
			t.Error("lives on after the code was replayed")
		}

		c.responseType = "id_token token"
		v = c.request("scope", "openid offline_access")
		got = c.walk(b, v)
		tokens, id := c.tokens(v, got)
		if tokens["refresh_token"] != nil || got.Has("refresh_token") {
			t.Error("a refresh token by the front channel")
		}
		front = text(tokens, "access_token")
		list, err := c.store.Farewells(t.Context(), text(id, "sid"))
		must(t, err)
		if len(list) != 1 || list[0].ClientID != "conf1" || status(front) != http.StatusOK {
			t.Errorf("who took part: %v, userinfo %d", list, status(front))
		}
		c.out(b, text(tokens, "id_token"))
		if status(front) == http.StatusOK {
			t.Error("lives on after the sign-out")
		}
	})
}
