package server_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/connectors"
	"pratu/flows/mail"
)

// An owner links a login, signs in with it, and removes it.
func TestLinkedLogins(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		b.get("/account/security").expect(t, 200, "Linked logins", "/account/logins")
		s.delivered()
		link := func(subject string) reply {
			u.QueueUser(somebody(subject, "elsewhere@trusted.test"))
			answer := b.submit(b.get("/account/logins").expect(t, 200), "link-corp")
			if answer.query(t).Get("prompt") != "login" {
				t.Errorf("an old sign-in there would do: %v", answer.query(t))
			}
			return b.get(s.there(answer))
		}
		b.to(link("m"), "/account/logins").expect(t, 200, "It’s linked", "elsewhere@trusted.test", "Corner &lt;b&gt;IdP&lt;/b&gt;")
		if mails := s.delivered(); len(mails) != 1 || mails[0].Event != mail.LoginLinked || mails[0].To != malisMail {
			t.Errorf("%+v", mails)
		}
		b.to(link("m"), "/account/logins") // once more is once
		other := s.browser()
		u.QueueUser(somebody("m", "elsewhere@trusted.test"))
		other.to(other.federated(other.get("/login"), "corp"), "/account").expect(t, 200, "Mali Saelim")
		if n := s.count(`SELECT COUNT(*) FROM identities`); n != 1 || s.holder("elsewhere@trusted.test") != "" {
			t.Errorf("%d identities, or the address became an identifier", n)
		}
		// It is somebody's: nobody else can have it, nor learns whose it is.
		dao := s.browser()
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		dao.to(dao.login("dao@x.test", malisPassword), "/account")
		u.QueueUser(somebody("m", "m@y.test"))
		page := dao.follow(dao.get(s.there(dao.submit(dao.get("/account/logins"), "link-corp")))).expect(t, 200, "belongs to another account")
		if strings.Contains(page.body, "Mali") || strings.Contains(page.body, "unlink") {
			t.Error(page.main())
		}
		// Removed: it signs in no more, but makes an account of its own.
		list := b.get("/account/logins")
		id := field(list.body, "unlink", 0)
		b.to(b.send(post("/account/logins", url.Values{"csrf": {field(list.body, "csrf", 0)}, "unlink": {id}})), "/account/logins").expect(t, 200, "It’s removed")
		if mails := s.delivered(); len(mails) == 0 || mails[len(mails)-1].Event != mail.LoginUnlinked {
			t.Errorf("%+v", mails)
		}
		b.send(post("/account/logins", url.Values{"csrf": {field(list.body, "csrf", 0)}, "unlink": {id}})).expect(t, 422, "removed already")
		other = s.browser()
		u.QueueUser(somebody("m", "m@y.test"))
		if page := other.to(other.federated(other.get("/login"), "corp"), "/account"); strings.Contains(page.body, "Mali") {
			t.Error("an identity that was removed signs in")
		}
	})
}

// HP-28: a link begins from a page of ours, by who was there a moment ago, and ends in the session that began it.
func TestLinkNeedsThePerson(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
		r := post("/account/logins", url.Values{"link": {"corp"}})
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		b.send(r).expect(t, 403)
		b.send(post("/account/logins", url.Values{"link": {"corp"}})).expect(t, 403)
		page := b.get("/account/logins")
		at := s.there(b.submit(page, "link-corp"))
		// Somebody else is in use meanwhile, or nobody: the identity goes to neither.
		must1(s.accounts.Create(t.Context(), newAccount("dao@x.test")))(t)
		session := b.cookies[sessionName]
		delete(b.cookies, sessionName)
		b.to(b.login("dao@x.test", malisPassword), "/account")
		b.get(at).expect(t, 400, "federation.state")
		b.cookies[sessionName] = session
		b.get(at).expect(t, 400, "federation.state") // and it is spent
		at = s.there(b.submit(page, "link-corp"))
		delete(b.cookies, sessionName)
		b.to(b.get(at), "/login")
		if n := s.count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Errorf("%d identities", n)
		}
		b.cookies[sessionName] = session
		s.pass(11 * time.Minute)
		b.to(b.submit(page, "link-corp"), "/account/confirm")
		b.to(b.get("/account/logins"), "/account/confirm")
	})
}

// Who has nothing but a login elsewhere can't remove it, and confirms with it.
func TestOnlyWayIn(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		c := s.connector(u.document("corp"))
		b := s.browser()
		u.QueueUser(somebody("n", "n@y.test"))
		b.to(b.federated(b.get("/login"), "corp"), "/account")
		page := b.get("/account/logins").expect(t, 200)
		unlink := url.Values{"csrf": {field(page.body, "csrf", 0)}, "unlink": {field(page.body, "unlink", 0)}}
		b.send(post("/account/logins", unlink)).expect(t, 422, "only way")
		s.pass(11 * time.Minute)
		u.FastForward(11 * time.Minute)
		confirm := b.to(b.get("/account/logins"), "/account/confirm").expect(t, 200, "Confirm with")
		answer := b.submit(confirm, "confirm-door-corp")
		if answer.query(t).Get("prompt") != "login" {
			t.Errorf("%v", answer.query(t))
		}
		u.QueueUser(somebody("stranger", "s@y.test"))
		b.to(b.get(s.there(answer)), "/account/confirm").expect(t, 200, "isn’t one of this account")
		b.to(b.get("/account/logins"), "/account/confirm")
		u.QueueUser(claimant{somebody("n", "n@y.test"), map[string]any{"auth_time": s.now().Add(-time.Hour).Unix()}})
		b.to(b.get(s.there(b.submit(confirm, "confirm-door-corp"))), "/account/confirm").expect(t, 200, "couldn’t be confirmed")
		u.QueueUser(somebody("n", "n@y.test"))
		b.to(b.get(s.there(b.submit(confirm, "confirm-door-corp"))), "/account/logins").expect(t, 200)
		// A connector that is switched off is no way in, so a password isn't removed on its account.
		must1(s.connectors.Update(t.Context(), c.ID, func(d *connectors.Document) error { d.Disabled = true; return nil }))(t)
		s.pass(time.Second)
		if page := s.browser().get("/login"); strings.Contains(page.body, "door-corp") {
			t.Error("it still has a button")
		}
		if !b.isIn() {
			t.Error("who is signed in stays so")
		}
	})
}
