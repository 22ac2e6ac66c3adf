//go:build timing

package e2e

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// Whoever measures our answers mustn't learn who has an account. Known and unknown alternate, so that what else the
// machine does meets both; a difference in median of 2 %, or samples that Kolmogorov and Smirnov can tell apart, fails.
const (
	pairs   = 2000
	gap     = 0.02
	pValue  = 0.01
	warmUps = 50
)

// distinguish takes the time of both kinds of request, in turn.
func distinguish(t *testing.T, known, unknown func(n int)) {
	t.Helper()
	var a, b []float64
	for n := range pairs + warmUps {
		order := []struct {
			run  func(n int)
			into *[]float64
		}{{known, &a}, {unknown, &b}}
		if n%2 == 1 {
			slices.Reverse(order)
		}
		for _, o := range order {
			begin := time.Now()
			o.run(n)
			if n >= warmUps {
				*o.into = append(*o.into, float64(time.Since(begin))/float64(time.Millisecond))
			}
		}
		if n%500 == 0 {
			t.Logf("%d of %d", n, pairs)
		}
	}
	slices.Sort(a)
	slices.Sort(b)
	ma, mb := a[pairs/2], b[pairs/2]
	d, p := kolmogorovSmirnov(a, b)
	t.Logf("median known %.3f ms, unknown %.3f ms, gap %.2f %%; KS D %.4f, p %.4f", ma, mb, 100*(ma-mb)/mb, d, p)
	if math.Abs(ma-mb)/mb > gap || p < pValue {
		t.Error("the time tells who has an account")
	}
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

const unlimited = "PRATU_LIMITS=signin.account=10000000/15m,signin.account_day=10000000/1d,signin.address=10000000/15m," +
	"signup.address=10000000/1h,mail.minute=10000000/1m,mail.day=10000000/1d"

func TestTimingOfSignIn(t *testing.T) {
	p := startDev(t, unlimited)
	p.account("known@example.com")
	a := newAgent(t)
	a.get(p.Issuer + "/login")
	attempt := func(email string) {
		a.submit("sign-in", map[string]string{"username": email, "password": "not the password at all"})
		if a.code != 422 {
			t.Fatalf("status %d: %s", a.code, a.body)
		}
	}
	distinguish(t, func(int) { attempt("known@example.com") }, func(n int) { attempt(fmt.Sprintf("nobody%d@example.com", n)) })
}

func TestTimingOfSignUp(t *testing.T) {
	p := startDev(t, unlimited, "PRATU_MAIL=smtp://127.0.0.1:1") // nobody listens: sending isn't part of the answer
	p.account("known@example.com")
	a := newAgent(t)
	register := func(email string) {
		a.get(p.Issuer + "/sign-up")
		a.submit("sign-up", map[string]string{"email": email, "password": password})
		if a.code != 200 || a.at.Path != "/sign-up/verify" {
			t.Fatalf("status %d at %s: %s", a.code, a.at, a.body)
		}
	}
	distinguish(t, func(int) { register("known@example.com") }, func(n int) { register(fmt.Sprintf("nobody%d@example.com", n)) })
}
