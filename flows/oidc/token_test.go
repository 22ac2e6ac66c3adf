package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/oidc"
	"pratu/storage"
)

const rp = "https://rp.test/cb"

func TestExchange(t *testing.T) {
	each(t, func(w *world) {
		w.code(params("web1", rp)) // fills the client cache
		code := ""
		w.costs(0, "issuing a code", func() { code = w.code(params("web1", rp)) })
		var got *oidc.Tokens
		w.costs(w.writes(3), "an exchange with a refresh token", func() {
			var err error
			if got, err = w.token(w.t.Context(), "web1", exchange(code, rp)); err != nil {
				w.t.Fatal(err)
			}
		})
		if got.TokenType != "Bearer" || got.ExpiresIn != 3600 || got.Scope != "openid email offline_access" || got.RefreshToken == "" {
			w.t.Errorf("%+v", got)
		}
		id := w.claims(got.IDToken)
		sum := sha256.Sum256([]byte(got.AccessToken))
		for name, want := range map[string]any{
			"iss": "https://op.test", "aud": "web1", "sub": "21992040", "nonce": "n-12345678", "acr": "1", "sid": "session-alice",
			"auth_time": float64(w.alice.AuthTime.Unix()), "iat": float64(w.clock.now().Unix()),
			"exp": float64(w.clock.now().Add(time.Hour).Unix()), "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
		} {
			if id[name] != want {
				w.t.Errorf("%s is %v, want %v", name, id[name], want)
			}
		}
		for name := range id {
			if !strings.Contains(" iss aud sub nonce acr amr sid auth_time iat exp at_hash ", " "+name+" ") {
				w.t.Errorf("the ID token has %s: scopes open claims at userinfo", name)
			}
		}
		access := w.claims(got.AccessToken)
		for name, want := range map[string]any{"iss": "https://op.test", "aud": "web1", "sub": "21992040", "client_id": "web1", "scope": "openid email offline_access"} {
			if access[name] != want {
				w.t.Errorf("access token: %s is %v, want %v", name, access[name], want)
			}
		}
		w.costs(1, "looking at an access token", func() {
			a, err := w.Access(w.t.Context(), got.AccessToken)
			if err != nil {
				w.t.Fatal(err)
			}
			info, err := w.Userinfo(w.t.Context(), a)
			if err != nil || info.Claims["email"] != "alice@x.test" || info.Claims["email_verified"] != true || info.Claims["sub"] != "21992040" {
				w.t.Errorf("%v %v", info, err)
			}
			if _, name := info.Claims["name"]; name {
				w.t.Error("the scope email opens no name")
			}
		})
		w.costs(w.writes(3), "a refresh", func() {
			next, err := w.token(w.t.Context(), "web1", refresh(got.RefreshToken))
			if err != nil || next.RefreshToken == got.RefreshToken || next.IDToken == "" {
				w.t.Fatalf("%+v %v", next, err)
			}
			fresh := w.claims(next.IDToken)
			if fresh["nonce"] != nil || fresh["auth_time"] != id["auth_time"] || fresh["sub"] != id["sub"] {
				w.t.Errorf("%v", fresh)
			}
		})
	})
}

func TestMachine(t *testing.T) {
	each(t, func(w *world) {
		form := func(changes ...string) (*oidc.Tokens, error) {
			return w.token(w.t.Context(), "svc1", exchange("", "", append([]string{"grant_type", "client_credentials", "code", "", "redirect_uri", "", "code_verifier", ""}, changes...)...))
		}
		if _, err := form(); err != nil { // fills the client cache
			w.t.Fatal(err)
		}
		w.costs(0, "client_credentials", func() {
			got, err := form("scope", "orders.read")
			if err != nil {
				w.t.Fatal(err)
			}
			c := w.claims(got.AccessToken)
			if c["sub"] != "svc1" || c["aud"] != "https://api.test/orders" || c["scope"] != "orders.read" || got.RefreshToken != "" || got.IDToken != "" {
				w.t.Errorf("%v %+v", c, got)
			}
		})
		_, err := form("scope", "orders.read admin")
		w.refused(err, oidc.InvalidScope)
		_, err = form("resource", "https://api.test/other")
		w.refused(err, oidc.InvalidTarget)
		_, err = w.token(w.t.Context(), "spa1", exchange("", "", "grant_type", "client_credentials"))
		w.refused(err, oidc.UnauthorizedClient) // TK-19
		_, err = w.token(w.t.Context(), "web1", exchange("", "", "grant_type", "password"))
		w.refused(err, oidc.UnsupportedGrant) // TK-18
	})
}

