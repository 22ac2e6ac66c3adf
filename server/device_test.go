package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/server/formtest"
)

const deviceGrant = clients.GrantDevice

// device is a television that has asked for a code.
type television struct {
	s                  *site
	deviceCode, typed  string
	interval, lifetime time.Duration
}

func (s *site) device(changes ...string) television {
	s.t.Helper()
	if _, err := s.clients.Get(s.t.Context(), "tv1"); err != nil {
		_, _, err := s.clients.Create(s.t.Context(), clients.Document{ClientID: "tv1", Kind: clients.KindTV, Metadata: clients.Metadata{ClientName: "Baan TV"}})
		must(s.t, err)
	}
	form := changed(url.Values{"client_id": {"tv1"}, "scope": {"openid email offline_access"}}, changes...)
	answer := s.do(post("/oauth2/device_authorization", form)).expect(s.t, http.StatusOK)
	if answer.Header.Get("Cache-Control") != "no-store" {
		s.t.Error(answer.Header)
	}
	got := answer.json(s.t)
	seconds := func(name string) time.Duration { return time.Duration(got[name].(float64) * float64(time.Second)) }
	d := television{s: s, interval: seconds("interval"), lifetime: seconds("expires_in")}
	d.deviceCode, _ = got["device_code"].(string)
	d.typed, _ = got["user_code"].(string)
	if got["verification_uri"] != op+"/device" || got["verification_uri_complete"] != op+"/device?user_code="+d.typed || len(d.typed) != 9 {
		s.t.Errorf("%v", got)
	}
	return d
}

// poll asks for tokens, as late as it should.
func (d television) poll() reply {
	d.s.t.Helper()
	d.s.pass(d.interval)
	return d.ask("tv1", d.deviceCode)
}

func (d television) ask(client, code string) reply {
	return d.s.do(post("/oauth2/token", url.Values{"grant_type": {deviceGrant}, "client_id": {client}, "device_code": {code}}))
}

// answer goes to the page with the code and says whose device that is, up to the pages of an authorization.
func (d television) answer(b *browser, decision string) reply {
	d.s.t.Helper()
	page := b.get("/device?user_code="+strings.ToLower(d.typed)).expect(d.s.t, 200, `value="`+d.typed+`"`)
	confirm := b.submit(page, "device").expect(d.s.t, 200, "Baan TV", d.typed, "started this yourself")
	return b.submit(confirm, "device-confirm", "decision", decision)
}

func TestDeviceGrant(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		d := s.device()
		s.refused(d.poll(), 400, "authorization_pending")
		b := s.browser()
		login := b.to(b.proceed(d.answer(b, "allow")), "/login").expect(t, 200, "Baan TV")
		consent := b.to(b.proceed(b.submit(login, "sign-in", "username", malisMail, "password", malisPassword)), "/consent")
		consent.expect(t, 200, "Baan TV", "device that shows the code")
		s.refused(d.poll(), 400, "authorization_pending")
		b.to(b.proceed(b.submit(consent, "consent", "decision", "allow")), "/device/done").expect(t, 200, "connected")
		got := d.poll().expect(t, 200).json(t)
		if got["id_token"] == nil || got["refresh_token"] == nil || got["scope"] != "openid email offline_access" {
			t.Errorf("%v", got)
		}
		again := s.do(post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"tv1"}, "refresh_token": {got["refresh_token"].(string)}}))
		again.expect(t, 200)
		// The code of a device works once, and used again it ends what it gave.
		s.refused(d.poll(), 400, "invalid_grant")
		s.refused(s.do(post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"tv1"},
			"refresh_token": {again.json(t)["refresh_token"].(string)}})), 400, "invalid_grant")
		// So does the code of the person.
		b.submit(b.get("/device"), "device", "user_code", d.typed).expect(t, 422, `role="alert"`)
	})
}

func TestDeviceSaysNo(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		d, b := s.device(), s.browser()
		b.to(d.answer(b, "deny"), "/device/done").expect(t, 200, "Nothing was connected")
		s.refused(d.poll(), 400, "access_denied")
		d = s.device() // at the consent page
		login := b.to(b.proceed(d.answer(b, "allow")), "/login")
		consent := b.to(b.proceed(b.submit(login, "sign-in", "username", malisMail, "password", malisPassword)), "/consent")
		b.to(b.proceed(b.submit(consent, "consent", "decision", "deny")), "/device/done").expect(t, 200, "Nothing was connected")
		s.refused(d.poll(), 400, "access_denied")
	})
}

