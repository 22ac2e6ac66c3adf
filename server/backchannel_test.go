package server_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/logout"
	"pratu/flows/outbound"
	"pratu/flows/outbox"
)

// hears wires what applications hear of the end of a session, as cli does; a test says when it leaves.
func (w *world) hears(i issuer.Issuer) {
	w.farewells = &outbox.Outbox{Store: w.store, Keyring: w.ring, Now: w.now, Lane: logout.Lane, Parallel: logout.Parallel}
	w.logout = &logout.Service{
		Store: w.store, Outbox: w.farewells, Clients: w.clients, Keys: w.keys, Issuer: i, Now: w.now,
		Outbound: outbound.New(outbound.Options{Timeout: 2 * time.Second, Development: true}), // what listens is on this machine
	}
	w.farewells.Handlers = map[string]outbox.Handler{logout.Kind: w.logout.Deliver}
	w.store.Tell = w.logout.Queue
}

// listener is an application that hears of logouts.
type listener struct {
	*httptest.Server
	t      *testing.T
	id     string
	answer func(w http.ResponseWriter, r *http.Request)

	mu  sync.Mutex
	got []string
}

// listener registers one, with an answer of its own or the usual.
func (w *world) listener(id string, answer func(w http.ResponseWriter, r *http.Request)) *listener {
	w.t.Helper()
	l := &listener{t: w.t, id: id, answer: answer}
	l.Server = httptest.NewServer(l)
	w.t.Cleanup(l.Close)
	_, _, err := w.clients.Create(w.t.Context(), clients.Document{
		ClientID: id, Kind: clients.KindWeb, ClientSecret: s1, Settings: clients.Settings{FirstParty: true}, Metadata: clients.Metadata{
			ClientName: "App " + id, RedirectURIs: []string{rp}, PostLogoutRedirectURIs: []string{"https://rp.test/bye"},
			BackchannelLogoutURI: l.URL + "/bye?app=" + id, BackchannelSession: true,
		},
	})
	must(w.t, err)
	return l
}

// ServeHTTP holds what is true of every logout request.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || len(r.PostForm) != 1 || r.URL.RawQuery != "app="+l.id ||
		r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		l.t.Errorf("%s %s with %v: %v", r.Method, r.URL, r.PostForm, err)
	}
	l.mu.Lock()
	l.got = append(l.got, r.PostForm.Get("logout_token"))
	l.mu.Unlock()
	if l.answer != nil {
		l.answer(w, r)
	}
}

// heard are the logout tokens since the last call.
func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

// idTokenAt signs in to an application and returns its ID token, with what it says.
func (w *world) idTokenAt(b *browser, client string, changes ...string) (raw string, id map[string]any) {
	w.t.Helper()
	answer := w.post("/oauth2/token", client, s1, grant(b.code(base(append(changes, "client_id", client)...))))
	raw = text(answer.json(w.t), "id_token")
	return raw, claims(w.t, raw)
}

func (w *world) deliver() {
	w.t.Helper()
	must(w.t, w.farewells.Flush(w.t.Context()))
}

// wire carries a relying party's calls to the world.
type wire struct{ w *world }

// RoundTrip implements http.RoundTripper.
func (x wire) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := x.w.do(r)
	answer.Body = io.NopCloser(strings.NewReader(answer.body)) // it was read
	return answer.Response, nil
}