func TestMachineRevocation(t *testing.T) {
	each(t, func(w *world) {
		got, err := w.token(w.t.Context(), "svc1", exchange("", "", "grant_type", "client_credentials"))
		if err != nil {
			w.t.Fatal(err)
		}
		c, err := w.Clients.Get(w.t.Context(), "svc1")
		if err != nil {
			w.t.Fatal(err)
		}
		for range 2 {
			if err := w.Revoke(w.t.Context(), c, got.AccessToken); err != nil {
				w.t.Fatal(err)
			}
		}
		if w.alive(got.AccessToken) {
			w.t.Error("revoked and alive")
		}
	})
}

func TestReplayOfCode(t *testing.T) {
	t.Run("TK-01 in sequence", func(t *testing.T) {
		each(t, func(w *world) {
			code := w.code(params("web1", rp))
			first, err := w.token(w.t.Context(), "web1", exchange(code, rp))
			if err != nil {
				w.t.Fatal(err)
			}
			_, err = w.token(w.t.Context(), "web1", exchange(code, rp))
			w.refused(err, oidc.InvalidGrant)
			if w.alive(first.AccessToken) {
				w.t.Error("the first access token is alive")
			}
			_, err = w.token(w.t.Context(), "web1", refresh(first.RefreshToken))
			w.refused(err, oidc.InvalidGrant)
		})
	})
	t.Run("TK-02 in parallel, on two replicas", func(t *testing.T) {
		worlds(t, 2, func(t *testing.T, w []*world) {
			w[0].t, w[1].t = t, t
			code := w[0].code(params("web1", rp))
			var mu sync.Mutex
			won := 0
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					_, err := w[i%2].token(t.Context(), "web1", exchange(code, rp))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if e := oidc.Answer(err); e.Code != oidc.InvalidGrant || e.Status != 400 {
						t.Errorf("%v", e)
					}
				})
			}
			all.Wait()
			if won != 1 {
				t.Errorf("%d of 50 bought tokens with one code", won)
			}
		})
	})
	t.Run("TK-03, TK-07 with wrong credentials hurts nobody", func(t *testing.T) {
		each(t, func(w *world) {
			code := w.code(params("web1", rp))
			_, err := w.token(w.t.Context(), "web2", exchange(code, rp))
			w.refused(err, oidc.InvalidGrant)
			first, err := w.token(w.t.Context(), "web1", exchange(code, rp))
			if err != nil {
				w.t.Fatal(err)
			}
			for _, replay := range []struct{ client, change, value string }{
				{"web2", "code", code}, {"web1", "code_verifier", strings.Repeat("a", 43)}, {"web1", "redirect_uri", "https://rp.test/other"},
			} {
				_, err := w.token(w.t.Context(), replay.client, exchange(code, rp, replay.change, replay.value))
				w.refused(err, oidc.InvalidGrant)
			}
			if !w.alive(first.AccessToken) {
				w.t.Error("somebody else's replay ended the owner's tokens")
			}
		})
	})
}

