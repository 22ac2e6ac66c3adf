package server_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/signin"
)

// The samples of the contract: registering, verifying, signing in, renewing, the player; and what their values are.
func TestGameAuthen(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		answer := g.call("register", kv{"email": "Player@x.test", "password": playersPassword})
		g.like(answer, sampleMailed)
		data := g.data(answer).(map[string]any)
		if data["message"] != "Verification email will send to you as Player@x.test" {
			t.Errorf("%v", data)
		}
		m := g.one("verify", "Player@x.test")
		g.pass(time.Minute)
		answer = g.call("verifyAccount", kv{"secret": m.Data.Token})
		g.like(answer, sampleUser)
		user := g.data(answer).(map[string]any)
		if id := text(user, "id"); len(id) != 24 || strings.Trim(id, "0123456789abcdef") != "" || user["email"] != "Player@x.test" || user["verified"] != true ||
			user["authenTypeId"] != float64(-1) || user["authenToken"] != "" {
			t.Errorf("%v", user)
		}
		for _, name := range []string{"verifiedAt", "createAt", "lastModified"} {
			at, err := time.Parse(time.RFC3339, text(user, name))
			if err != nil || !strings.HasSuffix(text(user, name), "Z") || name == "createAt" != at.Before(g.now()) {
				t.Errorf("%s is %s at %s", name, text(user, name), g.now())
			}
		}
		answer = g.call("login", kv{"username": playersMail, "password": playersPassword})
		g.like(answer, `{"data":"eyJ","isSuccess":true}`)
		token := g.token(answer)
		g.isToken(token, user)
		g.pass(time.Hour)
		for _, header := range []string{token, "Bearer " + token, "bearer " + token} {
			answer = g.get("auth/refreshToken", header)
			g.like(answer, `{"data":"eyJ","isSuccess":true}`)
		}
		again := claims(t, g.token(answer))
		if first := claims(t, token); again["sid"] != first["sid"] || again["jti"] == first["jti"] || again["exp"].(float64) != first["exp"].(float64)+3600 {
			t.Errorf("%v then %v", first, again)
		}
		answer = g.get("player", token)
		g.like(answer, `{"data":{"id":"5b51ae5e083713dbe7d4f6f0","playerName":"undefined","teamPlayerId":-1,"coin":500,"diamond":0,"costumeSelectId":-1,
			"createAt":"2018-07-20T09:41:50.66Z","lastModified":"2018-07-20T09:41:50.66Z"},"isSuccess":true}`)
		if p := g.data(answer).(map[string]any); p["id"] != user["id"] || p["playerName"] != "undefined" || p["teamPlayerId"] != float64(-1) ||
			p["coin"] != float64(500) || p["diamond"] != float64(0) || p["costumeSelectId"] != float64(-1) {
			t.Errorf("%v", p)
		}
		// By a form, as old clients send it.
		r := post("/api/v1/auth/login", map[string][]string{"email": {playersMail}, "password": {playersPassword}})
		g.token(g.do(r))
	})
}

// isToken expects a session token: typed, signed by a published key, with the claims of the contract and no others.
func (g *games) isToken(token string, user map[string]any) {
	g.t.Helper()
	payload, alg, err := g.keys.Verify(token, "game+jwt")
	if err != nil || alg != "ES256" {
		g.t.Fatalf("%s %v %s", alg, err, payload)
	}
	c := claims(g.t, token)
	now := float64(g.now().Unix())
	if c["username"] != user["email"] || c["id"] != user["id"] || c["iss"] != op || c["aud"] != "77" || len(text(c, "sub")) < 13 ||
		len(text(c, "sid")) < 20 || len(text(c, "jti")) < 20 || c["iat"] != now || c["exp"] != now+24*3600 || len(c) != 9 {
		g.t.Errorf("%v", c)
	}
}

