package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"pratu/flows/connectors"
	"pratu/flows/outbound"
	"pratu/flows/social"
)

// upstreamFaults are the ways in which a provider's answer isn't one. Release ends those that hang: servers wait for them.
func upstreamFaults() (faults map[string]http.HandlerFunc, release func()) {
	hold := make(chan struct{})
	slow := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	trickle := func(w http.ResponseWriter, r *http.Request) { // headers at once, and then nothing
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		slow(w, r)
	}
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	huge := func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range 100 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	away := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/neighbour", http.StatusTemporaryRedirect)
	}
	return map[string]http.HandlerFunc{
		"slow": slow, "trickle": trickle, "500": text(500, "oops"), "429": text(429, "{}"), "malformed": text(200, `{"access_token":`), "html": text(200, "<html>"),
		"100 MiB": huge, "redirect": away, "array": text(200, "[]"), "nothing": text(200, "{}"), "id_token is a number": text(200, `{"access_token":"a","token_type":"bearer","id_token":7}`),
		"no id_token": text(200, `{"access_token":"a","token_type":"bearer"}`), "null": text(200, "null"),
	}, func() { close(hold) }
}

// A provider that fails: a clear word within five seconds, no account, and the other doors stay open.
func TestFederationFaults(t *testing.T) {
	t.Parallel()
	if social.AnswerTime >= 5*time.Second {
		t.Error("a person waits too long")
	}
	onSite(t, func(t *testing.T, s *site) {
		s.social.Outbound = outbound.New(outbound.Options{Development: true, Timeout: 200 * time.Millisecond})
		faults, release := upstreamFaults()
		defer release()
		for _, endpoint := range []string{mockoidc.DiscoveryEndpoint, mockoidc.TokenEndpoint, mockoidc.JWKSEndpoint, mockoidc.UserinfoEndpoint} {
			for name, fault := range faults {
				switch {
				case endpoint != mockoidc.TokenEndpoint && strings.Contains(name, "id_token"):
					continue
				case endpoint != mockoidc.TokenEndpoint && name == "trickle":
					continue
				}
				u := newUpstream(t)
				d := u.document("corp")
				s.connector(d)
				b := s.browser()
				neighbour := 0
				u.answers("/neighbour", func(http.ResponseWriter, *http.Request) { neighbour++ })
				u.QueueUser(&mockoidc.MockUser{Subject: "1"}) // no address: userinfo is asked
				began := time.Now()
				var page reply
				if endpoint == mockoidc.DiscoveryEndpoint {
					u.answers(endpoint, fault)
					page = b.follow(b.door(b.get("/login"), "corp"))
				} else {
					at := s.there(b.door(b.get("/login"), "corp"))
					u.answers(endpoint, fault)
					page = b.follow(b.get(at))
				}
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("%s, %s: took %s", endpoint, name, took)
				}
				page.expect(t, 200, `role="alert"`, `id="sign-in"`, "door-corp")
				if b.isIn() || neighbour != 0 {
					t.Errorf("%s, %s: signed in, or a redirect was followed", endpoint, name)
				}
				must(t, s.connectors.Delete(t.Context(), "corp"))
			}
		}
		if n := s.count(`SELECT COUNT(*) FROM identities`); n != 0 {
			t.Errorf("%d identities", n)
		}
		b := s.browser()
		b.to(b.login(malisMail, malisPassword), "/account")
	})
}

// What was read of a provider serves while it is away, and isn't read again for everybody who asks (MS-12).
func TestFederationKeys(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		in := func() bool {
			t.Helper()
			b := s.browser()
			u.QueueUser(somebody("1", "a@b.test"))
			b.follow(b.federated(b.get("/login"), "corp"))
			return b.isIn()
		}
		if !in() || u.requests(mockoidc.JWKSEndpoint) != 1 {
			t.Fatal("not signed in")
		}
		down := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) }
		u.answers(mockoidc.DiscoveryEndpoint, down)
		u.answers(mockoidc.JWKSEndpoint, down)
		s.pass(2 * time.Minute)
		u.FastForward(2 * time.Minute)
		if !in() {
			t.Error("a key set that was read a moment ago is gone")
		}
		s.pass(2 * time.Hour)
		u.FastForward(2 * time.Hour)
		if !in() || u.requests(mockoidc.JWKSEndpoint) == 0 {
			t.Error("the last good ones aren't kept, or never looked for again")
		}
		// Another key: unknown for a minute, whoever signs, and asked for once.
		u.answers(mockoidc.DiscoveryEndpoint, nil)
		u.answers(mockoidc.JWKSEndpoint, nil)
		s.pass(2 * time.Minute)
		u.FastForward(2 * time.Minute)
		old := u.Keypair
		u.Keypair = must1(mockoidc.RandomKeypair(2048))(t)
		if !in() {
			t.Error("a rotated key isn't found")
		}
		u.Keypair = must1(mockoidc.RandomKeypair(2048))(t)
		u.requests("")
		for range 10 {
			if in() {
				t.Error("a key that we haven't seen signs in")
			}
		}
		if n := u.requests(mockoidc.JWKSEndpoint); n > 1 {
			t.Errorf("asked %d times within a minute", n)
		}
		s.pass(time.Minute)
		u.FastForward(time.Minute)
		if !in() {
			t.Error("it isn't found after a minute")
		}
		// A key that was withdrawn isn't honoured for ever.
		fresh := u.Keypair
		u.answers(mockoidc.JWKSEndpoint, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(must1(fresh.JWKS())(t))
		})
		u.Keypair = old
		s.pass(time.Hour)
		u.FastForward(time.Hour)
		if in() {
			t.Error("a withdrawn key signs in")
		}
	})
}

// One door that is broken closes no other: not even one whose secret can't be opened any more.
func TestFederationOtherDoors(t *testing.T) {
	t.Parallel()
	onSite(t, func(t *testing.T, s *site) {
		u := newUpstream(t)
		s.connector(u.document("corp"))
		s.connector(connectors.Document{ID: "gone", Kind: connectors.KindOIDC, ClientID: "x", Settings: connectors.Settings{Issuer: "http://127.0.0.1:1/nobody"}})
		s.exec(`UPDATE connectors SET updated_at = 0 WHERE id = 'gone'`)
		s.exec(`INSERT INTO connectors (id, kind, name, client_id, secret, settings, disabled_at, created_at, updated_at) VALUES ('sealed', 'google', 'G', 'x', 'AAAA', '{}', 0, 1, 1)`)
		s.pass(time.Second)
		b := s.browser()
		b.follow(b.door(b.get("/login"), "gone")).expect(t, 200, "isn’t answering", "door-corp")
		for name, endpoint := range map[string]string{"script": "javascript://x/%0aalert(1)", "nowhere": "/authorize", "user": "https://me@x.test/"} {
			evil := newUpstream(t)
			evil.answers(mockoidc.DiscoveryEndpoint, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"issuer":"`+evil.Issuer()+`","authorization_endpoint":"`+endpoint+`","token_endpoint":"https://x.test/t","jwks_uri":"https://x.test/k"}`)
			})
			s.connector(evil.document(name))
			b.follow(b.door(b.get("/login"), name)).expect(t, 200, "isn’t answering", "door-corp")
		}
		b.to(b.federated(b.get("/login"), "corp"), "/account")
	})
}
