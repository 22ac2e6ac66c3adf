package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/flows/players"
)

// A title's own server looks after its players: by an access token of its own with the right scope, and only after its own.
func TestGamePlayers(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		oid, session := g.joined(playersMail)
		server := g.server("srv77")
		serve := func(method, path, body string, header ...string) reply {
			return g.send(method, "/api/v1/players/"+path, body, append([]string{"Authorization", server}, header...)...)
		}
		sample := `{"data":{"id":"5b51ae5e083713dbe7d4f6f0","playerName":"undefined","teamPlayerId":-1,"coin":500,"diamond":0,"costumeSelectId":-1,
			"createAt":"…","lastModified":"…","banned":false,"banReason":""},"isSuccess":true}`
		g.like(serve("GET", oid, ""), sample)
		answer := serve("PATCH", oid, `{"playerName":" Nok ","teamPlayerId":4,"costumeSelectId":"12","coin":99999,"banned":true}`)
		g.like(answer, sample)
		if p := g.data(g.get("player", session)).(map[string]any); p["playerName"] != "Nok" || p["teamPlayerId"] != float64(4) || p["costumeSelectId"] != float64(12) || p["coin"] != float64(500) {
			t.Errorf("%v", p)
		}
		g.data(serve("PATCH", oid, `{"teamPlayerId":0}`))
		for _, body := range []string{`{"playerName":""}`, `{"playerName":7}`, `{"playerName":"a\u0000"}`, `{"teamPlayerId":1.5}`, `{"teamPlayerId":1e99}`, `{"teamPlayerId":true}`, `[]`} {
			g.refused(serve("PATCH", oid, body), 400, "invalid_input")
		}
		ledger := func(body, key string) reply { return serve("POST", oid+"/ledger", body, "Idempotency-Key", key) }
		buy := `{"currency":"coin","amount":-120,"reason":"shirt"}`
		first := ledger(buy, "order-1")
		g.like(first, `{"data":{"entry":2,"currency":"coin","amount":-120,"balance":380,"reason":"shirt","createAt":"…"},"isSuccess":true}`)
		if again := ledger(buy, "order-1"); again.body != first.body {
			t.Errorf("%s, then %s", first.body, again.body)
		}
		g.refused(ledger(`{"currency":"coin","amount":-121,"reason":"shirt"}`, "order-1"), 409, "idempotency_conflict")
		g.refused(ledger(`{"currency":"coin","amount":-381,"reason":"shirt"}`, "order-2"), 409, "insufficient_balance")
		for _, body := range []string{
			`{"currency":"gold","amount":1,"reason":"r"}`, `{"currency":"coin","amount":0,"reason":"r"}`, `{"currency":"coin","reason":"r"}`,
			`{"currency":"coin","amount":1}`, `{"currency":"coin","amount":1,"amount":2,"reason":"r"}`, `{"currency":"coin","amount":9007199254740991,"reason":"r"}`,
		} {
			g.refused(ledger(body, "order-3"), 400, "invalid_input")
		}
		g.refused(ledger(buy, ""), 400, "invalid_input")
		g.refused(ledger(buy, "start coin"), 400, "invalid_input") // the first entry's
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { ledger(buy, fmt.Sprintf("race-%d", i%4)) }) // four orders, three can be paid
		}
		all.Wait()
		if p := g.data(serve("GET", oid, "")).(map[string]any); p["coin"] != float64(20) || g.count(`SELECT COUNT(*) FROM player_ledger`) != 5 {
			t.Errorf("%v", p)
		}
		// Who may.
		read := g.server("read77")
		g.data(g.get("players/"+oid, read))
		g.refused(g.send("PATCH", "/api/v1/players/"+oid, `{"teamPlayerId":1}`, "Authorization", read), 403, "insufficient_scope")
		g.refused(g.get("players/"+oid, session), 401, "invalid_token")
		g.refused(g.get("players/"+oid, ""), 401, "invalid_token")
		g.refused(g.get("players/"+oid, "Bearer "+text(g.tokens(g.signedIn("alice")), "access_token")), 401, "invalid_token")
		_, _, err := g.clients.Create(t.Context(), clients.Document{
			ClientID: "srv78", Kind: clients.KindMachine, ClientSecret: s2, Settings: clients.Settings{Title: "78"}, Metadata: clients.Metadata{Scope: "players.read players.write"},
		})
		must(t, err)
		_, _, err = g.clients.Create(t.Context(), clients.Document{ClientID: "none", Kind: clients.KindMachine, ClientSecret: s2, Metadata: clients.Metadata{Scope: "players.read"}})
		must(t, err)
		g.refused(g.get("players/"+oid, g.server("srv78")), 404, "not_found")
		g.refused(g.get("players/"+oid, g.server("none")), 403, "insufficient_scope")
		// What was taken back isn't lent by a token from before (OF-11).
		must1(g.clients.Update(t.Context(), "read77", func(d *clients.Document) error { d.Scope = "orders.read"; return nil }))(t)
		g.pass(2 * time.Second)
		g.refused(g.get("players/"+oid, read), 403, "insufficient_scope")
		g.refused(serve("GET", "nobody", ""), 404, "not_found")
		// It is in what its owner takes along.
		p, err := g.players.Player(t.Context(), "77", oid)
		must(t, err)
		owner, err := g.people.Load(t.Context(), p.AccountID)
		must(t, err)
		e, err := g.people.Export(t.Context(), owner, "")
		if err != nil || len(e.Players) != 1 || e.Players[0].Coin != 20 || len(e.Players[0].Ledger) != 5 || e.Players[0].Name != "Nok" {
			t.Errorf("%+v %v", e.Players, err)
		}
	})
}

