package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/mail"
)

// GR-01 to GR-07, GR-09; of GR-08 there is nothing to escape: games register no names.
func TestGameRegister(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		verify := func(secret string) reply { return g.call("verifyAccount", kv{"secret": secret}) }
		handle, m := g.registered(playersMail, playersPassword)
		g.refused(verify(handle), 400, "invalid_secret") // GR-01, GE-03
		g.refused(g.call("login", kv{"email": playersMail, "password": playersPassword}), 401, "invalid_credentials")
		// GR-02: an address that somebody has answers the same; its owner is mailed.
		answer := g.call("register", kv{"email": malisMail, "password": playersPassword})
		g.like(answer, sampleMailed)
		g.one(mail.TemplateAccountExists, malisMail)
		g.refused(g.call("login", kv{"email": malisMail, "password": playersPassword}), 401, "invalid_credentials")
		// GR-04: nobody says what they are.
		g.pass(time.Minute)
		answer = g.call("register", `{"email":"eve@x.test","password":"`+playersPassword+`","roles":["admin"],"verified":true,"coin":99999}`)
		g.like(answer, sampleMailed)
		user := g.data(verify(g.one(mail.TemplateVerify, "eve@x.test").Data.Token)).(map[string]any)
		token := g.token(g.call("login", kv{"email": "eve@x.test", "password": playersPassword}))
		if roles := user["roles"].([]any); len(roles) != 1 || roles[0] != "user" || g.data(g.get("player", token)).(map[string]any)["coin"] != float64(500) ||
			g.count(`SELECT COUNT(*) FROM account_roles`) != 0 {
			t.Errorf("GR-04: %v", user)
		}
		for _, address := range []string{"a b@x.test", "a@localhost", "a@", "", "+66815550100", "a@x.test\r\nBcc:e@evil.test"} { // GR-05
			g.refused(g.call("register", kv{"email": address, "password": playersPassword}), 400, "invalid_input")
		}
		for password, why := range map[string]string{"": "at least 8", "seven c": "at least 8", "password1234567": "easily guessed", "player@x.test player": "easily guessed"} { // GR-06
			answer := g.call("register", kv{"email": playersMail, "password": password})
			g.refused(answer, 400, "weak_password")
			if !strings.Contains(answer.body, why) {
				t.Errorf("%q: %s", password, answer.body)
			}
		}
		if mails := g.delivered(); len(mails) != 0 {
			t.Errorf("%d mails", len(mails))
		}
		g.data(verify(m.Data.Token))
		// GR-09: a mail that can't leave waits, and comes once.
		g.box.Handlers[mail.Kind] = func(context.Context, []byte) error { return errors.New("connection refused") }
		g.call("register", kv{"email": "waits@x.test", "password": playersPassword})
		must(t, g.box.Flush(t.Context()))
		g.box.Handlers[mail.Kind] = g.keep
		g.pass(10 * time.Minute)
		g.one(mail.TemplateVerify, "waits@x.test")
		// GR-03: twenty at once are one registration's mail, and one account.
		g.pass(time.Minute)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { g.call("register", kv{"email": "many@x.test", "password": playersPassword}) })
		}
		all.Wait()
		m = g.one(mail.TemplateVerify, "many@x.test")
		made := 0
		var counting sync.Mutex
		for range 8 {
			all.Go(func() {
				if answer := verify(m.Data.Token); answer.StatusCode == http.StatusOK {
					counting.Lock()
					defer counting.Unlock()
					made++
				}
			})
		}
		all.Wait()
		if made != 1 || g.count(`SELECT COUNT(*) FROM accounts WHERE register_by = '77'`) != 3 {
			t.Errorf("GR-03: made %d times", made)
		}
		g.token(g.call("login", kv{"email": "many@x.test", "password": playersPassword}))
		// GR-07: a hundred in a minute from one place aren't let through.
		g.pass(time.Minute)
		var last reply
		for i := range 61 {
			last = g.call("register", kv{"email": string(rune('a'+i%26)) + strings.Repeat("x", i) + "@x.test", "password": "too few"})
		}
		g.refused(last, 429, "rate_limited")
	})
}