// GL-01 to GL-03, GL-05 to GL-10; form bodies are welcome (GL-04), which TestGameAuthen posts.
func TestGameLogin(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		g.joined(playersMail)
		login := func(body any) reply { return g.call("login", body) }
		unknown := login(kv{"email": "nobody@x.test", "password": playersPassword})
		wrong := login(kv{"email": playersMail, "password": "wrong password"})
		g.refused(unknown, 401, "invalid_credentials")
		if wrong.body != unknown.body || wrong.StatusCode != http.StatusUnauthorized {
			t.Errorf("GL-01: %s, %s", wrong.body, unknown.body)
		}
		g.call("register", kv{"email": "carol@x.test", "password": playersPassword})
		if carol := login(kv{"email": "carol@x.test", "password": playersPassword}); carol.body != unknown.body || carol.StatusCode != http.StatusUnauthorized {
			t.Errorf("GL-05: %s", carol.body)
		}
		g.refused(login(kv{"email": alicesMail, "password": playersPassword}), 401, "invalid_credentials") // GL-06: she has no password
		for name, body := range map[string]string{
			"GL-02 a list": `{"email":["alice@x.test"],"password":"x"}`, "GL-02 a number": `{"email":"a@x.test","password":1}`,
			"GL-03 a tail": `{"email":"a@x.test","password":"x"}x`, "GL-03 two": `{"email":"a@x.test","password":"x"}{}`, "twice": `{"email":"a@x.test","password":"x","password":"y"}`,
			"a list": `[]`, "cut": `{"email":"a@x.test"`, "nothing": ` `, "no password": `{"email":"a@x.test"}`, "deep": `{"email":` + strings.Repeat("[", 12000),
		} {
			answer := login(body)
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
			g.refused(answer, 400, "invalid_input")
		}
		g.refused(login(kv{"email": "' OR '1'='1", "password": "x"}), 401, "invalid_credentials") // GL-08
		g.refused(login(kv{"email": playersMail + "\x00", "password": "\x00"}), 401, "invalid_credentials")
		g.refused(login(kv{"email": playersMail, "password": strings.Repeat("a", 1<<20)}), 413, "too_large") // GL-10
		g.refused(g.send("POST", "/api/v1/auth/login", "x", "Content-Type", "text/plain"), 415, "unsupported_media_type")
		g.refused(g.send("POST", "/api/v1/auth/login?email="+playersMail+"&password=x", `{}`), 400, "invalid_input")
		// GL-09: the token of who knows a word is none.
		hs := "eyJhbGciOiJIUzI1NiIsInR5cCI6ImdhbWUrand0In0.eyJpc3MiOiJodHRwczovL29wLnRlc3QifQ.c2lnbmVk"
		for _, path := range []string{"auth/refreshToken", "player", "players/" + strings.Repeat("a", 24)} {
			g.refused(g.get(path, "Bearer "+hs), 401, "invalid_token")
		}
		// GL-07: the budget is the account's, whatever the headers say.
		g.pass(time.Minute)
		var last reply
		for range 11 {
			last = g.call("login", kv{"email": playersMail, "password": "wrong password"}, "X-Forwarded-For", "203.0.113.9", "X-Client-Identifier", "78")
		}
		g.refused(last, 429, "rate_limited")
		if last.Header.Get("Retry-After") == "" {
			t.Error("GL-07: no Retry-After")
		}
	})
}

// GF-01 to GF-07.
func TestGameRefresh(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		oid, token := g.joined(playersMail)
		refresh := func(token string, header ...string) reply { return g.get("auth/refreshToken", token, header...) }
		g.refused(refresh(""), 401, "invalid_token")                                                                           // GF-01
		g.refused(g.send("GET", "/api/v1/auth/refreshToken?access_token="+token, ""), 401, "invalid_token")                    // GF-06
		g.refused(g.send("GET", "/api/v1/player", "", "Cookie", "token="+token+"; access_token="+token), 401, "invalid_token") // GF-06
		g.refused(refresh(token, "X-Client-Identifier", "78"), 401, "invalid_token")
		tokens := g.tokens(g.signedIn("alice"))
		g.refused(refresh(text(tokens, "id_token")), 401, "invalid_token")     // GF-05
		g.refused(refresh(text(tokens, "access_token")), 401, "invalid_token") // GF-05
		// And the other way: it is no access token, no ID token hint.
		g.world.refused(g.do(bearer(http.MethodGet, token)), 401, "invalid_token")
		if answer := g.post("/oauth2/introspect", "web1", s1, map[string][]string{"token": {token}}).json(t); answer["active"] != false {
			t.Errorf("introspected: %v", answer)
		}
		if _, err := g.oidc.Hint(token); err == nil {
			t.Error("it passes for an ID token")
		}
		// GF-07: fifty at once.
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if answer := refresh(token); answer.StatusCode != http.StatusOK {
					t.Errorf("GF-07: %d %s", answer.StatusCode, answer.body)
				}
			})
		}
		all.Wait()
		if n := g.count(`SELECT COUNT(*) FROM sessions WHERE title = '77' AND ended_at = 0`); n != 1 {
			t.Errorf("%d sessions", n)
		}
		g.pass(24*time.Hour + time.Second)
		g.refused(refresh(token), 401, "token_expired") // GF-02
		// GF-04: renewed again and again, a session ends all the same.
		token = g.token(g.call("login", kv{"email": playersMail, "password": playersPassword}))
		begun := g.now()
		for g.now().Sub(begun) < signin.AbsoluteLife {
			if exp := int64(claims(t, token)["exp"].(float64)); exp > begun.Add(signin.AbsoluteLife).Unix() {
				t.Fatalf("GF-04: it lives until %d", exp)
			}
			token = g.token(refresh(token))
			g.pass(23*time.Hour + 59*time.Minute)
		}
		g.refused(refresh(token), 401, "token_expired")
		// GF-03: signed out, and with a new password.
		token = g.token(g.call("login", kv{"email": playersMail, "password": playersPassword}))
		g.like(g.send("POST", "/api/v1/auth/logout", "", "Authorization", token), `{"data":{"success":true},"isSuccess":true}`)
		g.refused(refresh(token), 401, "invalid_token")
		token = g.token(g.call("login", kv{"email": playersMail, "password": playersPassword}))
		a, err := g.store.TitleSession(t.Context(), text(claims(t, token), "sid"), "77", 0)
		must(t, err)
		person, err := g.people.Load(t.Context(), a.Account.ID)
		must(t, err)
		must(t, g.people.ChangePassword(t.Context(), person, accounts.PasswordChange{Password: newPassword + "!"}))
		g.refused(refresh(token), 401, "invalid_token")
		if oid != person.OID {
			t.Errorf("%s is not %s", oid, person.OID)
		}
	})
}

