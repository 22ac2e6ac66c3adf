package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"pratu/bench/floor"
)

// newFloor is the floor in this process: the driver's own test target.
func newFloor(t *testing.T, alg string) *target {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	tg := &target{name: "floor", issuer: "http://" + server.Listener.Addr().String(), web: client{"bench", "s:%cret"},
		machine: client{"bench", "s:%cret"}, redirectURI: callback, username: "user@example.com", password: password,
		procs: []*watched{{"server", os.Getpid()}}}
	f, err := floor.New(floor.Options{Issuer: tg.issuer, ClientID: tg.web.id, ClientSecret: tg.web.secret, RedirectURI: callback,
		Username: tg.username, Password: password, Algorithm: alg, Provider: provider().JWK["n"]})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = f.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return tg
}

func TestEveryOperation(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		s := settings{ops: operations(), repeat: 2, load: loadOptions{workers: 3, count: 30, maxErrors: 1}}
		r, err := newReady(newFloor(t, alg), 3)
		if err != nil {
			t.Fatal(err)
		}
		results, _, err := measureAll(r, nil, s)
		if err != nil {
			t.Fatal(err)
		}
		if r.traits != "ID token "+alg+", access token ES256" {
			t.Error(r.traits)
		}
		for _, op := range s.ops {
			r := results[op.name]
			if r.ok != 30 || r.errors != 0 {
				t.Errorf("%s: %d ok, %d errors: %s", op.name, r.ok, r.errors, r.firstError)
			}
			if want := map[string]float64{"sso": 2, "login": 4, "login-new": 4}[op.name]; want > 0 && r.httpPerOp != want {
				t.Errorf("%s: %.1f requests, want %.0f", op.name, r.httpPerOp, want)
			}
			if r.peak["server"] < 1 || r.p50 > r.p99 {
				t.Errorf("%s: implausible figures %+v", op.name, r)
			}
		}
		var out strings.Builder
		report(&out, "floor", s, results, results, alg)
		if n := strings.Count(out.String(), "\n| "); n != len(s.ops)+2 {
			t.Errorf("%d lines: %s", n, out.String())
		}
	}
}

func TestPairs(t *testing.T) {
	s := settings{ops: operations()[1:3], repeat: 3, load: loadOptions{workers: 2, duration: 50 * time.Millisecond, maxErrors: 1}}
	var both [2]*ready
	for n := range both {
		var err error
		if both[n], err = newReady(newFloor(t, "ES256"), 2); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := pairs(&out, both, s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "| client_credentials | server | ") || strings.Contains(out.String(), "NaN") {
		t.Error(out.String())
	}
	if q := quantile([]float64{3, 1, 2, 4}, .25); q != 2 {
		t.Errorf("quartile %v", q)
	}
}

func TestFaultsAreErrors(t *testing.T) {
	s := settings{ops: operations()[2:3], repeat: 1, load: loadOptions{workers: 2, count: 10, maxErrors: 3}}
	bad := newFloor(t, "ES256")
	bad.password = "wrong"
	if _, err := newReady(bad, 1); err == nil {
		t.Error("a wrong password was not noticed")
	}
	bad = newFloor(t, "ES256")
	bad.machine.secret = "wrong"
	r, err := newReady(bad, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := measureAll(r, nil, s); err == nil {
		t.Error("a wrong client secret was not noticed")
	}
	if _, err := bad.parseMetadata([]byte(`{"issuer":"https://elsewhere.test"}`)); err == nil {
		t.Error("a wrong issuer was not noticed")
	}
}

func TestForms(t *testing.T) {
	const page = `<form id="language" method="post" action="/language"><button name="locale" value="th">ไทย</button></form>
<form method="post" id="consent" action="/consent?a=1&amp;b=2">
 <input type="hidden" name="csrf" value="a&quot;b"><button id="consent-deny" name="answer" value="deny">No</button>
 <button class="main" id="consent-allow" name="answer" value="allow">Yes</button></form>`
	f, ok := formWithID([]byte(page), "consent")
	f.press("consent-allow")
	if !ok || f.action != "/consent?a=1&b=2" || f.values.Encode() != "answer=allow&csrf=a%22b" {
		t.Errorf("%v %q %s", ok, f.action, f.values.Encode())
	}
	if _, ok := formWithID([]byte(page), "sign-in"); ok {
		t.Error("a form was found that isn't there")
	}
}

func TestWatch(t *testing.T) {
	w := startWatch([]*watched{{"self", os.Getpid()}})
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
	}
	cpu, rss := w.stop()
	if cpu["self"] < 50*time.Millisecond || cpu["self"] > 5*time.Second || rss["self"] < 1 {
		t.Errorf("cpu %s, rss %.1f MiB", cpu["self"], rss["self"])
	}
}
