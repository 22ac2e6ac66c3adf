package oidc_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/flows/oidc"
	"pratu/storage"
)

const (
	ordersAPI   = "https://api.test/orders"
	stockAPI    = "https://api.test/stock"
	typeAccess  = "urn:ietf:params:oauth:token-type:access_token"
	typeIDToken = "urn:ietf:params:oauth:token-type:id_token"
)

// services are a shop, the service that it calls, and the one that this calls in turn for the same person.
func (w *world) services() {
	w.t.Helper()
	exchanges := func(own ...string) clients.Metadata {
		return clients.Metadata{Scope: "openid email orders.read stock.read", GrantTypes: append(own, clients.GrantExchange)}
	}
	for _, d := range []clients.Document{
		{ClientID: "shop", Kind: clients.KindWeb, ClientSecret: secrets["shop"],
			Metadata: clients.Metadata{RedirectURIs: []string{rp}, Scope: "openid email profile offline_access orders.read stock.read",
				GrantTypes: []string{clients.GrantCode, clients.GrantRefresh, clients.GrantExchange}},
			Settings: clients.Settings{Resources: []string{ordersAPI, stockAPI}, TokenExchange: &clients.Exchange{
				Impersonation: true, Delegation: true, Scopes: []string{"openid", "email"}, Audiences: []string{ordersAPI},
			}}},
		{ClientID: "orders", Kind: clients.KindMachine, ClientSecret: secrets["orders"], Metadata: exchanges(clients.GrantClientCredentials),
			Settings: clients.Settings{TokenExchange: &clients.Exchange{
				SubjectClients: []string{"shop", "orders"}, SubjectAudiences: []string{ordersAPI, "shop"}, Impersonation: true, Delegation: true,
				Audiences: []string{stockAPI, "stock"}, Scopes: []string{"openid", "email", "stock.read"},
			}}},
		{ClientID: "stock", Kind: clients.KindMachine, ClientSecret: secrets["stock"], Metadata: exchanges(clients.GrantClientCredentials),
			Settings: clients.Settings{TokenExchange: &clients.Exchange{SubjectClients: []string{"orders"}, Delegation: true}}},
	} {
		if _, _, err := w.Clients.Create(w.t.Context(), d); err != nil {
			w.t.Fatalf("%s: %v", d.ClientID, err)
		}
	}
	w.consent("shop")
}

// swap is a token exchange with changes as key, value.
func (w *world) swap(client, subject string, changes ...string) (*oidc.Tokens, error) {
	w.t.Helper()
	v := url.Values{"grant_type": {clients.GrantExchange}, "subject_token": {subject}, "subject_token_type": {typeAccess}}
	for i := 0; i < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
	return w.token(w.t.Context(), client, v)
}

