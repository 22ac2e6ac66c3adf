package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"pratu/flows/clients"
	"pratu/flows/office"
)

// The sample of microsoftAD, and MS-01 to MS-11, MS-14, MS-15.
func TestGameMicrosoft(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		token := e.b2c("sub-1", kv{"jti": nil})
		answer := e.microsoft(token)
		e.like(answer, `{"data":{"exp":1532071951,"nbf":1532068351,"ver":"1.0","iss":"…","sub":"…","aud":"…","nonce":"defaultNonce","iat":1532068351,
			"auth_time":1532068351,"given_name":"a","family_name":"b","name":"","idp":"facebook.com","oid":"","emails":["a@b.c"],"tfp":"B2C_1_signin"},
			"isSuccess":true,"token":"eyJ"}`)
		var want, got struct {
			Data json.RawMessage `json:"data"`
		}
		raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		must(t, json.Unmarshal([]byte(answer.body), &got))
		if want.Data = raw; string(got.Data) != string(want.Data) {
			t.Errorf("%s, not %s", got.Data, want.Data)
		}
		session := e.session(answer)
		c := claims(t, session)
		if c["username"] != "" || c["aud"] != "77" || len(text(c, "id")) != 24 {
			t.Errorf("%v", c)
		}
		e.like(e.get("user", session), sampleUserOf("-1"))
		e.refused(e.microsoft(token), 401, "invalid_token") // MS-06
		e.fetched("")
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		hs := signed(x509.MarshalPKCS1PublicKey(&signingKey().PublicKey), "k1", "HS256", map[string]any{"iss": b2cIssuer, "tfp": "B2C_1_signin"}, nil)
		parts := strings.Split(e.b2c("sub-2", nil), ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`)) + "." + parts[1] + "."
		now := e.now().Unix()
		for name, token := range map[string]string{
			"MS-01 another key": signed(other, "k1", "RS256", kv{"iss": b2cIssuer, "aud": "b2c-app", "sub": "x", "exp": now + 60, "iat": now, "tfp": "B2C_1_signin"}, nil),
			"MS-02 none":        none, "MS-02 hmac": hs, "PS256": signed(signingKey(), "k1", "PS256", kv{"iss": b2cIssuer, "aud": "b2c-app", "sub": "x", "exp": now + 60, "iat": now, "tfp": "B2C_1_signin"}, nil),
			"MS-03 issuer": e.b2c("sub-2", kv{"iss": strings.Replace(b2cIssuer, "0de4", "9999", 1)}), "MS-03 slash": e.b2c("sub-2", kv{"iss": strings.TrimSuffix(b2cIssuer, "/")}),
			"MS-04 audience": e.b2c("sub-2", kv{"aud": "other-app"}), "MS-04 none": e.b2c("sub-2", kv{"aud": nil}),
			"MS-05 over": e.b2c("sub-2", kv{"exp": now - 1}), "no exp": e.b2c("sub-2", kv{"exp": nil}), "not yet": e.b2c("sub-2", kv{"nbf": now + 600}),
			"MS-05 of 2018": e.b2c("sub-2", kv{"exp": 1532071951, "nbf": 1532068351, "iat": 1532068351}),
			"old":           e.b2c("sub-2", kv{"iat": now - 301}), "no iat": e.b2c("sub-2", kv{"iat": nil}), "of the future": e.b2c("sub-2", kv{"iat": now + 600}),
			"MS-07 constant": e.b2c("sub-2", kv{"nonce": "defaultNonce"}), "MS-10 reset": e.b2c("sub-2", kv{"tfp": "B2C_1_reset"}), "MS-10 none": e.b2c("sub-2", kv{"tfp": nil}),
			"changed": parts[0] + "." + parts[1] + "x." + parts[2], "no token": "x", "ours": session, "two parts": parts[0] + "." + parts[1],
		} {
			answer := e.microsoft(token)
			if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
			e.refused(answer, 401, "invalid_token")
		}
		e.refused(e.microsoft(e.b2c("", nil)), 400, "invalid_input")         // MS-08
		e.refused(e.microsoft(strings.Repeat("a", 1<<20)), 413, "too_large") // MS-11
		e.refused(e.posts("microsoftAD", kv{"authenToken": "x"}), 400, "invalid_input")
		e.refused(e.posts("microsoftAD", kv{"JWTToken": e.b2c("sub-2", nil), "nonce": "another"}), 401, "invalid_token")
		e.data(e.microsoft(e.b2c("sub-acr", kv{"tfp": nil, "acr": "b2c_1_SIGNIN"}))) // of an older custom policy
		// MS-09, MS-14
		answer = e.posts("microsoftAD", kv{"JWTToken": e.b2c("sub-9", kv{"emails": []string{alicesMail}, "email": alicesMail, "email_verified": true}), "roles": []string{"admin"}, "coin": 99999})
		if p := e.data(e.get("player", e.session(answer))).(map[string]any); p["coin"] != float64(500) || e.count(`SELECT COUNT(*) FROM account_roles`) != 0 {
			t.Errorf("MS-14: %v", p)
		}
		e.untouched("sub-9")
		// MS-15: signing in again grants nothing.
		oid := text(claims(t, session), "id")
		e.data(e.send("POST", "/api/v1/players/"+oid+"/ledger", `{"currency":"coin","amount":-460,"reason":"hat"}`, "Authorization", e.server("srv77"), "Idempotency-Key", "hat"))
		e.pass(time.Second)
		if p := e.data(e.get("player", e.session(e.microsoft(e.b2c("sub-1", nil))))).(map[string]any); p["coin"] != float64(40) || p["id"] != oid {
			t.Errorf("MS-15: %v", p)
		}
		// The constant nonce, where the title says so.
		_, err = e.clients.Update(t.Context(), "77", func(d *clients.Document) error { d.Settings.LegacyNonce = true; return nil })
		must(t, err)
		legacy := e.b2c("sub-1", kv{"nonce": "defaultNonce"})
		e.data(e.microsoft(legacy))
		e.refused(e.microsoft(legacy), 401, "invalid_token")
	})
}

func sampleUserOf(kind string) string {
	return strings.Replace(sampleUser, `"authenTypeId":-1`, `"authenTypeId":`+kind, 1)
}

// MS-12, MS-13: keys are asked for once a minute whoever asks, and are remembered while their provider is away; a hundred
// first sign-ins of one person are one account, one player, 500 coins and a hundred good tokens. A warm sign-in asks nobody.
func TestGameCrowd(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		now := e.now().Unix()
		forged := func(i int) string {
			return signed(other, fmt.Sprintf("kid-%d", i), "RS256", kv{"iss": b2cIssuer, "aud": "b2c-app", "sub": "x", "exp": now + 60, "iat": now, "tfp": "B2C_1_signin"}, nil)
		}
		for i := range 50 {
			e.refused(e.microsoft(forged(i)), 401, "invalid_token")
		}
		if n := e.fetched("/keys"); n != 1 {
			t.Errorf("MS-12: fifty forged tokens made us ask for keys %d times", n)
		}
		// The provider takes a new key into use; then it is away.
		fresh, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		set := e.keys["/tenant/B2C_1_signin/v2.0"]
		set.PublicKeys = append(set.PublicKeys, oidctest.PublicKey{PublicKey: fresh.Public(), KeyID: "k2", Algorithm: "RS256"})
		rotated := func() string {
			at := e.now().Unix()
			return signed(fresh, "k2", "RS256", kv{"iss": b2cIssuer, "aud": "b2c-app", "sub": "rotated", "exp": at + 60, "iat": at, "tfp": "B2C_1_signin", "n": serial()}, nil)
		}
		e.refused(e.microsoft(rotated()), 401, "invalid_token")
		e.pass(time.Minute)
		e.data(e.microsoft(rotated()))
		e.breaks(http.StatusInternalServerError)
		e.pass(time.Minute)
		e.refused(e.microsoft(forged(1)), 401, "invalid_token")
		e.data(e.microsoft(rotated()))
		e.breaks(0)

		tokens := make([]string, 100)
		for i := range tokens {
			tokens[i] = e.b2c("crowd", nil)
		}
		sessions := make([]string, len(tokens))
		var all sync.WaitGroup
		for i, token := range tokens {
			all.Go(func() { sessions[i] = e.session(e.microsoft(token)) })
		}
		all.Wait()
		seen := map[any]bool{}
		for _, session := range sessions {
			p := e.data(e.get("player", session)).(map[string]any)
			seen[p["id"]] = true
			if p["coin"] != float64(500) {
				t.Fatalf("MS-13: %v", p)
			}
		}
		if n := e.count(`SELECT COUNT(*) FROM player_ledger l JOIN players p ON p.id = l.player_id JOIN identities i ON i.account_id = p.account_id WHERE i.subject = 'crowd'`); n != 1 || len(seen) != 1 {
			t.Errorf("MS-13: %d entries, players %v", n, seen)
		}
		if n := e.count(`SELECT COUNT(*) FROM accounts WHERE register_by = '77'`); n != 2 {
			t.Errorf("MS-13: %d accounts", n)
		}
		token := e.b2c("crowd", nil)
		e.fetched("")
		before := e.store.Statements()
		e.session(e.microsoft(token))
		if n, asked := e.store.Statements()-before, e.fetched(""); n > 10 || asked != 0 {
			t.Errorf("a warm sign-in takes %d statements and %d calls", n, asked)
		}
	})
}

// FB-01 to FB-07, Limited Login, and the sample.
func TestGameFacebook(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		now := e.now().Unix()
		user := func(token, id string, debug, me kv) string {
			e.mu.Lock()
			defer e.mu.Unlock()
			d := kv{"app_id": appID, "type": "USER", "is_valid": true, "expires_at": now + 3600, "data_access_expires_at": 0, "user_id": id, "scopes": []string{"public_profile"}}
			for name, value := range debug {
				d[name] = value
			}
			m := kv{"id": id, "name": "Nok Jaidee", "first_name": "Nok"}
			for name, value := range me {
				m[name] = value
			}
			e.graph[token], e.profiles[token] = d, m
			return token
		}
		facebook := func(token string) reply { return e.posts("facebook", kv{"authenToken": token}) }
		answer := facebook(user("opaque-1", "fb-1", nil, nil))
		e.like(answer, `{"data":"eyJ","isSuccess":true}`)
		session := e.token(answer)
		u := e.data(e.get("user", session)).(map[string]any)
		if u["authenTypeId"] != float64(1) || u["authenId"] != "fb-1" || u["name"] != "Nok Jaidee" || u["firstname"] != "Nok" || u["authenToken"] != "" {
			t.Errorf("%v", u)
		}
		for name, token := range map[string]string{
			"FB-01": user("opaque-2", "fb-1", kv{"app_id": "999"}, nil), "FB-02": user("opaque-3", "fb-1", kv{"is_valid": false}, nil),
			"FB-03": user("opaque-4", "fb-1", nil, kv{"id": "fb-2"}), "a page's": user("opaque-5", "fb-1", kv{"type": "PAGE"}, nil),
			"over": user("opaque-6", "fb-1", kv{"expires_at": now - 1}, nil), "data over": user("opaque-7", "fb-1", kv{"data_access_expires_at": now - 1}, nil),
			"FB-05": "opaque-1&access_token=" + appID + "|" + appSecret, "FB-05 #": "opaque-1#", "unknown": "opaque-0",
		} {
			answer := facebook(token)
			if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
			e.refused(answer, 401, "invalid_token")
		}
		e.refused(facebook(user("opaque-8", "", nil, nil)), 401, "invalid_token")
		// FB-06
		mine := e.token(facebook(user("opaque-9", "fb-9", nil, kv{"email": alicesMail})))
		if c := claims(t, mine); c["username"] != "" {
			t.Errorf("FB-06: %v", c)
		}
		e.untouched("fb-9")
		// FB-07
		user("opaque-10", "fb-10", nil, nil)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { e.token(facebook("opaque-10")) })
		}
		all.Wait()
		if n := e.count(`SELECT COUNT(*) FROM players p JOIN identities i ON i.account_id = p.account_id WHERE i.subject = 'fb-10'`); n != 1 {
			t.Errorf("FB-07: %d players", n)
		}
		// FB-04
		for _, status := range []int{500, 429, 302} {
			e.breaks(status)
			answer := facebook("opaque-1")
			if status == 302 { // a way elsewhere is no answer
				e.refused(answer, 401, "invalid_token")
				continue
			}
			e.refusedAway(answer)
		}
		e.breaks(0)
		// Limited Login.
		jwt := func(changes kv) string {
			return signed(signingKey(), "k1", "RS256", kv{"iss": "https://www.facebook.com", "aud": appID, "sub": "fb-1", "exp": now + 3600, "iat": now, "nonce": "mine", "n": serial()}, changes)
		}
		limited := func(token, nonce string) reply { return e.posts("facebook", kv{"authenToken": token, "nonce": nonce}) }
		good := jwt(nil)
		if c := claims(t, e.token(limited(good, "mine"))); c["id"] != claims(t, session)["id"] {
			t.Errorf("Limited Login is another account: %v", c)
		}
		for name, answer := range map[string]reply{
			"twice": limited(good, "mine"), "no nonce": facebook(jwt(nil)), "another nonce": limited(jwt(nil), "yours"), "audience": limited(jwt(kv{"aud": "999"}), "mine"),
			"issuer": limited(jwt(kv{"iss": "https://evil.test"}), "mine"), "over": limited(jwt(kv{"exp": now - 1}), "mine"),
		} {
			if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
		}
	})
}

// refusedAway expects the answer to an upstream that is away.
func (e *elsewhere) refusedAway(answer reply) {
	e.t.Helper()
	e.refused(answer, 503, "upstream_unavailable")
	if answer.Header.Get("Retry-After") == "" {
		e.t.Error("no Retry-After")
	}
}

// GG-01 to GG-03, GG-05 to GG-07; ID tokens are accepted (GG-04).
func TestGameGoogle(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		now := e.now().Unix()
		info := func(token string, changes kv) string {
			e.mu.Lock()
			defer e.mu.Unlock()
			i := kv{"azp": googleApp, "aud": googleApp, "sub": "g-1", "scope": "openid email", "exp": fmt.Sprint(now + 3600), "expires_in": "3599", "access_type": "online"}
			for name, value := range changes {
				if i[name] = value; value == nil {
					delete(i, name)
				}
			}
			e.google[token] = i
			return token
		}
		google := func(token string) reply { return e.posts("google", kv{"authenToken": token}) }
		answer := google(info("opaque-g1", kv{"email": "nok@gmail.com", "email_verified": "true"}))
		e.like(answer, `{"data":"eyJ","isSuccess":true}`)
		first := claims(t, e.token(answer))
		if first["username"] != "nok@gmail.com" { // Google runs that mailbox
			t.Errorf("%v", first)
		}
		jwt := func(changes kv) string {
			return signed(signingKey(), "k1", "RS256", kv{"iss": "https://accounts.google.com", "aud": googleWeb, "azp": googleApp, "sub": "g-1", "exp": now + 3600, "iat": now}, changes)
		}
		for _, token := range []string{jwt(nil), jwt(nil), jwt(kv{"iss": "accounts.google.com"})} { // GG-04; its SDKs show one again
			if c := claims(t, e.token(google(token))); c["id"] != first["id"] {
				t.Errorf("GG-04: %v", c)
			}
		}
		for name, token := range map[string]string{
			"GG-01": info("opaque-g2", kv{"aud": "2-evil.apps.googleusercontent.com"}), "GG-01 azp": info("opaque-g3", kv{"azp": "2-evil.apps.googleusercontent.com"}),
			"over": info("opaque-g4", kv{"exp": fmt.Sprint(now - 1)}), "no exp": info("opaque-g5", kv{"exp": nil}), "unknown": "opaque-g0",
			"jwt aud": jwt(kv{"aud": "2-evil.apps.googleusercontent.com"}), "jwt azp": jwt(kv{"azp": "2-evil.apps.googleusercontent.com"}), "jwt iss": jwt(kv{"iss": "https://evil.test"}), "jwt over": jwt(kv{"exp": now - 1}),
		} {
			answer := google(token)
			if answer.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, answer.StatusCode, answer.body)
			}
			e.refused(answer, 401, "invalid_token")
		}
		e.refused(google(info("opaque-g6", kv{"sub": nil})), 400, "invalid_input") // without the scope openid
		// GG-02, GG-03: nobody gets alice's account, whatever is said of her address. It isn't theirs to sign in with either.
		for i, verified := range []any{"false", "true", true} {
			subject := fmt.Sprintf("g-alice-%d", i)
			e.token(google(info("opaque-"+subject, kv{"sub": subject, "email": alicesMail, "email_verified": verified, "hd": "x.test"})))
			e.untouched(subject)
		}
		e.breaks(429)
		e.refusedAway(google("opaque-g1")) // GG-05
		e.breaks(0)
		e.refused(e.call("registerOrLogin/google", `{"authenToken":"opaque-g1","authenToken":"evil"}`), 400, "invalid_input") // GG-06
		// GG-07
		login, err := e.store.IdentityLogin(t.Context(), "https://accounts.google.com", "g-1")
		must(t, err)
		row, err := e.store.AccountByID(t.Context(), login.AccountID)
		must(t, err)
		must(t, e.office.DisableAccount(t.Context(), office.Host(), row.SSOID, "fraud"))
		e.refused(google("opaque-g1"), 403, "account_disabled")
		// Whoever has a second factor is asked for it after any first one.
		e.exec(`INSERT INTO totps (account_id, secret, last_step, created_at, confirmed_at, last_used_at)
			SELECT account_id, 's', 0, 1, 1, 0 FROM identities WHERE subject = 'g-alice-0'`)
		e.refused(google("opaque-g-alice-0"), 403, "second_factor_required")
		// A connector that is switched off, or for another client, vouches for nobody; other names are none.
		_, err = e.connectors.Update(t.Context(), "google", documentFor("78"))
		must(t, err)
		e.refused(google(jwt(kv{"sub": "g-2"})), 401, "invalid_token")
		e.token(e.posts("google", kv{"authenToken": jwt(kv{"sub": "g-2"})}, "X-Client-Identifier", "78"))
		e.refused(e.posts("myspace", kv{"authenToken": "x"}), 404, "not_found")
	})
}

// LINE and Apple come by the same door, and guests are upgraded by any of them.
func TestGameLink(t *testing.T) {
	t.Parallel()
	onElsewhere(t, func(t *testing.T, e *elsewhere) {
		now := e.now().Unix()
		jwt := signed(signingKey(), "k1", "RS256", kv{"iss": "https://access.line.me", "sub": "U1"}, nil)
		e.line[jwt] = kv{"iss": "https://access.line.me", "sub": "U1", "aud": lineID, "exp": now + 3600, "name": "Nok"}
		e.line["opaque-l1"] = kv{"client_id": lineID, "expires_in": 2591659, "scope": "profile"}
		e.line["profile Bearer opaque-l1"] = kv{"userId": "U1", "displayName": "Nok"}
		e.line["opaque-l2"] = kv{"client_id": "999", "expires_in": 2591659}
		e.line["opaque-l3"] = kv{"client_id": lineID, "expires_in": 0}
		first := claims(t, e.token(e.posts("line", kv{"authenToken": jwt})))
		if again := claims(t, e.token(e.posts("line", kv{"authenToken": "opaque-l1"}))); again["id"] != first["id"] {
			t.Errorf("LINE knows two of one: %v", again)
		}
		for _, token := range []string{"opaque-l2", "opaque-l3", "opaque-l0"} {
			e.refused(e.posts("line", kv{"authenToken": token}), 401, "invalid_token")
		}
		apple := func(sub string, changes kv) string {
			return signed(signingKey(), "k1", "RS256", kv{"iss": "https://appleid.apple.com", "aud": appleBundle, "sub": sub, "exp": now + 600, "iat": now,
				"nonce": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "n": serial()}, changes)
		}
		e.token(e.posts("apple", kv{"authenToken": apple("a-1", nil), "nonce": "password"})) // the SDK hands over its SHA-256
		e.refused(e.posts("apple", kv{"authenToken": apple("a-1", kv{"aud": "com.evil"})}), 401, "invalid_token")

		guest := e.call("guest", `{}`)
		token := e.token(guest)
		link := func(provider, token string, body kv) reply {
			return e.call("link/"+provider, body, "Authorization", token)
		}
		e.refused(link("line", token, kv{"authenToken": "opaque-l1"}), 409, "already_linked")
		e.refused(link("apple", token, kv{"authenToken": "x"}), 401, "invalid_token")
		answer := link("microsoftAD", token, kv{"JWTToken": e.b2c("sub-guest", nil)})
		e.like(answer, `{"data":"eyJ","isSuccess":true}`)
		before, after := claims(t, token), claims(t, e.token(answer))
		if before["id"] != after["id"] || before["sub"] != after["sub"] || before["sid"] != after["sid"] {
			t.Errorf("%v became %v", before, after)
		}
		e.token(link("microsoftAD", token, kv{"JWTToken": e.b2c("sub-guest", nil)})) // again is no failure
		e.refused(link("apple", token, kv{"authenToken": apple("a-2", nil)}), 409, "not_a_guest")
		if again := claims(t, e.session(e.microsoft(e.b2c("sub-guest", nil)))); again["id"] != before["id"] {
			t.Errorf("%v", again)
		}
		if n := e.count(`SELECT COUNT(*) FROM credentials WHERE kind = 'device'`); n != 0 {
			t.Errorf("%d keys of devices", n)
		}
		e.refused(link("apple", "", kv{"authenToken": apple("a-3", nil)}), 401, "invalid_token")
		// Two guests, one login: one gets it.
		var won sync.Map
		var all sync.WaitGroup
		for i := range 2 {
			session := e.token(e.call("guest", `{}`))
			all.Go(func() {
				if answer := link("apple", session, kv{"authenToken": apple("a-race", nil)}); answer.StatusCode == http.StatusOK {
					won.Store(i, true)
				} else {
					e.refused(answer, 409, "already_linked")
				}
			})
		}
		all.Wait()
		winners := 0
		won.Range(func(any, any) bool { winners++; return true })
		if winners != 1 {
			t.Errorf("%d guests got it", winners)
		}
	})
}