// A title keeps a player out, an administrator an account: at once, with a code that says so, and the reason.
func TestGameBans(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		oid, session := g.joined(playersMail)
		login := func(title string) reply {
			return g.call("login", kv{"email": playersMail, "password": playersPassword}, "X-Client-Identifier", title)
		}
		elsewhere := g.token(login("78"))
		server := g.server("srv77")
		ban := func(method, body string) reply {
			return g.send(method, "/api/v1/players/"+oid+"/ban", body, "Authorization", server)
		}
		g.refused(ban("PUT", `{}`), 400, "invalid_input")
		g.like(ban("PUT", `{"reason":"aimbot"}`), `{"data":{"success":true},"isSuccess":true}`)
		for _, answer := range []reply{g.get("player", session), g.get("auth/refreshToken", session), login("77")} {
			g.refused(answer, 403, "player_banned")
			if !strings.Contains(answer.body, "aimbot") {
				t.Errorf("no reason: %s", answer.body)
			}
		}
		g.data(g.get("player", elsewhere))
		g.browser().login(playersMail, playersPassword).expect(t, 303)
		g.data(ban("DELETE", ""))
		g.data(ban("DELETE", ""))                                 // twice is once
		g.refused(g.get("player", session), 401, "invalid_token") // what ended doesn't come back
		session = g.token(login("77"))

		p, err := g.players.Player(t.Context(), "77", oid)
		must(t, err)
		host := office.Host()
		row, err := g.store.AccountByID(t.Context(), p.AccountID)
		must(t, err)
		must(t, g.office.DisableAccount(t.Context(), host, row.SSOID, "chargeback"))
		for _, answer := range []reply{g.get("player", session), g.get("player", elsewhere), login("78")} {
			g.refused(answer, 403, "account_disabled")
		}
		g.refused(g.call("login", kv{"email": playersMail, "password": "wrong password"}), 401, "invalid_credentials")
		must(t, g.office.EnableAccount(t.Context(), host, row.SSOID))
		g.token(login("77"))
		must(t, g.office.EnableAccount(t.Context(), host, row.SSOID)) // twice is once
		must(t, g.players.Ban(t.Context(), "77", oid, "again", players.Actor{Kind: audit.CLI}))
		g.refused(login("77"), 403, "player_banned")
		if n := g.count(`SELECT COUNT(*) FROM audit WHERE event IN ('player.banned', 'player.unbanned', 'account.disabled', 'account.enabled')`); n != 5 {
			t.Errorf("%d events", n)
		}
		// Somebody who is closing the account, or has a second factor, isn't let in here.
		g.exec(`UPDATE accounts SET status = '3' WHERE oid = '` + oid + `'`)
		g.refused(login("78"), 403, "account_closed")
		g.exec(`UPDATE accounts SET status = '1' WHERE oid = '` + oid + `'; INSERT INTO totps (account_id, secret, last_step, created_at, confirmed_at, last_used_at)
			VALUES ('` + p.AccountID + `', 's', 0, 1, 1, 0)`)
		g.refused(login("78"), 403, "second_factor_required")
	})
}

