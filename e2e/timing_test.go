//go:build timing

package e2e

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whoever measures our answers mustn't learn who has an account. Known and unknown take turns by lot, so that what else the
// machine does meets both: with a fixed order, a collection of garbage at every fourth request would meet one of them only.
// A difference in median of 2 %, or samples that Kolmogorov and Smirnov can tell apart, fails when four times as many fresh
// samples show it again: among fourteen pairs of samples without any difference one in seven runs would have such a pair.
const (
	pairs   = 2000
	gap     = 0.02
	pValue  = 0.01
	warmUps = 50
)

// distinguish takes the time of both kinds of request, in turn. What ask does isn't measured, what it returns is.
func distinguish(t *testing.T, known, unknown func() (ask func())) {
	t.Helper()
	if told(t, pairs, known, unknown) && told(t, 4*pairs, known, unknown) {
		t.Error("the time tells who has an account")
	}
}

// told says whether samples differ.
func told(t *testing.T, pairs int, known, unknown func() (ask func())) bool {
	t.Helper()
	var a, b []float64
	for n := range pairs + warmUps {
		order := []struct {
			ask  func() func()
			into *[]float64
		}{{known, &a}, {unknown, &b}}
		if rand.IntN(2) == 1 { //nolint:gosec // a lot, no secret
			slices.Reverse(order)
		}
		for _, o := range order {
			run := o.ask()
			begin := time.Now()
			run()
			if n >= warmUps {
				*o.into = append(*o.into, float64(time.Since(begin))/float64(time.Millisecond))
			}
		}
	}
	slices.Sort(a)
	slices.Sort(b)
	ma, mb := a[pairs/2], b[pairs/2]
	d, p := kolmogorovSmirnov(a, b)
	t.Logf("median known %.3f ms, unknown %.3f ms, gap %.2f %%; KS D %.4f, p %.4f", ma, mb, 100*(ma-mb)/mb, d, p)
	return math.Abs(ma-mb)/mb > gap || p < pValue
}

// kolmogorovSmirnov is the two-sample statistic of sorted samples of one size, and its asymptotic p-value.
func kolmogorovSmirnov(a, b []float64) (d, p float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if a[i] <= b[j] {
			i++
		} else {
			j++
		}
		d = max(d, math.Abs(float64(i-j))/float64(len(a)))
	}
	n := math.Sqrt(float64(len(a)) / 2)
	x := (n + 0.12 + 0.11/n) * d
	for k := 1; k < 100; k++ {
		p += 2 * math.Pow(-1, float64(k-1)) * math.Exp(-2*float64(k*k)*x*x)
	}
	return d, min(max(p, 0), 1)
}

// The statistic is judged first: samples of one distribution pass, and a shift of a tenth is seen.
func TestTimingIsMeasured(t *testing.T) {
	var a, b, shifted []float64
	for i := range 1000 {
		a = append(a, float64(i%97))
		b = append(b, float64((i*31)%97))
		shifted = append(shifted, float64(i%97)+9.7)
	}
	for _, s := range [][]float64{a, b, shifted} {
		slices.Sort(s)
	}
	if _, p := kolmogorovSmirnov(a, b); p < 0.5 {
		t.Errorf("the same distribution: p %.4f", p)
	}
	if _, p := kolmogorovSmirnov(a, shifted); p > 0.001 {
		t.Errorf("a shift wasn't seen: p %.4f", p)
	}
}

// surface is a form that takes an address or a number.
type surface struct {
	name, path, form, field string
	known, unknown          string
	resend                  string // the form that asks for another message afterwards, or ""
}

// Where somebody can ask about somebody else.
var surfaces = []surface{
	{"sign-in", "/login", "sign-in", "username", address, nobody, ""},
	{"sign-up", "/sign-up", "sign-up", "email", address, nobody, "verify-again"},
	{"recovery", "/recover", "recover", "username", address, nobody, "prove-again"},
	{"recovery by text", "/recover", "recover", "username", theirs, nobodys, "prove-again"},
	{"code", "/login/code", "login-code", "username", address, nobody, "login-code-resend"},
	{"code by text", "/login/code", "login-code", "username", theirs, nobodys, "login-code-resend"},
	{"contact", "/account/contacts", "contacts", "contact", address, nobody, "prove-again"},
}

const (
	address, nobody = "known@example.com", "nobody@example.com"
	theirs, nobodys = "+66812345678", "+66812345679"
	unlimited       = "PRATU_LIMITS=signin.account=10000000/15m,signin.account_day=10000000/1d,signin.address=10000000/15m," +
		"signup.address=10000000/1h,code.address=10000000/1h,mail.minute=10000000/1m,mail.day=10000000/1d," +
		"sms.minute=10000000/1m,sms.day=10000000/1d"
)

func TestTiming(t *testing.T) {
	for _, s := range surfaces {
		t.Run(s.name, func(t *testing.T) {
			p := startDev(t, unlimited)
			p.run(password, "account", "create", "--email", address, "--phone", theirs, "--verified", "--password-stdin", "-o", "json")
			p.account("asks@example.com")
			known, unknown := p.asker(t, s), p.asker(t, s)
			distinguish(t, known.asks(s, s.known), unknown.asks(s, s.unknown))
			if s.resend != "" {
				t.Run("resend", func(t *testing.T) { distinguish(t, known.resends(s), unknown.resends(s)) })
			}
		})
	}
}

// asker is who looks at a page, signed in where it must be.
func (p *program) asker(t *testing.T, s surface) *agent {
	a := newAgent(t)
	a.get(p.Issuer + "/login")
	if strings.HasPrefix(s.path, "/account") {
		a.submit("sign-in", map[string]string{"username": "asks@example.com", "password": password})
	}
	return a
}

func (a *agent) asks(s surface, who string) func() func() {
	values := map[string]string{s.field: who}
	status, path := 200, s.path+"/verify"
	switch s.form {
	case "sign-in":
		values["password"], status, path = "not the password at all", 422, s.path
	case "sign-up":
		values["password"] = password
	}
	return func() func() {
		a.get(a.at.Scheme + "://" + a.at.Host + s.path)
		return a.sends(s.form, values, status, path)
	}
}

func (a *agent) resends(s surface) func() func() {
	return func() func() { return a.sends(s.resend, map[string]string{"resend": "1"}, 200, s.path+"/verify") }
}

// sends is the sending of a form whose answer is known.
func (a *agent) sends(form string, values map[string]string, status int, path string) func() {
	action, filled := a.filled(form, values)
	return func() {
		a.post(action, filled)
		if a.code != status || a.at.Path != path {
			a.t.Fatalf("status %d at %s: %s", a.code, a.at, a.body)
		}
	}
}