func (w *world) swapped(client, subject string, changes ...string) *oidc.Tokens {
	w.t.Helper()
	got, err := w.swap(client, subject, changes...)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// shopped is what alice gives the shop for the orders service.
func (w *world) shopped(changes ...string) *oidc.Tokens {
	w.t.Helper()
	return w.tokens("shop", rp, append([]string{"scope", "openid email offline_access stock.read orders.read", "resource", ordersAPI}, changes...)...)
}

// machine is a service's own token.
func (w *world) machine(client string) string {
	w.t.Helper()
	got, err := w.token(w.t.Context(), client, url.Values{"grant_type": {clients.GrantClientCredentials}})
	if err != nil {
		w.t.Fatal(err)
	}
	return got.AccessToken
}

func TestTokenExchange(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		shop := w.shopped()
		w.clock.pass(time.Minute)

		w.swapped("orders", shop.AccessToken) // fills the client cache
		var got *oidc.Tokens
		w.costs(2, "a token exchange", func() { got = w.swapped("orders", shop.AccessToken, "resource", stockAPI) })
		if got.IssuedType != typeAccess || got.TokenType != "Bearer" || got.RefreshToken != "" || got.IDToken != "" || got.Scope != "openid email stock.read" {
			w.t.Errorf("%+v", got)
		}
		before, after := w.claims(shop.AccessToken), w.claims(got.AccessToken)
		for name, want := range map[string]any{
			"sub": "21992040", "client_id": "orders", "aud": stockAPI, "act": nil, "gid": before["gid"],
			"exp": before["exp"], "scope": "openid email stock.read",
		} {
			if after[name] != want {
				w.t.Errorf("%s is %v, want %v", name, after[name], want)
			}
		}

		delegated := w.swapped("orders", shop.AccessToken, "actor_token", w.machine("orders"), "actor_token_type", typeAccess, "audience", "stock", "scope", "stock.read")
		again := w.swapped("stock", delegated.AccessToken, "actor_token", w.machine("stock"), "actor_token_type", typeAccess)
		act, _ := w.claims(again.AccessToken)["act"].(map[string]any)
		inner, _ := act["act"].(map[string]any)
		if act["sub"] != "stock" || inner["sub"] != "orders" || inner["act"] != nil {
			w.t.Errorf("act is %v", act)
		}
		stock, err := w.Clients.Get(w.t.Context(), "stock")
		if err != nil {
			w.t.Fatal(err)
		}
		seen, err := w.Introspect(w.t.Context(), stock, delegated.AccessToken) // it is meant for stock
		if err != nil || !seen.Active || seen.ClientID != "orders" || seen.Act == nil || seen.Act.Subject != "orders" || seen.Scope != "stock.read" {
			w.t.Errorf("%+v %v", seen, err)
		}

		a, err := w.Access(w.t.Context(), got.AccessToken)
		if err != nil {
			w.t.Fatal(err)
		}
		info, err := w.Userinfo(w.t.Context(), a)
		if err != nil || info.Claims["sub"] != "21992040" || info.Claims["email"] != "alice@x.test" {
			w.t.Errorf("%v %v", info, err)
		}
		events, err := w.Store.AuditOfAccount(w.t.Context(), "account-alice", storage.At(w.clock.now())+1, 10)
		if err != nil || len(events) != 4 || events[0].Event != "token.exchanged" {
			w.t.Fatalf("%+v %v", events, err)
		}
		for _, e := range events {
			if e.ClientID == "stock" && (e.ActorID != "stock" || !strings.Contains(e.Details, `"act":{"sub":"stock","act":{"sub":"orders"}}`) ||
				!strings.Contains(e.Details, `"subject":"21992040"`) || !strings.Contains(e.Details, `"subject_client":"orders"`)) {
				w.t.Errorf("%+v", e)
			}
		}
		page, err := w.Store.AuditPage(w.t.Context(), "account-alice", storage.At(w.clock.now())+1, "", 10)
		if err != nil || len(page) != 0 {
			w.t.Errorf("people's own page shows what services do among themselves: %+v %v", page, err)
		}
	})
}

// The claims parameter is the person's word to the client that sent it, and to no other.
func TestExchangedTokenTellsScopesOnly(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		shop := w.shopped("claims", `{"userinfo":{"birthdate":null}}`)
		for token, want := range map[string]any{shop.AccessToken: "1990-01-31", w.swapped("orders", shop.AccessToken).AccessToken: nil} {
			a, err := w.Access(w.t.Context(), token)
			if err != nil {
				w.t.Fatal(err)
			}
			if info, err := w.Userinfo(w.t.Context(), a); err != nil || info.Claims["birthdate"] != want {
				w.t.Errorf("%v %v", info, err)
			}
		}
	})
}

func TestExchangeOfIDToken(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		shop := w.shopped()
		got := w.swapped("shop", shop.IDToken, "subject_token_type", typeIDToken, "resource", ordersAPI, "scope", "email")
		if c := w.claims(got.AccessToken); c["gid"] != w.claims(shop.AccessToken)["gid"] || c["aud"] != ordersAPI || c["scope"] != "email" {
			w.t.Errorf("%v", c)
		}
		if c := w.claims(w.tokens("web1", rp).IDToken); c["gid"] != nil {
			w.t.Error("ID tokens of clients that exchange nothing name their grant")
		}
		_, err := w.swap("orders", shop.IDToken, "subject_token_type", typeIDToken) // another client's, though its access tokens may be exchanged
		w.refused(err, oidc.InvalidRequest)
		_, err = w.swap("web1", shop.IDToken, "subject_token_type", typeIDToken)
		w.refused(err, oidc.UnauthorizedClient)
		_, err = w.swap("shop", shop.IDToken) // an ID token is no access token
		w.refused(err, oidc.InvalidRequest)
		_, err = w.swap("shop", shop.AccessToken, "subject_token_type", typeIDToken)
		w.refused(err, oidc.InvalidRequest)
		w.clock.pass(time.Hour)
		_, err = w.swap("shop", shop.IDToken, "subject_token_type", typeIDToken)
		w.refused(err, oidc.InvalidRequest)
	})
}