// Guests play without telling who they are; what they have stays theirs when they do.
func TestGameGuests(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		answer := g.call("guest", `{}`)
		g.like(answer, `{"data":"eyJ","deviceKey":"…","isSuccess":true}`)
		key, token := text(answer.json(t), "deviceKey"), g.token(answer)
		first := claims(t, token)
		if first["username"] != "" || len(text(first, "id")) != 24 || len(text(first, "sub")) < 13 {
			t.Errorf("%v", first)
		}
		if again := claims(t, g.token(g.call("guest", kv{"deviceKey": key}))); again["id"] != first["id"] || again["sub"] != first["sub"] {
			t.Errorf("the device is another guest's: %v", again)
		}
		if other := claims(t, g.token(g.call("guest", kv{"deviceKey": key}, "X-Client-Identifier", "78"))); other["id"] == first["id"] {
			t.Error("one key opens two titles")
		}
		for _, weak := range []string{"x", strings.Repeat("a", 40), strings.Repeat("a", 129), strings.Repeat("é", 30)} {
			g.refused(g.call("guest", kv{"deviceKey": weak}), 400, "invalid_input")
		}
		if p := g.data(g.get("player", token)).(map[string]any); p["coin"] != float64(500) || p["id"] != first["id"] {
			t.Errorf("%v", p)
		}
		// A key that the client made, from two calls at once.
		own := strings.Repeat("k", 43)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { g.token(g.call("guest", kv{"deviceKey": own})) })
		}
		all.Wait()
		if n := g.count(`SELECT COUNT(*) FROM accounts WHERE status = '5'`); n != 3 {
			t.Errorf("%d guests", n)
		}
		// Upgrade by an address: nothing changes until the mail is answered.
		link := func(token, email string) reply {
			return g.call("link/password", kv{"email": email, "password": playersPassword}, "Authorization", token)
		}
		g.like(link(token, malisMail), sampleMailed) // somebody's already: told to nobody but the owner
		g.one(mail.TemplateAccountExists, malisMail)
		g.like(link(token, playersMail), sampleMailed)
		m := g.one(mail.TemplateVerify, playersMail)
		answer = g.call("verifyAccount", kv{"secret": m.Data.Token})
		g.like(answer, sampleUser)
		signed := claims(t, g.token(g.call("login", kv{"email": playersMail, "password": playersPassword})))
		if user := g.data(answer).(map[string]any); user["id"] != first["id"] || signed["id"] != first["id"] || signed["sub"] != first["sub"] || signed["username"] != playersMail {
			t.Errorf("%v, %v", user, signed)
		}
		if p := g.data(g.get("player", token)).(map[string]any); p["coin"] != float64(500) || g.count(`SELECT COUNT(*) FROM players WHERE title = '77'`) != 2 {
			t.Errorf("%v", p)
		}
		g.refused(link(token, "more@x.test"), 409, "not_a_guest")
		if again := claims(t, g.token(g.call("guest", kv{"deviceKey": key}))); again["id"] == first["id"] {
			t.Error("the device's key still opens the account")
		}
		g.refused(g.call("link/password", kv{"email": "a@x.test", "password": playersPassword}), 401, "invalid_token")
		if n := g.count(`SELECT COUNT(*) FROM audit WHERE event = 'guest.upgraded'`); n != 1 {
			t.Errorf("%d upgrades", n)
		}
		if answer := g.send(http.MethodGet, "/api/v1/auth/guest", ""); answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%d", answer.StatusCode)
		}
	})
}

// GV-09 for guests: eve writes carol's address down as that of her guest. Carol proves it, and eve is out.
func TestGameGuestSquats(t *testing.T) {
	t.Parallel()
	onGames(t, func(t *testing.T, g *games) {
		squat := func(email string) (session string, m letter) {
			t.Helper()
			session = g.token(g.call("guest", `{}`, "User-Agent", "eve"))
			g.data(g.call("link/password", kv{"email": email, "password": "eve knows this one too"}, "Authorization", session, "User-Agent", "eve"))
			return session, g.one(mail.TemplateVerify, email)
		}
		session, m := squat("carol@x.test")
		g.data(g.call("register", kv{"email": "carol@x.test", "password": playersPassword}, "User-Agent", "carol"))
		g.data(g.call("verifyAccount", kv{"secret": m.Data.Token}, "User-Agent", "carol"))
		g.refused(g.get("user", session), 401, "invalid_token")
		g.refused(g.call("login", kv{"email": "carol@x.test", "password": "eve knows this one too"}), 401, "invalid_credentials")
		// By the link of the mail, on a page of ours.
		session, m = squat("dan@x.test")
		b := g.browser()
		b.submit(b.get(strings.TrimPrefix(m.Data.Link, op)).expect(t, 200, `name="password"`), "link", "password", newPassword+"!").expect(t, 303)
		g.refused(g.get("user", session), 401, "invalid_token")
		g.token(g.call("login", kv{"email": "dan@x.test", "password": newPassword + "!"}))
	})
}