// LO-07: a logout token is what the standard says, names the session of the ID token, and is worth nothing elsewhere.
func TestLogoutToken(t *testing.T) {
	each(t, func(w *world) {
		app, other, silent := w.listener("app", nil), w.listener("other", nil), w.listener("silent", nil)
		b := w.signedIn("alice")
		hint, id := w.idTokenAt(b, "app")
		w.idTokenAt(b, "other", "scope", "openid")
		w.tokens(b)                         // of one that can't be told, and costs nothing for it
		b.code(base("client_id", "silent")) // whose code was never exchanged
		w.idTokenAt(w.signedIn("bob"), "silent")
		if n := len(app.heard()); n != 0 {
			t.Errorf("heard %d times while signed in", n)
		}
		if rows, err := w.store.Farewells(t.Context(), text(id, "sid")); err != nil || len(rows) != 2 {
			t.Errorf("%+v %v", rows, err)
		}
		b.get(bye("id_token_hint", hint))
		w.deliver()
		w.deliver()
		got := app.heard()
		if len(got) != 1 || len(other.heard()) != 1 || len(silent.heard()) != 0 {
			t.Fatalf("heard %d", len(got))
		}
		var head map[string]any
		raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(got[0], ".")[0])
		must(t, json.Unmarshal(raw, &head))
		token := claims(t, got[0])
		now := float64(w.now().Unix())
		if head["typ"] != "logout+jwt" || head["alg"] != "RS256" || token["iss"] != op || token["aud"] != "app" || token["sub"] != id["sub"] ||
			token["sid"] != id["sid"] || token["iat"] != now || token["exp"].(float64) > now+120 || len(text(token, "jti")) < 20 {
			t.Errorf("%v %v", head, token)
		}
		if events, _ := json.Marshal(token["events"]); string(events) != `{"http://schemas.openid.net/event/backchannel-logout":{}}` {
			t.Errorf("events %s", events)
		}
		if names := slices.Sorted(maps.Keys(token)); strings.Join(names, " ") != "aud events exp iat iss jti sid sub" {
			t.Errorf("claims %v", names)
		}
		// A library that nobody here wrote takes it, for its own client only.
		ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: wire{w}})
		keySet := oidc.NewRemoteKeySet(ctx, op+"/oauth2/jwks")
		heard, err := oidc.NewVerifier(op, keySet, &oidc.Config{ClientID: "app", Now: w.now}).VerifyLogout(ctx, got[0])
		if err != nil || heard.SessionID != id["sid"] || heard.Subject != id["sub"] || heard.TokenID != token["jti"] {
			t.Errorf("go-oidc: %+v %v", heard, err)
		}
		if _, err := oidc.NewVerifier(op, keySet, &oidc.Config{ClientID: "other", Now: w.now}).VerifyLogout(ctx, got[0]); err == nil {
			t.Error("go-oidc takes it for another client")
		}
		// Nowhere else: not as a hint, not as an access token.
		b = w.signedIn("alice")
		if target, _ := b.get(bye("id_token_hint", got[0])).location(t); target != op+"/sign-out" {
			t.Errorf("as a hint it leads to %s", target)
		}
		w.err(b.authorize(base("id_token_hint", got[0], "prompt", "none")), "invalid_request")
		w.refused(w.do(bearer(http.MethodGet, got[0])), 401, "invalid_token")
		if answer := w.post("/oauth2/introspect", "app", s1, url.Values{"token": {got[0]}}).json(t); answer["active"] != false {
			t.Errorf("%v", answer)
		}
	})
}

// Signing in again is no end, and doesn't make the session another one; every way to end it is one.
func TestLogoutIsToldOfEveryEnd(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		app := s.listener("app", nil)
		for way, end := range map[string]func(b *browser){
			"sign-out page": func(b *browser) { b.to(b.submit(b.get("/sign-out"), "sign-out"), "/signed-out") },
			"this browser":  func(b *browser) { b.press("/account/sessions", "session", s.sid(b)).expect(t, 303) },
			"others": func(*browser) {
				elsewhere := s.browser()
				s.signIn(elsewhere, chromeOnAndroid)
				elsewhere.press("/account/sessions", "others", "1").expect(t, 303)
			},
			"account closed": func(*browser) {
				_, err := s.accounts.Close(t.Context(), s.mali, "")
				must(t, err)
				must(t, s.accounts.Keep(t.Context(), s.mali, ""))
			},
			"account disabled": func(b *browser) {
				s.exec(`UPDATE accounts SET status = '2' WHERE id = '` + s.mali.ID + `'`)
				b.authorize(base("prompt", "none"))
				s.exec(`UPDATE accounts SET status = '1' WHERE id = '` + s.mali.ID + `'`)
			},
		} {
			b := s.browser()
			s.signIn(b, chromeOnAndroid)
			_, one := s.idTokenAt(b, "app")
			b.to(b.submit(b.get("/account/confirm"), "confirm", "password", malisPassword), "/account")
			_, two := s.idTokenAt(b, "app")
			s.deliver()
			if one["sid"] != two["sid"] || len(app.heard()) != 0 {
				t.Errorf("%s: signing in again: %v, %v", way, one["sid"], two["sid"])
			}
			end(b)
			s.deliver()
			got := app.heard()
			if len(got) != 1 || claims(t, got[0])["sid"] != one["sid"] {
				t.Errorf("%s: heard %d times", way, len(got))
			}
		}
	})
}

