package server_test

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const requestName = "__Host-pratu_request_"

// carries is what a browser carries, by cookie.
func (b *browser) carries() map[string]string {
	out := map[string]string{}
	for name, value := range b.cookies {
		if strings.HasPrefix(name, requestName) && value != "" {
			out[name] = value
		}
	}
	return out
}

// forgets drops cookies, as a browser does when their time has come.
func (b *browser) forgets(prefix string) {
	maps.DeleteFunc(b.cookies, func(name, _ string) bool { return strings.HasPrefix(name, "__Host-"+prefix) })
}

// asks begins a request of a browser that was here before, and stands on the sign-in page.
func (b *browser) asks(changes ...string) reply {
	b.w.t.Helper()
	b.get("/login").expect(b.w.t, 200)
	return b.to(b.authorize(base(changes...)), "/login").expect(b.w.t, 200)
}

// A request of a browser that keeps our cookies is written down when somebody answers it, and not before.
func TestCarriedRequests(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		rows := func() int64 { return s.count(`SELECT COUNT(*) FROM interactions`) }
		b := s.browser()
		first, second := b.asks("state", "one-one-one"), b.asks("state", "two-two-two")
		if n := rows(); n != 0 || len(b.carries()) != 2 {
			t.Errorf("%d rows, %d cookies", n, len(b.carries()))
		}
		third := b.asks("state", "three-three")
		if n := rows(); n != 1 || len(b.carries()) != 2 {
			t.Errorf("a third: %d rows, %d cookies: their header has a bound", n, len(b.carries()))
		}
		long := s.browser()
		long.asks("state", strings.Repeat("x", 1500))
		if n := rows(); n != 2 || len(long.carries()) != 0 {
			t.Errorf("a long one: %d rows, %d cookies", n, len(long.carries()))
		}
		odd := s.browser() // short, and long once it is sealed
		odd.asks("state", strings.Repeat(`<&>"`, 80))
		for name, value := range odd.carries() {
			if len(name)+len(value) > 2100 {
				t.Errorf("%d bytes of cookie: browsers drop what they find too long", len(value))
			}
		}
		odd.forgets("pratu_request_")
		// Each tab ends with its own request, in any order.
		before := rows()
		for _, tab := range []struct {
			page  reply
			state string
		}{{third, "three-three"}, {first, "one-one-one"}, {second, "two-two-two"}} {
			if target, params := b.proceed(b.submit(tab.page, "sign-in", "username", malisMail, "password", malisPassword)).location(t); target != rp || params.Get("state") != tab.state {
				t.Errorf("%s: %s %v", tab.state, target, params)
			}
		}
		if n := rows(); n != before+2 || len(b.carries()) != 0 {
			t.Errorf("answered: %d rows, %d cookies", n, len(b.carries()))
		}
		// Where somebody is signed in, a consent is asked for, and given, in the same way.
		page := b.to(b.authorize(base("client_id", "web1", "scope", "openid profile email")), "/consent").expect(t, 200)
		if n := rows(); n != before+2 {
			t.Errorf("%d rows before the consent", n)
		}
		if _, params := b.proceed(b.submit(page, "consent", "decision", "deny")).location(t); params.Get("error") != "access_denied" {
			t.Errorf("%v", params)
		}
		b.get("/oauth2/authorize/continue?"+page.Request.URL.RawQuery).expect(t, 404, "interaction.expired")
	})
}

// What a browser carries is its own, for one request, and works once.
func TestCarriedAttacks(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		in := func(b *browser, page reply) reply {
			return b.submit(page, "sign-in", "username", malisMail, "password", malisPassword)
		}
		b := s.browser()
		page := b.asks()
		query := page.Request.URL.RawQuery
		kept := b.carries()
		// Another browser, with the link, and with the cookie as well.
		other := s.browser()
		other.get("/login")
		other.get("/login?"+query).expect(t, 403, "interaction.other_browser")
		maps.Copy(other.cookies, kept)
		other.get("/login?"+query).expect(t, 403, "interaction.other_browser")
		// One request's cookie in place of another's; one that was changed; none.
		beside := b.asks()
		for name, value := range b.carries() {
			if _, is := kept[name]; is {
				continue
			}
			own := value
			for what, forged := range map[string]string{
				"another's": anyOf(kept), "changed": own[:len(own)-1] + string(own[len(own)-1]^1), "spelled otherwise": own + "=", "none": "",
			} {
				b.cookies[name] = forged
				if got := b.get("/login?" + beside.Request.URL.RawQuery); got.StatusCode != http.StatusForbidden {
					t.Errorf("%s: %d", what, got.StatusCode)
				}
			}
			b.cookies[name] = own
		}
		b.get("/login?"+beside.Request.URL.RawQuery).expect(t, 200)
		// Answered once: neither the cookie put back nor many at once make two.
		if target, params := in(b, page).location(t); target != rp || params.Get("code") == "" {
			t.Fatal(target, params)
		}
		maps.Copy(b.cookies, kept)
		in(b, page).expect(t, 404, "interaction.expired")
		b.forgets("pratu_session")
		in(b, page).expect(t, 404, "interaction.expired")
		if n := s.count(`SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions", n)
		}
		b.forgets("pratu_request_")
		page = b.asks()
		var codes atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			tab := &browser{b.w, maps.Clone(b.cookies)}
			all.Go(func() {
				if strings.Contains(in(tab, page).Header.Get("Location"), "code=") {
					codes.Add(1)
				}
			})
		}
		if all.Wait(); codes.Load() != 1 {
			t.Errorf("%d of 8 at once got a code", codes.Load())
		}
		// It waits no longer than any other.
		late := s.browser()
		page = late.asks()
		s.pass(31 * time.Minute)
		in(late, page).expect(t, 404, "interaction.expired")
	})
}

func anyOf(m map[string]string) string {
	for _, v := range m {
		return v
	}
	return ""
}