// N36: what is exchanged was looked at as by introspection, and has to be the client's to exchange.
func TestExchangeAttacks(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		shop := w.shopped()
		unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + strings.Split(shop.AccessToken, ".")[1] + "."
		foreign, err := w.keys.Sign("ES256", "at+jwt", map[string]any{
			"iss": "https://other.test", "sub": "21992040", "aud": ordersAPI, "client_id": "shop", "jti": "1", "exp": w.clock.now().Add(time.Hour).Unix(),
			"gid": w.claims(shop.AccessToken)["gid"],
		})
		if err != nil {
			w.t.Fatal(err)
		}
		for name, subject := range map[string]string{
			"alg none": unsigned, "other issuer": foreign, "refresh token": shop.RefreshToken, "not a token": "x", "too long": strings.Repeat("x", 20<<10),
			"confused deputy: of an allowed client, meant for another": w.tokens("shop", rp, "scope", "openid", "resource", stockAPI).AccessToken,
			"of a client that isn't allowed":                           w.tokens("web1", rp).AccessToken,
			"nobody's":                                                 w.machine("orders"),
		} {
			_, err := w.swap("orders", subject)
			if err == nil {
				w.t.Errorf("%s was taken", name)
				continue
			}
			w.refused(err, oidc.InvalidRequest)
		}
		for name, c := range map[string]struct {
			code    string
			changes []string
		}{
			"no subject":             {oidc.InvalidRequest, []string{"subject_token", ""}},
			"no type":                {oidc.InvalidRequest, []string{"subject_token_type", ""}},
			"saml":                   {oidc.InvalidRequest, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:saml2"}},
			"asks for an ID token":   {oidc.InvalidRequest, []string{"requested_token_type", typeIDToken}},
			"type without actor":     {oidc.InvalidRequest, []string{"actor_token_type", typeAccess}},
			"actor without type":     {oidc.InvalidRequest, []string{"actor_token", w.machine("orders")}},
			"actor of another":       {oidc.InvalidRequest, []string{"actor_token", w.machine("stock"), "actor_token_type", typeAccess}},
			"scope not the client's": {oidc.InvalidScope, []string{"scope", "orders.read"}},
			"scope not the token's":  {oidc.InvalidScope, []string{"scope", "admin"}},
			"offline":                {oidc.InvalidScope, []string{"scope", "offline_access"}},
			"target":                 {oidc.InvalidTarget, []string{"resource", ordersAPI}},
			"audience":               {oidc.InvalidTarget, []string{"audience", "shop"}},
			"not a URI":              {oidc.InvalidTarget, []string{"resource", "stock"}},
		} {
			_, err := w.swap("orders", shop.AccessToken, c.changes...)
			if err == nil || oidc.Answer(err).Code != c.code {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		_, err = w.swap("spa1", shop.AccessToken)
		w.refused(err, oidc.UnauthorizedClient)
		_, err = w.swap("svc1", shop.AccessToken)
		w.refused(err, oidc.UnauthorizedClient)
		delegated := w.swapped("orders", shop.AccessToken, "audience", "stock")
		_, err = w.swap("stock", delegated.AccessToken) // it may delegate only
		w.refused(err, oidc.InvalidRequest)
	})
}

func TestExchangeChainEnds(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		token, self := w.shopped().AccessToken, w.machine("orders")
		var err error
		n := 0
		for ; n < 20; n++ {
			got, failure := w.swap("orders", token, "actor_token", self, "actor_token_type", typeAccess)
			if err = failure; err != nil {
				break
			}
			token = got.AccessToken
		}
		w.refused(err, oidc.InvalidRequest)
		if n != 4 {
			w.t.Errorf("%d actors", n)
		}
		if c := w.claims(w.swapped("orders", token).AccessToken); c["act"] == nil {
			w.t.Error("impersonation hides who acted before")
		}
		_, err = w.swap("orders", self, "actor_token", token, "actor_token_type", typeAccess)
		w.refused(err, oidc.InvalidRequest)
		_, err = w.swap("orders", w.shopped().AccessToken, "actor_token", token, "actor_token_type", typeAccess) // somebody acts for it
		w.refused(err, oidc.InvalidRequest)
	})
}