// GV-01 to GV-05, GV-07 to GV-09; GV-06 is the sample that TestGameAuthen compares.
func TestGameVerify(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		verify := func(body any, header ...string) reply { return g.call("verifyAccount", body, header...) }
		_, m := g.registered(playersMail, playersPassword)
		token := m.Data.Token
		last := map[bool]string{true: "B", false: "A"}[token[len(token)-1] == 'A']
		g.refused(verify(kv{"secret": token[:len(token)-1] + last}), 400, "invalid_secret")        // GV-03
		g.refused(verify(kv{"secret": token}, "X-Client-Identifier", "78"), 400, "invalid_secret") // another title's
		g.refused(verify(kv{"secret": m.Data.Code}), 400, "invalid_secret")                        // a code alone
		g.refused(verify(kv{"code": m.Data.Code, "email": "other@x.test"}), 400, "invalid_secret") // another's
		g.data(verify(kv{"secret": token}))
		g.refused(verify(kv{"secret": token}), 400, "invalid_secret")                                                                        // GV-01
		for _, body := range []string{`{"secret":123}`, `{}`, `{"secret":""}`, `{"secret":null}`, `{"secret":["a"]}`, `{"code":"123456"}`} { // GV-08
			g.refused(verify(body), 400, "invalid_input")
		}
		// GV-02: a replica whose clock is behind doesn't matter, expiry is absolute.
		g.pass(time.Minute)
		_, m = g.registered("late@x.test", playersPassword)
		g.pass(24*time.Hour + time.Second)
		g.refused(verify(kv{"secret": m.Data.Token}), 400, "invalid_secret")
		// By code, with the handle or the address.
		handle, m := g.registered("code@x.test", playersPassword)
		g.refused(verify(kv{"secret": handle, "code": "000000"}), 400, "invalid_secret")
		g.data(verify(kv{"secret": handle, "code": m.Data.Code}))
		_, m = g.registered("code2@x.test", playersPassword)
		g.data(verify(kv{"email": "Code2@x.test", "code": m.Data.Code}))
		g.token(g.call("login", kv{"email": "code2@x.test", "password": playersPassword}))
		// Five guesses, and the code is worth nothing; the token is.
		_, m = g.registered("guessed@x.test", playersPassword)
		for range 5 {
			g.refused(verify(kv{"email": "guessed@x.test", "code": "000000"}), 400, "invalid_secret")
		}
		g.refused(verify(kv{"email": "guessed@x.test", "code": m.Data.Code}), 429, "rate_limited")
		g.data(verify(kv{"secret": m.Data.Token}))
		// Who knows the address only, or registers it as well, uses up nobody else's guesses.
		handle, m = g.registered("busy@x.test", playersPassword)
		for range 5 {
			g.refused(verify(kv{"email": "busy@x.test", "code": "000000"}, "User-Agent", "eve"), 400, "invalid_secret")
		}
		g.refused(verify(kv{"secret": handle, "code": "000000"}), 400, "invalid_secret")
		g.data(verify(kv{"secret": handle, "code": m.Data.Code}))
		g.registered("both@x.test", "eve knows this one too", "User-Agent", "eve")
		for range 5 {
			g.refused(verify(kv{"email": "both@x.test", "code": "000000"}, "User-Agent", "eve"), 400, "invalid_secret")
		}
		g.pass(time.Minute)
		_, m = g.registered("both@x.test", playersPassword)
		g.data(verify(kv{"email": "both@x.test", "code": m.Data.Code}))
		// GV-05: a token of another purpose.
		_, err := g.people.BeginRecovery(t.Context(), accounts.Recovery{Identifier: malisMail, Browser: "b", IP: "192.0.2.1", Locale: "en"})
		must(t, err)
		g.refused(verify(kv{"secret": g.one(mail.TemplateCode, malisMail).Data.Token}), 400, "invalid_secret")
		// GV-07: who has the address by another way has no use for the registration.
		_, m = g.registered("moved@x.test", playersPassword)
		_, err = g.people.Create(t.Context(), accounts.New{Email: "moved@x.test", EmailVerified: true})
		must(t, err)
		g.refused(verify(kv{"secret": m.Data.Token}), 400, "invalid_secret")
		// GV-09: eve registered carol's address, from somewhere else. Carol's mail can't be told from eve's: whose password
		// it is isn't known, so none opens the account.
		g.registered("carol@x.test", "eve knows this one too", "User-Agent", "eve")
		g.pass(time.Minute)
		_, m = g.registered("carol@x.test", playersPassword, "User-Agent", "carol")
		g.data(verify(kv{"secret": m.Data.Token}))
		for _, password := range []string{"eve knows this one too", playersPassword} {
			g.refused(g.call("login", kv{"email": "carol@x.test", "password": password}), 401, "invalid_credentials")
		}
		// With the handle it is certain who began.
		g.registered("dan@x.test", "eve knows this one too", "User-Agent", "eve")
		g.pass(time.Minute)
		handle, m = g.registered("dan@x.test", playersPassword, "User-Agent", "dan")
		g.data(verify(kv{"secret": handle, "code": m.Data.Code}))
		g.token(g.call("login", kv{"email": "dan@x.test", "password": playersPassword}))
		// GV-04
		var answer reply
		for range 305 {
			answer = verify(kv{"secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})
		}
		g.refused(answer, 429, "rate_limited")
	})
}

