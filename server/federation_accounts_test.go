package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pratu/flows/connectors"
)

// HP-26: whoever waits with somebody's address loses it when its owner comes by a provider that runs the mailbox.
func TestPreHijack(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		eve := s.browser()
		waiting := eve.to(eve.submit(eve.get("/sign-up"), "sign-up", "email", "carol@trusted.test", "password", malisPassword), "/sign-up/verify")
		mails := s.delivered()
		carol := s.browser()
		u.QueueUser(somebody("carol", "carol@trusted.test"))
		carol.to(carol.federated(carol.get("/login"), "corp"), "/account").expect(t, 200, "carol@trusted.test")
		eve.submit(waiting, "verify", "code", mails[len(mails)-1].Data.Code).expect(t, 404, "registration.expired")
		eve.login("carol@trusted.test", malisPassword).expect(t, 422)
		if n := s.count(`SELECT COUNT(*) FROM credentials`); n != 1 { // mali's
			t.Errorf("%d passwords", n)
		}
	})
}

// An address that both sides have links nothing: its owner signs in as always and adds the login there.
func TestAddressLinksNothing(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		d := u.document("corp")
		d.Settings.TrustedDomains = []string{"x.test"}
		s.connector(d)
		b := s.browser()
		u.QueueUser(somebody("m", malisMail))
		b.to(b.federated(b.get("/login"), "corp"), "/login").expect(t, 200, "already have an account", "Corner")
		if b.isIn() || s.count(`SELECT COUNT(*) FROM identities`) != 0 {
			t.Error("it was linked, or signed in")
		}
		b.to(b.login(malisMail, malisPassword), "/account")
		u.QueueUser(somebody("m", malisMail))
		b.to(b.get(s.there(b.submit(b.get("/account/logins"), "link-corp"))), "/account/logins")
		other := s.browser()
		u.QueueUser(somebody("m", malisMail))
		other.to(other.federated(other.get("/login"), "corp"), "/account").expect(t, 200, "Mali Saelim")
		// Local rules go on: a disabled account stays so, a second factor is asked for.
		s.exec(`UPDATE accounts SET status = '2' WHERE id = '` + s.mali.ID + `'`)
		other = s.browser()
		u.QueueUser(somebody("m", malisMail))
		other.to(other.federated(other.get("/login"), "corp"), "/login").expect(t, 200, "disabled")
		s.exec(`UPDATE accounts SET status = '1' WHERE id = '` + s.mali.ID + `';
			INSERT INTO totps (account_id, secret, last_step, created_at, confirmed_at, last_used_at) VALUES ('` + s.mali.ID + `', 's', 0, 1, 1, 0)`)
		u.QueueUser(somebody("m", malisMail))
		other.to(other.federated(other.get("/login"), "corp"), "/login/factor").expect(t, 200)
		if other.isIn() {
			t.Error("signed in by half")
		}
	})
}

// Attributes come when the account is made, or at every sign-in; who isn't known stays out where nobody may sign up.
func TestConnectorPolicy(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		for id, settings := range map[string]connectors.Settings{
			"once":   {},
			"always": {Sync: connectors.SyncAlways, Claims: map[string]string{"name": "displayName"}},
			"closed": {NoSignUp: true},
		} {
			d := u.document(id)
			settings.Issuer = u.Issuer()
			d.Settings = settings
			s.connector(d)
		}
		as := func(door, subject, name string) reply {
			b := s.browser()
			u.QueueUser(claimant{somebody(subject, "a@b.test"), map[string]any{"name": name, "displayName": name + "*"}})
			return b.follow(b.federated(b.get("/login"), door))
		}
		as("closed", "1", "Nok").expect(t, 200, "There is no account here")
		as("once", "1", "Nok").expect(t, 200, "Nok")
		as("closed", "1", "Dao").expect(t, 200, "Nok") // known: one provider, whatever its connectors
		as("once", "1", "Dao").expect(t, 200, "Nok")
		as("always", "1", "Fah").expect(t, 200, "Fah*")
		as("always", "1", "").expect(t, 200, "*")
	})
}

// One identity is one account, however many come at once.
func TestFederationRace(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		d := u.document("corp")
		s.connector(d)
		const crowd = 20
		callbacks := make([]*http.Request, crowd)
		for i := range crowd {
			b := s.browser()
			u.QueueUser(somebody("same", "same@trusted.test"))
			at := must1(url.Parse(s.there(b.door(b.get("/login"), "corp"))))(t)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.RequestURI(), nil)
			must(t, err)
			for name, value := range b.cookies {
				r.AddCookie(&http.Cookie{Name: name, Value: value})
			}
			callbacks[i] = r
		}
		var all sync.WaitGroup
		var in atomic.Int64
		for _, r := range callbacks {
			all.Go(func() {
				if answer := s.do(r); strings.HasSuffix(answer.Header.Get("Location"), "/account") {
					in.Add(1)
				}
			})
		}
		all.Wait()
		accounts, identities := s.count(`SELECT COUNT(*) FROM contact_digests d JOIN contacts c ON c.id = d.contact_id JOIN identities i ON i.account_id = c.account_id`), s.count(`SELECT COUNT(*) FROM identities`)
		if in.Load() != crowd || accounts != 1 || identities != 1 {
			t.Errorf("%d signed in to %d accounts by %d identities", in.Load(), accounts, identities)
		}
		s.pass(time.Second)
	})
}