// What was exchanged dies with what it was exchanged for, and can't be exchanged any more.
func TestExchangedTokenDies(t *testing.T) {
	for name, end := range map[string]func(w *world, shop *oidc.Tokens) error{
		"revoked": func(w *world, shop *oidc.Tokens) error {
			c, err := w.Clients.Get(w.t.Context(), "shop")
			if err != nil {
				return err
			}
			return w.Revoke(w.t.Context(), c, shop.RefreshToken)
		},
		"signed out": func(w *world, _ *oidc.Tokens) error {
			return w.Store.EndSessionsOfAccount(w.t.Context(), "account-alice", "", storage.At(w.clock.now()))
		},
		"account to be deleted": func(w *world, _ *oidc.Tokens) error {
			now := storage.At(w.clock.now())
			return w.Store.CloseAccount(w.t.Context(), "account-alice", now, now+1)
		},
		"client disabled": func(w *world, _ *oidc.Tokens) error {
			_, err := w.Clients.Update(w.t.Context(), "shop", func(d *clients.Document) error { d.Disabled = true; return nil })
			return err
		},
		"expired": func(w *world, _ *oidc.Tokens) error { w.clock.pass(time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.services()
				shop := w.shopped()
				first := w.swapped("orders", shop.AccessToken)
				w.clock.pass(10 * time.Minute)
				late := w.swapped("orders", shop.AccessToken)
				if late.ExpiresIn != 3000 || !w.alive(first.AccessToken) || !w.alive(late.AccessToken) {
					w.t.Errorf("%+v", late)
				}
				if err := end(w, shop); err != nil {
					w.t.Fatal(err)
				}
				w.clock.pass(2 * time.Second)
				if w.alive(first.AccessToken) || w.alive(late.AccessToken) {
					w.t.Error("the exchanged token outlives it")
				}
				_, err := w.swap("orders", shop.AccessToken)
				w.refused(err, oidc.InvalidRequest)
				_, err = w.swap("orders", late.AccessToken)
				w.refused(err, oidc.InvalidRequest)
				if _, err = w.swap("shop", shop.IDToken, "subject_token_type", typeIDToken); name == "client disabled" {
					w.refused(err, oidc.InvalidClient)
				} else {
					w.refused(err, oidc.InvalidRequest)
				}
			})
		})
	}
}

// A service that revokes what it got by exchange doesn't sign the person out of the application.
func TestExchangedTokenRevokedAlone(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		shop := w.shopped()
		got, other := w.swapped("orders", shop.AccessToken), w.swapped("orders", shop.AccessToken)
		c, err := w.Clients.Get(w.t.Context(), "orders")
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.Revoke(w.t.Context(), c, got.AccessToken); err != nil {
			w.t.Fatal(err)
		}
		if w.alive(got.AccessToken) || !w.alive(other.AccessToken) || !w.alive(shop.AccessToken) {
			w.t.Errorf("%v %v %v", w.alive(got.AccessToken), w.alive(other.AccessToken), w.alive(shop.AccessToken))
		}
		_, err = w.swap("orders", got.AccessToken)
		w.refused(err, oidc.InvalidRequest)
	})
}

// The client whose tokens are exchanged may name who alone acts by them; each token says it to whoever reads it.
func TestMayAct(t *testing.T) {
	each(t, func(w *world) {
		w.services()
		delegate := func(token, actor string) (*oidc.Tokens, error) {
			return w.swap("orders", token, "actor_token", w.machine(actor), "actor_token_type", typeAccess, "audience", "stock", "scope", "stock.read")
		}
		before := w.shopped().AccessToken
		if _, err := w.Clients.Update(t.Context(), "shop", func(d *clients.Document) error { d.Settings.MayAct = "stock"; return nil }); err != nil {
			t.Fatal(err)
		}
		after := w.shopped().AccessToken
		if may, _ := w.claims(after)["may_act"].(map[string]any); may["sub"] != "stock" || w.claims(before)["may_act"] != nil {
			t.Errorf("%v, %v", w.claims(before), w.claims(after))
		}
		for _, token := range []string{before, after} { // what the client says now counts
			_, err := delegate(token, "orders")
			w.refused(err, oidc.InvalidRequest)
		}
		shop, err := w.Clients.Get(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		if seen, err := w.Introspect(t.Context(), shop, after); err != nil || seen.MayAct == nil || seen.MayAct.Subject != "stock" {
			t.Errorf("%+v %v", seen, err)
		}
		if _, err := w.Clients.Update(t.Context(), "shop", func(d *clients.Document) error { d.Settings.MayAct = "orders"; return nil }); err != nil {
			t.Fatal(err)
		}
		got, err := delegate(w.shopped().AccessToken, "orders")
		if err != nil {
			t.Fatal(err)
		}
		if act, _ := w.claims(got.AccessToken)["act"].(map[string]any); act["sub"] != "orders" || w.claims(got.AccessToken)["may_act"] != nil {
			t.Errorf("%v", w.claims(got.AccessToken))
		}
		if _, err := w.Clients.Update(t.Context(), "shop", func(d *clients.Document) error { d.Settings.MayAct = "a/b"; return nil }); err == nil {
			t.Error("a/b may act")
		}
	})
}