// A call belongs to a title; a password of 8 to 14 characters opens its own and nothing else.
func TestGameTitles(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		for _, c := range []struct {
			title, code string
			status      int
		}{{"nobody", "title_unknown", 401}, {"web1", "title_unknown", 401}, {"7 7", "title_unknown", 401}, {"78", "invalid_credentials", 401}} {
			g.refused(g.call("login", kv{"email": "a@x.test", "password": "x"}, "X-Client-Identifier", c.title), c.status, c.code)
		}
		g.players.DefaultTitle = ""
		g.refused(g.call("login", kv{"email": "a@x.test", "password": "x"}), 400, "title_missing")
		g.players.DefaultTitle = "77"
		_, err := g.clients.Update(t.Context(), "78", func(d *clients.Document) error { d.Disabled = true; return nil })
		must(t, err)
		g.refused(g.call("login", kv{"email": "a@x.test", "password": "x"}, "X-Client-Identifier", "78"), 401, "title_unknown")
		_, err = g.clients.Update(t.Context(), "78", func(d *clients.Document) error { d.Disabled = false; return nil })
		must(t, err)

		const short = "plum 7 doors"
		_, m := g.registered(playersMail, short)
		g.data(g.call("verifyAccount", kv{"secret": m.Data.Token}))
		token := g.token(g.call("login", kv{"email": playersMail, "password": short}))
		g.refused(g.call("login", kv{"email": playersMail, "password": short}, "X-Client-Identifier", "78"), 401, "invalid_credentials")
		g.browser().login(playersMail, short).expect(t, 422, "opens only the game")
		g.data(g.get("player", token))
		// With a long one, all titles and pages.
		a, err := g.store.TitleSession(t.Context(), text(claims(t, token), "sid"), "77", 0)
		must(t, err)
		person, err := g.people.Load(t.Context(), a.Account.ID)
		must(t, err)
		must(t, g.people.ChangePassword(t.Context(), person, accounts.PasswordChange{Password: newPassword + "!"}))
		other := g.token(g.call("login", kv{"email": playersMail, "password": newPassword + "!"}, "X-Client-Identifier", "78"))
		if c := claims(t, other); c["aud"] != "78" || c["id"] != person.OID {
			t.Errorf("%v", c)
		}
		if n := g.count(`SELECT COUNT(*) FROM players`); n != 2 {
			t.Errorf("%d players", n)
		}
		b := g.browser()
		b.login(playersMail, newPassword+"!").expect(t, 303)
		g.token(g.call("login", kv{"email": playersMail, "password": newPassword + "!"}))
		b.get("/account/sessions").expect(t, 200, "Takraw", "78") // its owner sees where somebody plays
	})
}

// Titles of old clients get 200 for everything, with Retry-After where there is one; what no route answers has the envelope too.
func TestGameEnvelope(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		old := []string{"X-Client-Identifier", "79"}
		g.refused(g.call("login", kv{"email": "a@x.test", "password": "x"}, old...), 200, "invalid_credentials")
		g.refused(g.call("login", `{`, old...), 200, "invalid_input")
		g.refused(g.call("login", kv{"email": "a@x.test", "password": strings.Repeat("x", 1<<20)}, old...), 200, "too_large")
		g.refused(g.get("player", "x", old...), 200, "invalid_token")
		var last reply
		for range 25 {
			last = g.call("login", kv{"email": "a@x.test", "password": "x"}, old...)
		}
		g.refused(last, 200, "rate_limited")
		if last.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		g.refused(g.get("nothing", ""), 404, "not_found")
		g.refused(g.get("auth/login", ""), 405, "method_not_allowed")
		r := post("/api/v1/auth/login", nil)
		r.Host = "evil.test"
		g.refused(g.do(r), 421, "misdirected")
		// CORS: pages of the title read answers, others don't.
		for origin, want := range map[string]string{"https://game.test": "https://game.test", "https://evil.test": ""} {
			answer := g.call("login", kv{"email": "a@x.test", "password": "x"}, "Origin", origin)
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want || answer.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s may read: %q", origin, got)
			}
		}
		answer := g.send("OPTIONS", "/api/v1/auth/login", "", "Origin", "https://game.test", "Access-Control-Request-Method", "POST")
		if answer.StatusCode != http.StatusNoContent || !strings.Contains(answer.Header.Get("Access-Control-Allow-Headers"), "X-Client-Identifier") {
			t.Errorf("%d %v", answer.StatusCode, answer.Header)
		}
	})
}