// A link with the code does nothing by itself (MI-13), and an earlier consent doesn't answer for a device: anybody's can
// say that it is this client's.
func TestDeviceIsAsked(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		b := s.browser()
		for range 2 {
			d := s.device()
			b.get("/device?user_code="+d.typed).expect(t, 200, `id="device"`)
			s.refused(d.poll(), 400, "authorization_pending")
			page := b.proceed(d.answer(b, "allow"))
			if target, _ := page.location(t); strings.Contains(target, "/login") {
				page = b.proceed(b.submit(b.to(page, "/login"), "sign-in", "username", malisMail, "password", malisPassword))
			}
			b.to(b.proceed(b.submit(b.to(page, "/consent"), "consent", "decision", "allow")), "/device/done")
			d.poll().expect(t, 200)
		}
		// A request of the ordinary kind can't name a device.
		d := s.device()
		answer := b.authorize(base("device_id", d.deviceCode))
		if target, params := answer.location(t); strings.Contains(target, "/device") || params.Get("error") != "" {
			t.Errorf("%s %v", target, params)
		}
		s.refused(d.poll(), 400, "authorization_pending")
	})
}

// TK-34: a device that hurries waits longer, and one that comes too late has to begin anew.
func TestDeviceClock(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		d := s.device()
		s.refused(d.poll(), 400, "authorization_pending")
		s.pass(time.Second)
		s.refused(d.ask("tv1", d.deviceCode), 400, "slow_down")
		s.refused(d.poll(), 400, "slow_down") // five seconds more are ten
		s.pass(d.interval)
		s.refused(d.ask("tv1", d.deviceCode), 400, "slow_down")
		d.interval = 20 * time.Second
		s.refused(d.poll(), 400, "authorization_pending")
		s.pass(d.lifetime)
		s.refused(d.ask("tv1", d.deviceCode), 400, "expired_token")
		b := s.browser()
		b.submit(b.get("/device?user_code="+d.typed), "device").expect(t, 422, `role="alert"`)
		for _, wrong := range [][2]string{{"tv1", "pratu_dc_unknown"}, {"spa1", d.deviceCode}} {
			if answer := d.ask(wrong[0], wrong[1]); answer.StatusCode < 400 || answer.StatusCode >= 500 {
				t.Errorf("%v: %d", wrong, answer.StatusCode)
			}
		}
		s.refused(s.do(post("/oauth2/device_authorization", url.Values{"client_id": {"spa1"}, "scope": {"openid"}})), 400, "unauthorized_client")
		s.refused(s.do(post("/oauth2/device_authorization", url.Values{"client_id": {"tv1"}, "scope": {"orders.read"}})), 400, "invalid_scope")
	})
}

// MI-12: codes can't be found by trying, in however many browsers of a network.
func TestDeviceCodesAreNotGuessed(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		d, b := s.device(), s.browser()
		page := b.get("/device")
		for range 25 { // what is right isn't counted, and forgets nothing
			b.submit(page, "device", "user_code", d.typed).expect(t, http.StatusOK, d.typed)
		}
		b.submit(page, "device", "user_code", "BCDF-GHJK").expect(t, 422, `role="alert"`)
		b.submit(page, "device", "user_code", d.typed).expect(t, http.StatusOK, d.typed)
		form := formtest.Find(t, page.body, "device").Values
		form.Set("user_code", "BCDF-GHJK")
		if told := fifty(func() bool { return b.twin().send(post("/device", form)).StatusCode == http.StatusUnprocessableEntity }); told != 19 {
			t.Errorf("%d of 50 wrong codes at once were told that they are wrong", told)
		}
		b.submit(b.get("/device"), "device", "user_code", d.typed).expect(t, http.StatusTooManyRequests, "Try again")
	})
}

// One device, many who say yes at once: one grant.
func TestDeviceRace(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		d, b := s.device(), s.browser()
		login := b.to(b.proceed(d.answer(b, "allow")), "/login")
		consent := b.to(b.proceed(b.submit(login, "sign-in", "username", malisMail, "password", malisPassword)), "/consent")
		form := formtest.Find(t, consent.body, "consent").Values
		form.Set("decision", "allow")
		next := b.send(post("/consent", form))
		won := fifty(func() bool { return b.twin().get(next.Header.Get("Location")).StatusCode == http.StatusSeeOther })
		if won != 1 {
			t.Errorf("%d answers", won)
		}
		s.pass(d.interval)
		if won := fifty(func() bool { return d.ask("tv1", d.deviceCode).StatusCode == http.StatusOK }); won != 1 {
			t.Errorf("%d token answers", won)
		}
	})
}
