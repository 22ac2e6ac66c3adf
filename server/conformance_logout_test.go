package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/secret"
)

// What the OpenID Foundation's modules check of logout by other channels (spec/conformance.md 2.4 and 2.5).

// hearing goes on as an application that hears of logouts.
func (c *conf) hearing(back, front string) {
	c.t.Helper()
	c.client = "conf-" + secret.ID()
	c.create(c.client, clients.AuthBasic, func(d *clients.Document) {
		d.BackchannelLogoutURI, d.BackchannelSession = back, back != ""
		d.FrontchannelLogoutURI, d.FrontchannelSession = front, front != ""
	})
}

// told are the logout tokens that an application gets; the real program sends them by itself.
func (c *conf) told(app *listener) []string {
	c.t.Helper()
	if !c.wall {
		c.deliver()
		return app.heard()
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got := app.heard(); len(got) > 0 {
			return got
		}
	}
	return nil
}

// discovery is the document; a world without a network makes it with its switches as they are now.
func (c *conf) discovery() map[string]any {
	c.t.Helper()
	if c.wall {
		return c.do(httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)).json(c.t)
	}
	raw, err := c.oidc.Metadata([]string{"en"}, []string{"1"})
	must(c.t, err)
	v := map[string]any{}
	must(c.t, json.Unmarshal(raw, &v))
	return v
}

// discovered checks members of the discovery document.
func (c *conf) discovered(want map[string]any) {
	c.t.Helper()
	v := c.discovery()
	want["end_session_endpoint"] = op + "/oauth2/logout"
	for name, value := range want {
		if v[name] != value {
			c.t.Errorf("%s is %v", name, v[name])
		}
	}
}

// in signs in; out goes to end_session_endpoint with the ID token.
func (c *conf) in(b *browser) (got callback, hint string, id map[string]any) {
	c.t.Helper()
	v := c.request("state", state128)
	got = c.walk(b, v)
	tokens, id := c.tokens(v, got)
	return got, text(tokens, "id_token"), id
}

func (c *conf) out(b *browser, hint string) reply {
	c.t.Helper()
	return b.get("/oauth2/logout?" + url.Values{
		"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://suite.test/bye"}, "state": {state128},
	}.Encode())
}

// signedOut holds that the way led back and that nobody is signed in any more.
func (c *conf) signedOut(b *browser, address string) {
	c.t.Helper()
	if u, err := url.Parse(address); err != nil || u.Host != "suite.test" || u.Path != "/bye" || u.Query().Get("state") != state128 || len(u.Query()) != 1 {
		c.t.Errorf("back at %s", address)
	}
	none := c.request("prompt", "none", "state", state128)
	c.failed(none, c.walk(b, none), notAsked...)
}

func TestConformanceBackChannel(t *testing.T) {
	t.Parallel()
	backChannelModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func backChannelModules(module func(name string, run func(c *conf))) {
	module("oidcc-backchannel-logout-discovery-endpoint-verification", func(c *conf) {
		c.discovered(map[string]any{"backchannel_logout_supported": true, "backchannel_logout_session_supported": true})
	})
	module("oidcc-backchannel-rp-initiated-logout", func(c *conf) {
		app := &listener{t: c.t, id: "suite", answer: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", "no-store") }}
		var base string
		app.Server, base = c.started(app)
		c.hearing(base+"/logout?app=suite", "")
		b := c.browser()
		_, hint, id := c.in(b)
		answer := c.out(b, hint)
		got := c.told(app)
		if len(got) != 1 {
			c.t.Fatalf("heard %d times", len(got))
		}
		if _, alg, err := c.keys.Verify(got[0], "logout+jwt"); err != nil || alg != "RS256" {
			c.t.Errorf("%s %v", alg, err)
		}
		token := claims(c.t, got[0])
		events, _ := token["events"].(map[string]any)
		event, isObject := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
		iat, _ := token["iat"].(float64)
		if age := c.now().Unix() - int64(iat); token["iss"] != op || token["aud"] != c.client || age < 0 || age > 60 || text(token, "jti") == "" ||
			len(events) != 1 || !isObject || len(event) != 0 || token["sub"] != id["sub"] || token["sid"] != id["sid"] || token["nonce"] != nil {
			c.t.Errorf("%v for %v", token, id)
		}
		c.signedOut(b, answer.Header.Get("Location"))
	})
}

func TestConformanceFrontChannel(t *testing.T) {
	t.Parallel()
	frontChannelModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func frontChannelModules(module func(name string, run func(c *conf))) {
	module("oidcc-frontchannel-logout-discovery-endpoint-verification", func(c *conf) {
		c.discovered(map[string]any{"frontchannel_logout_supported": true, "frontchannel_logout_session_supported": true})
	})
	module("oidcc-frontchannel-rp-initiated-logout", func(c *conf) {
		c.hearing("", "https://suite.test/front")
		b := c.browser()
		_, hint, id := c.in(b)
		answer := c.out(b, hint)
		page := b.get(answer.Header.Get("Location")).expect(c.t, 200)
		list, _ := frames(page)
		if want := "https://suite.test/front?" + (url.Values{"iss": {op}, "sid": {text(id, "sid")}}).Encode(); len(list) != 1 || list[0] != want {
			c.t.Errorf("frames %q, want %s", list, want)
		}
		on := linkTo(c.t, page.body, "https://suite.test/bye")
		if page.Header.Get("Refresh") != "4; url="+on {
			c.t.Errorf("on by %q, linked to %s", page.Header.Get("Refresh"), on)
		}
		c.signedOut(b, on)
	})
}

// What the frame's script compares; it runs in e2e.TestSessionManagement.
func TestConformanceSession(t *testing.T) {
	t.Parallel()
	sessionModules(func(module string, run func(c *conf)) { conformance(t, module, run) })
}

func sessionModules(module func(name string, run func(c *conf))) {
	module("oidcc-session-management-discovery-endpoint-verification", func(c *conf) {
		c.oidc.SessionManagement = true
		c.discovered(map[string]any{"check_session_iframe": op + issuer.PathSession})
	})
	module("oidcc-session-management-rp-initiated-logout", func(c *conf) {
		c.kernel.SessionManagement = true
		b := c.browser()
		got, hint, _ := c.in(b)
		unchanged := func() bool {
			return same(got.Get("session_state"), c.client, "https://suite.test", b.cookies[stateName])
		}
		if !unchanged() {
			c.t.Errorf("changed before the logout: %s", got.Get("session_state"))
		}
		answer := c.out(b, hint)
		if unchanged() {
			c.t.Error("unchanged after the logout")
		}
		c.signedOut(b, answer.Header.Get("Location"))
	})
}