func TestProofOfCode(t *testing.T) {
	each(t, func(w *world) {
		for name, changes := range map[string][]string{
			"TK-05 too short":             {"code_verifier", strings.Repeat("a", 42)},
			"TK-06 the challenge itself":  {"code_verifier", codeChallenge},
			"none":                        {"code_verifier", ""},
			"wrong characters":            {"code_verifier", strings.Repeat("a", 42) + "!"},
			"TK-08 redirect_uri left out": {"redirect_uri", ""},
			"TK-35 NUL":                   {"code", "abc\x00def"},
			"no such code":                {"code", "pratu_ac_x"},
		} {
			_, err := w.token(w.t.Context(), "web1", exchange(w.code(params("web1", rp)), rp, changes...))
			w.refused(err, oidc.InvalidGrant)
			if w.t.Failed() {
				w.t.Fatal(name)
			}
		}
		// TK-04: failing first doesn't shed the challenge; too many failures spend the code.
		code := w.code(params("free", rp))
		_, err := w.token(w.t.Context(), "free", exchange(code, rp, "code_verifier", strings.Repeat("a", 43)))
		w.refused(err, oidc.InvalidGrant)
		_, err = w.token(w.t.Context(), "free", exchange(code, rp, "code_verifier", ""))
		w.refused(err, oidc.InvalidGrant)
		if _, err := w.token(w.t.Context(), "free", exchange(code, rp)); err != nil {
			w.t.Errorf("the right one still works: %v", err)
		}
		code = w.code(params("free", rp))
		for range 5 {
			_, _ = w.token(w.t.Context(), "free", exchange(code, rp, "code_verifier", strings.Repeat("a", 43)))
		}
		_, err = w.token(w.t.Context(), "free", exchange(code, rp))
		w.refused(err, oidc.InvalidGrant)
		// A verifier for a code without challenge is refused as well.
		code = w.code(params("free", rp, "code_challenge", "", "code_challenge_method", ""))
		_, err = w.token(w.t.Context(), "free", exchange(code, rp))
		w.refused(err, oidc.InvalidGrant)
		if _, err := w.token(w.t.Context(), "free", exchange(code, rp, "code_verifier", "")); err != nil {
			w.t.Error(err)
		}
		// TK-31
		code = w.code(params("web1", rp))
		w.clock.pass(61 * time.Second)
		_, err = w.token(w.t.Context(), "web1", exchange(code, rp))
		w.refused(err, oidc.InvalidGrant)
	})
}

func TestRefreshReuse(t *testing.T) {
	t.Run("TK-24 after the window the family dies", func(t *testing.T) {
		each(t, func(w *world) {
			first := w.tokens("web1", rp)
			second, err := w.token(w.t.Context(), "web1", refresh(first.RefreshToken))
			if err != nil {
				w.t.Fatal(err)
			}
			w.clock.pass(oidc.RetryWindow + time.Second)
			_, err = w.token(w.t.Context(), "web1", refresh(first.RefreshToken))
			w.refused(err, oidc.InvalidGrant)
			if !oidc.ReuseDetected(err) || w.alive(second.AccessToken) {
				w.t.Error("the family lives on")
			}
			_, err = w.token(w.t.Context(), "web1", refresh(second.RefreshToken))
			w.refused(err, oidc.InvalidGrant)
		})
	})
	t.Run("a retry gets the same successor, on the other replica too", func(t *testing.T) {
		worlds(t, 2, func(t *testing.T, w []*world) {
			w[0].t, w[1].t = t, t
			first := w[0].tokens("web1", rp)
			a, err := w[0].token(t.Context(), "web1", refresh(first.RefreshToken))
			if err != nil {
				t.Fatal(err)
			}
			b, err := w[1].token(t.Context(), "web1", refresh(first.RefreshToken))
			if err != nil || a.RefreshToken != b.RefreshToken {
				t.Fatalf("%+v %+v %v", a, b, err)
			}
			// Once the successor was used, the first one coming again is theft.
			if _, err := w[0].token(t.Context(), "web1", refresh(a.RefreshToken)); err != nil {
				t.Fatal(err)
			}
			_, err = w[1].token(t.Context(), "web1", refresh(first.RefreshToken))
			w[0].refused(err, oidc.InvalidGrant)
		})
	})
	t.Run("TK-25 twenty at once leave one successor", func(t *testing.T) {
		worlds(t, 2, func(t *testing.T, w []*world) {
			w[0].t, w[1].t = t, t
			first := w[0].tokens("web1", rp)
			var mu sync.Mutex
			got := map[string]int{}
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					tokens, err := w[i%2].token(t.Context(), "web1", refresh(first.RefreshToken))
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
						return
					}
					got[tokens.RefreshToken]++
				})
			}
			all.Wait()
			if len(got) != 1 {
				t.Errorf("%d distinct successors", len(got))
			}
		})
	})
}