// GE-01 to GE-06.
func TestGameResend(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		resend := func(email any) reply { return g.call("resendEmail", kv{"email": email}) }
		unknown := resend("nobody@x.test")
		g.like(unknown, sampleMailed) // GE-01
		handle, m := g.registered(playersMail, playersPassword)
		known := resend(playersMail)
		g.like(known, sampleMailed)
		if mails := g.delivered(); len(mails) != 0 {
			t.Errorf("%d mails within a minute", len(mails))
		}
		g.refused(g.call("verifyAccount", kv{"secret": g.data(known).(map[string]any)["secret"]}), 400, "invalid_secret") // GE-03
		g.pass(time.Minute)
		again := g.data(g.call("resendEmail", kv{"email": playersMail, "secret": handle})).(map[string]any)
		fresh := g.one(mail.TemplateVerify, playersMail)
		if again["secret"] != handle {
			t.Errorf("the handle becomes %v", again)
		}
		g.refused(g.call("verifyAccount", kv{"secret": m.Data.Token}), 400, "invalid_secret")                      // GE-05
		g.refused(g.call("verifyAccount", kv{"secret": handle, "code": m.Data.Code + "0"}), 400, "invalid_secret") // GE-05
		g.refused(resend([]string{alicesMail, "eve@x.test"}), 400, "invalid_input")                                // GE-04
		// GE-02: five a day, and hurrying is refused for everybody alike.
		mails := 2
		for range 8 {
			g.pass(2 * time.Minute)
			resend(playersMail)
			mails += len(g.delivered())
		}
		if mails != 5 {
			t.Errorf("GE-02: %d mails", mails)
		}
		for _, email := range []string{playersMail, "nobody@x.test"} {
			var last reply
			for range 11 {
				last = resend(email)
			}
			g.refused(last, 429, "rate_limited")
		}
		// GE-06: the host of a request is in no mail.
		r := post("/api/v1/auth/resendEmail", map[string][]string{"email": {playersMail}})
		r.Host = "evil.test"
		if answer := g.do(r); answer.StatusCode != http.StatusMisdirectedRequest || len(g.delivered()) != 0 || strings.Contains(fresh.Data.Link, "evil") {
			t.Errorf("GE-06: %d", answer.StatusCode)
		}
		// The link of a mail opens a page that asks for a password of its own: whoever registered may be a stranger.
		g.pass(24 * time.Hour)
		_, m = g.registered("link@x.test", "eve knows this one too")
		b := g.browser()
		page := b.get(strings.TrimPrefix(m.Data.Link, op)).expect(t, 200, `name="password"`)
		b.submit(page, "link", "password", newPassword+"!").expect(t, 303)
		g.token(g.call("login", kv{"email": "link@x.test", "password": newPassword + "!"}))
		// In development the answer shows what only the mail should.
		g.players.Expose = true
		defer func() { g.players.Expose = false }()
		data := g.data(g.call("register", kv{"email": "dev@x.test", "password": playersPassword})).(map[string]any)
		g.data(g.call("verifyAccount", kv{"secret": data["secret"]}))
	})
}