// LO-06: nobody waits for an application; it is asked again in the background, and its refusal is final.
func TestLogoutDelivery(t *testing.T) {
	each(t, func(w *world) {
		hang := make(chan struct{})
		w.t.Cleanup(func() { close(hang) })
		hanging := true
		var mu sync.Mutex
		status := func(code int) func(http.ResponseWriter, *http.Request) {
			return func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Location", "https://rp.test/elsewhere")
				rw.WriteHeader(code)
			}
		}
		apps := map[string]*listener{
			"late": w.listener("late", func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				wait := hanging
				mu.Unlock()
				if wait {
					select {
					case <-hang:
					case <-r.Context().Done():
					}
				}
			}),
			"empty": w.listener("empty", status(204)), "refuses": w.listener("refuses", status(400)),
			"moved": w.listener("moved", status(302)), "broken": w.listener("broken", status(500)), "gone": w.listener("gone", nil),
		}
		b := w.signedIn("alice")
		hint := ""
		for id := range apps {
			hint, _ = w.idTokenAt(b, id)
		}
		sid := text(claims(t, hint), "sid")
		target, _ := b.get(bye("id_token_hint", hint)).location(t)
		for id, app := range apps {
			if target != "https://rp.test/bye" || len(app.heard()) != 0 {
				t.Errorf("%s was called while the person waited", id)
			}
		}
		must(t, w.clients.Delete(t.Context(), "gone"))
		expect := func(want map[string]int, told, open, refused string) {
			t.Helper()
			w.deliver()
			for id, app := range apps {
				if n := len(app.heard()); n != want[id] {
					t.Errorf("%s heard %d times, want %d", id, n, want[id])
				}
			}
			var got [3][]string
			rows, err := w.store.Farewells(t.Context(), sid)
			must(t, err)
			for _, f := range rows {
				i := 1
				switch {
				case f.DeliveredAt > 0:
					i = 0
				case f.ParkedAt > 0:
					i = 2
				}
				got[i] = append(got[i], f.ClientID)
			}
			for i, names := range []string{told, open, refused} {
				slices.Sort(got[i])
				if strings.Join(got[i], " ") != names {
					t.Errorf("state %d: %v, want %s", i, got[i], names)
				}
			}
		}
		once := map[string]int{"late": 1, "empty": 1, "refuses": 1, "moved": 1, "broken": 1}
		expect(once, "empty", "broken late moved", "gone refuses")
		mu.Lock()
		hanging = false
		mu.Unlock()
		w.pass(15 * time.Second)
		expect(map[string]int{"late": 1, "moved": 1, "broken": 1}, "empty late", "broken moved", "gone refuses")
		for range 30 {
			w.pass(2 * time.Hour)
			w.deliver()
		}
		for _, app := range apps {
			app.heard()
		}
		expect(nil, "empty late", "", "broken gone moved refuses")
	})
}

// Who takes from an application what it was given is signed out of it, everywhere, and of nothing else. It is told once.
func TestLogoutIsToldOfRevocation(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		app, other := s.listener("app", nil), s.listener("other", nil)
		b, elsewhere := s.browser(), s.browser()
		sessions := map[any]bool{}
		for _, where := range []*browser{b, elsewhere} {
			s.signIn(where, chromeOnAndroid)
			_, id := s.idTokenAt(where, "app")
			sessions[id["sid"]] = true
			s.idTokenAt(where, "other")
		}
		bob := s.signedIn("bob")
		s.idTokenAt(bob, "app")
		bob.press("/account/applications", "client", "other").expect(t, 404)
		b.press("/account/applications", "client", "app").expect(t, 303)
		s.deliver()
		got := app.heard()
		for _, token := range got {
			if sid := claims(t, token)["sid"]; !sessions[sid] {
				t.Errorf("of session %v", sid)
			} else {
				delete(sessions, sid)
			}
		}
		if len(got) != 2 || len(sessions) != 0 || len(other.heard()) != 0 {
			t.Errorf("heard %d times, not of %v", len(got), sessions)
		}
		_, again := s.idTokenAt(elsewhere, "app") // who comes back takes part again
		b.to(b.submit(b.get("/sign-out"), "sign-out"), "/signed-out")
		s.deliver()
		if a, o := app.heard(), other.heard(); len(a) != 0 || len(o) != 1 {
			t.Errorf("at the sign-out: %d, %d", len(a), len(o))
		}
		elsewhere.to(elsewhere.submit(elsewhere.get("/sign-out"), "sign-out"), "/signed-out")
		s.deliver()
		if a := app.heard(); len(a) != 1 || claims(t, a[0])["sid"] != again["sid"] {
			t.Errorf("after coming back: heard %d times", len(a))
		}
	})
}