func TestRefreshBounds(t *testing.T) {
	each(t, func(w *world) {
		first := w.tokens("web1", rp)
		_, err := w.token(w.t.Context(), "web2", refresh(first.RefreshToken)) // TK-26
		w.refused(err, oidc.InvalidGrant)
		_, err = w.token(w.t.Context(), "web1", refresh(first.RefreshToken, "scope", "openid admin")) // TK-27
		w.refused(err, oidc.InvalidScope)
		last := first.RefreshToken[len(first.RefreshToken)-1]
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		flipped := first.RefreshToken[:len(first.RefreshToken)-1] + string(alphabet[strings.IndexByte(alphabet, last)^1])
		for _, spelling := range []string{flipped, strings.TrimPrefix(first.RefreshToken, "pratu_rt_"), first.RefreshToken + "=", " " + first.RefreshToken} { // TK-28, TK-29
			_, err = w.token(w.t.Context(), "web1", refresh(spelling))
			w.refused(err, oidc.InvalidGrant)
		}
		if w.alive(first.RefreshToken) || w.alive(first.IDToken) { // MI-02
			w.t.Error("a refresh or ID token passes for an access token")
		}
		narrow, err := w.token(w.t.Context(), "web1", refresh(first.RefreshToken, "scope", "openid"))
		if err != nil || narrow.Scope != "openid" || w.claims(narrow.AccessToken)["scope"] != "openid" {
			w.t.Fatalf("%+v %v", narrow, err)
		}
		whole, err := w.token(w.t.Context(), "web1", refresh(narrow.RefreshToken))
		if err != nil || whole.Scope != "openid email offline_access" {
			w.t.Errorf("narrowing is for one access token: %+v %v", whole, err)
		}
		w.clock.pass(oidc.RefreshIdle + time.Second)
		_, err = w.token(w.t.Context(), "web1", refresh(whole.RefreshToken))
		w.refused(err, oidc.InvalidGrant)
	})
}

// Without offline_access a confidential client gets no refresh token, a public one gets one that ends with the session.
func TestOffline(t *testing.T) {
	each(t, func(w *world) {
		if got := w.tokens("web1", rp, "scope", "openid"); got.RefreshToken != "" {
			w.t.Error("a refresh token that nobody asked for")
		}
		got := w.tokens("spa1", "https://spa.test/cb", "scope", "openid")
		if got.RefreshToken == "" {
			w.t.Fatal("no refresh token for a public client")
		}
		w.clock.pass(time.Minute)
		next, err := w.token(w.t.Context(), "spa1", refresh(got.RefreshToken))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.Store.RevokeGrantsOfAccount(w.t.Context(), w.alice.AccountID, "spa1", storage.At(w.clock.now())); err != nil {
			w.t.Fatal(err)
		}
		_, err = w.token(w.t.Context(), "spa1", refresh(next.RefreshToken)) // TK-30
		w.refused(err, oidc.InvalidGrant)
		if w.alive(next.AccessToken) { // MI-04
			w.t.Error("a dead grant has a living token")
		}
	})
}

func TestOpaque(t *testing.T) {
	each(t, func(w *world) {
		got := w.tokens("opaque", rp)
		if !strings.HasPrefix(got.AccessToken, "pratu_at_") || !w.alive(got.AccessToken) {
			w.t.Fatalf("%+v", got)
		}
		a, err := w.Access(w.t.Context(), got.AccessToken)
		if err != nil {
			w.t.Fatal(err)
		}
		if info, err := w.Userinfo(w.t.Context(), a); err != nil || info.Claims["email"] != "alice@x.test" {
			w.t.Errorf("%v %v", info, err)
		}
		w.clock.pass(time.Hour)
		if w.alive(got.AccessToken) {
			w.t.Error("expired and alive")
		}
	})
}
