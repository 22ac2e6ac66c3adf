package oidc_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pratu/flows/clients"
)

// setting gives a client settings, as an administrator does.
func (w *world) setting(client string, pairs ...string) {
	w.t.Helper()
	_, err := w.Clients.Update(w.t.Context(), client, func(d *clients.Document) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := d.Settings.Set(pairs[i], pairs[i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.pass(2 * time.Second)
	w.consent(client) // what it is told now is another question
}

const aliceRules = `[
	{"claim":"https://rp.test/level","value":{"n":1},"in":["id_token","access_token"]},
	{"claim":"rp:number","field":"ssoid","in":["access_token"]},
	{"claim":"rp:mail","field":"email","scope":"email","in":["access_token","userinfo"]},
	{"claim":"rp:phone","field":"phone_number"},
	{"claim":"greeting","template":"Khun {{.given_name}} {{.family_name}}"},
	{"claim":"rp:born","field":"birthdate","scope":"profile","in":["id_token","userinfo","access_token"]}]`

func (w *world) userinfo(token string) map[string]any {
	w.t.Helper()
	a, err := w.Access(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	info, err := w.Userinfo(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return info.Claims
}

// only are the claims whose names rules made.
func only(claims map[string]any) map[string]any {
	out := maps.Clone(claims)
	maps.DeleteFunc(out, func(name string, _ any) bool {
		return name != "greeting" && name[:min(3, len(name))] != "rp:" && name[:min(5, len(name))] != "https"
	})
	return out
}

func TestClaimRules(t *testing.T) {
	each(t, func(w *world) {
		w.setting("web1", "claims", aliceRules)
		got := w.tokens("web1", rp)
		check := func(what string, claims, want map[string]any) {
			w.t.Helper()
			if diff := cmp.Diff(want, only(claims)); diff != "" {
				w.t.Errorf("%s: %s", what, diff)
			}
		}
		level := map[string]any{"n": 1.0}
		check("ID token", w.claims(got.IDToken), map[string]any{"https://rp.test/level": level})
		check("access token", w.claims(got.AccessToken), map[string]any{"https://rp.test/level": level, "rp:number": "21992040", "rp:mail": "alice@x.test"})
		check("userinfo", w.userinfo(got.AccessToken), map[string]any{"rp:mail": "alice@x.test", "greeting": "Khun Alice Liddell"})
		next, err := w.token(w.t.Context(), "web1", refresh(got.RefreshToken))
		if err != nil {
			w.t.Fatal(err)
		}
		check("refreshed access token", w.claims(next.AccessToken), map[string]any{"https://rp.test/level": level, "rp:number": "21992040", "rp:mail": "alice@x.test"})
		narrow, err := w.token(w.t.Context(), "web1", refresh(next.RefreshToken, "scope", "openid"))
		if err != nil {
			w.t.Fatal(err)
		}
		check("without the scope", w.claims(narrow.AccessToken), map[string]any{"https://rp.test/level": level, "rp:number": "21992040"})
		born := w.tokens("web1", rp, "scope", "openid profile")
		if w.claims(born.IDToken)["rp:born"] != "1990-01-31" || w.claims(born.AccessToken)["rp:born"] != "1990-01-31" {
			w.t.Errorf("%v", w.claims(born.IDToken))
		}
		if w.claims(w.tokens("web2", "https://rp2.test/cb").AccessToken)["rp:number"] != nil {
			w.t.Error("another client has them")
		}
	})
}

// A rule that comes, or that tells something else under its name, tells nothing of people who weren't asked about it; the next
// question is theirs to answer. Of our own applications nobody is asked.
func TestClaimRulesSinceTheQuestion(t *testing.T) {
	each(t, func(w *world) {
		rules := func(more string) {
			w.setting("web1", "claims", `[{"claim":"rp:level","value":3},{"claim":"rp:mail","field":"email","scope":"email"}`+more+`]`)
		}
		rules("")
		got := w.tokens("web1", rp)
		check := func(what string, want map[string]string) {
			w.t.Helper()
			told := map[string]string{}
			for name, v := range only(w.userinfo(got.AccessToken)) {
				told[name] = fmt.Sprintf("%s", v)
			}
			if diff := cmp.Diff(want, told); diff != "" {
				w.t.Errorf("%s: %s", what, diff)
			}
			next, err := w.token(w.t.Context(), "web1", refresh(got.RefreshToken))
			if err != nil {
				w.t.Fatal(err)
			}
			got.RefreshToken = next.RefreshToken
			if c := w.claims(next.AccessToken); c["rp:born"] != nil {
				w.t.Errorf("%s: %v in a refreshed token", what, c)
			}
		}
		asked := map[string]string{"rp:level": "3", "rp:mail": "alice@x.test"}
		check("as asked", asked)
		rules(`,{"claim":"rp:born","field":"birthdate","in":["userinfo","access_token"]},{"claim":"rp:kind","value":"x"}`)
		check("another field", map[string]string{"rp:level": "3", "rp:mail": "alice@x.test", "rp:kind": `"x"`})
		w.setting("web1", "claims", `[{"claim":"rp:mail","field":"birthdate","scope":"email"},{"claim":"rp:born","field":"birthdate","in":["access_token"]}]`)
		check("another field under the same name", map[string]string{})
		rules("")
		check("as before", asked)
		w.setting("web1", "claims", `[{"claim":"rp:mail","field":"birthdate","scope":"email"}]`, "first_party", "true")
		check("our own", map[string]string{"rp:mail": "1990-01-31"})
	})
}

// N70: whatever a rule is named, what the protocol says stays. Rules are looked at when they are stored, and a name may
// become one of the protocol's later: so they are looked at again when a token is made.
func TestClaimRulesReplaceNothing(t *testing.T) {
	each(t, func(w *world) {
		c, err := w.Clients.Get(w.t.Context(), "web1")
		if err != nil {
			w.t.Fatal(err)
		}
		c.Settings.Claims = nil
		for _, name := range []string{"sub", "iss", "aud", "exp", "act", "gid", "scope", "client_id", "nonce", "acr", "email", "email_verified", "auth_time"} {
			c.Settings.Claims = append(c.Settings.Claims, clients.ClaimRule{
				Claim: name, Value: json.RawMessage(`"forged"`), In: []string{clients.InIDToken, clients.InUserinfo, clients.InAccessToken},
			})
		}
		got := w.tokens("web1", rp)
		for _, claims := range []map[string]any{w.claims(got.IDToken), w.claims(got.AccessToken), w.userinfo(got.AccessToken)} {
			for name, v := range claims {
				if v == "forged" {
					w.t.Errorf("%s is a rule's", name)
				}
			}
		}
	})
}

func TestStandardClaimsAreReserved(t *testing.T) {
	each(t, func(w *world) {
		raw, err := w.Metadata(nil, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		var document struct {
			Claims []string `json:"claims_supported"`
			Scopes []string `json:"scopes_supported"`
		}
		if err := json.Unmarshal(raw, &document); err != nil || len(document.Claims) == 0 {
			w.t.Fatal(err)
		}
		got := w.tokens("web1", rp)
		names := append(document.Claims, document.Scopes...)
		for _, token := range []string{got.IDToken, got.AccessToken} {
			for name := range w.claims(token) {
				names = append(names, name)
			}
		}
		for _, name := range names {
			if !clients.ReservedClaim(name) {
				w.t.Errorf("a rule may be named %s", name)
			}
		}
	})
}

// The person's claims are at userinfo; in the ID token as well only for clients that want it so.
func TestClaimsInIDToken(t *testing.T) {
	each(t, func(w *world) {
		if c := w.claims(w.tokens("web1", rp, "scope", "openid profile email").IDToken); c["email"] != nil || c["given_name"] != nil {
			w.t.Errorf("%v", c)
		}
		w.setting("web1", "id_token_claims", "true")
		got := w.tokens("web1", rp, "scope", "openid profile email offline_access")
		c := w.claims(got.IDToken)
		if c["email"] != "alice@x.test" || c["email_verified"] != true || c["given_name"] != "Alice" || c["sub"] != "21992040" {
			w.t.Errorf("%v", c)
		}
		next, err := w.token(w.t.Context(), "web1", refresh(got.RefreshToken, "scope", "openid email"))
		if err != nil {
			w.t.Fatal(err)
		}
		if c := w.claims(next.IDToken); c["email"] != "alice@x.test" || c["given_name"] != nil {
			w.t.Errorf("%v", c)
		}
	})
}

// A preview tells what tokens hold: all that a sign-in doesn't make is the same.
func TestPreview(t *testing.T) {
	each(t, func(w *world) {
		w.setting("web1", "claims", aliceRules, "id_token_claims", "true")
		got := w.tokens("web1", rp, "scope", "openid email profile")
		c, err := w.Clients.Find(w.t.Context(), "web1")
		if err != nil {
			w.t.Fatal(err)
		}
		preview, err := w.Preview(w.t.Context(), c, 21992040, []string{"openid", "email", "profile"})
		if err != nil {
			w.t.Fatal(err)
		}
		same := func(what string, preview, token map[string]any) {
			w.t.Helper()
			raw, err := json.Marshal(preview)
			if err != nil {
				w.t.Fatal(err)
			}
			plain := map[string]any{}
			if err := json.Unmarshal(raw, &plain); err != nil {
				w.t.Fatal(err)
			}
			for _, name := range []string{"nonce", "at_hash", "sid", "jti", "gid", "auth_time"} {
				delete(token, name)
				delete(plain, name)
			}
			if diff := cmp.Diff(token, plain); diff != "" {
				w.t.Errorf("%s: %s", what, diff)
			}
		}
		same("ID token", preview.IDToken, w.claims(got.IDToken))
		same("access token", preview.AccessToken, w.claims(got.AccessToken))
		raw, err := json.Marshal(w.userinfo(got.AccessToken))
		if err != nil {
			w.t.Fatal(err)
		}
		info := map[string]any{}
		if err := json.Unmarshal(raw, &info); err != nil {
			w.t.Fatal(err)
		}
		same("userinfo", preview.Userinfo, info)
		if _, err := w.Preview(w.t.Context(), c, 1, nil); err == nil {
			w.t.Error("a preview for nobody")
		}
		if _, err := w.Preview(w.t.Context(), c, 21992040, []string{"admin"}); err == nil {
			w.t.Error("a scope that the client may not ask for")
		}
		w.setting("svc1", "claims", `[{"claim":"svc:tier","value":1,"in":["access_token"]},{"claim":"svc:number","field":"ssoid","in":["access_token"]}]`)
		if c, err = w.Clients.Find(w.t.Context(), "svc1"); err != nil {
			w.t.Fatal(err)
		}
		if preview, err = w.Preview(w.t.Context(), c, 0, nil); err != nil || preview.AccessToken["svc:tier"] != 1.0 || preview.AccessToken["svc:number"] != nil ||
			preview.AccessToken["aud"] != "https://api.test/orders" || preview.AccessToken["scope"] != "orders.read orders.write" || preview.IDToken != nil {
			w.t.Errorf("%v %v", preview, err)
		}
		if claims := w.claims(w.machine("svc1")); claims["svc:tier"] != 1.0 || claims["svc:number"] != nil {
			w.t.Errorf("%v", claims)
		}
	})
}

// A person was asked about the claims of the application, not about those of the services behind it.
func TestExchangedTokenHasNoClaimsOfRules(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		w.setting("orders", "claims", `[{"claim":"orders:born","field":"birthdate"}]`)
		got := w.swapped("orders", w.shopped().AccessToken)
		if c := w.userinfo(got.AccessToken); c["orders:born"] != nil || c["email"] != "alice@x.test" {
			w.t.Errorf("%v", c)
		}
	})
}
