package server_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/server/formtest"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// manage speaks to the registration endpoint or, with an id, to a client's own.
func (w *world) manage(method, id, token, body string) reply {
	w.t.Helper()
	path := "/oauth2/register"
	if id != "" {
		path += "/" + id
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.do(r)
}

func document(t *testing.T, members map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(members)
	must(t, err)
	return string(raw)
}

// self registers an application at the open door.
func (w *world) registered(members map[string]any) map[string]any {
	w.t.Helper()
	w.self.Guard = clients.GuardOpen
	answer := w.manage(http.MethodPost, "", "", document(w.t, members))
	if answer.StatusCode != http.StatusCreated {
		w.t.Fatalf("%d %s", answer.StatusCode, answer.body)
	}
	return answer.json(w.t)
}

// MI-14: registration is closed unless somebody opened it.
func TestRegistrationGuards(t *testing.T) {
	each(t, func(w *world) {
		body := `{"redirect_uris":["https://self.test/cb"]}`
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut, http.MethodDelete} {
			id := "web1"
			if method == http.MethodPost {
				id = ""
			}
			w.refused(w.manage(method, id, "pratu_mt_x", body), http.StatusNotFound, "not_found")
		}
		w.self.Guard = clients.GuardToken
		answer := w.manage(http.MethodPost, "", "", body)
		w.refused(answer, http.StatusUnauthorized, "invalid_token")
		if got := answer.Header.Get("WWW-Authenticate"); got != `Bearer realm="pratu"` {
			t.Errorf("challenge %q", got)
		}
		if !strings.Contains(answer.body, `"error_description":"a registration token is needed`) {
			t.Error(answer.body)
		}
		w.refused(w.manage(http.MethodPost, "", "pratu_it_unknown", body), http.StatusUnauthorized, "invalid_token")

		made, token, err := w.self.NewInitialToken(t.Context(), "for two", 2, time.Hour)
		must(t, err)
		if strings.Contains(made.Hash, token) || !strings.HasPrefix(token, "pratu_it_") {
			t.Errorf("%+v", made)
		}
		// What is refused costs nothing; of many at once, as many register as the token says.
		w.refused(w.manage(http.MethodPost, "", token, `{}`), http.StatusBadRequest, "invalid_redirect_uri")
		var group sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 6 {
			group.Go(func() {
				status := w.manage(http.MethodPost, "", token, body).StatusCode
				mu.Lock()
				defer mu.Unlock()
				statuses[status]++
			})
		}
		group.Wait()
		if statuses[http.StatusCreated] != 2 || statuses[http.StatusUnauthorized] != 4 {
			t.Errorf("a token for two: %v", statuses)
		}
		_, token, err = w.self.NewInitialToken(t.Context(), "", 1, time.Hour)
		must(t, err)
		w.pass(time.Hour)
		w.refused(w.manage(http.MethodPost, "", token, body), http.StatusUnauthorized, "invalid_token")

		w.self.Guard = clients.GuardOpen
		w.refused(w.manage(http.MethodPost, "", token, body), http.StatusUnauthorized, "invalid_token")
		for range 20 {
			w.registered(map[string]any{"redirect_uris": []string{"https://self.test/cb"}})
		}
		answer = w.manage(http.MethodPost, "", "", body)
		w.refused(answer, http.StatusTooManyRequests, "slow_down")
		if answer.Header.Get("Retry-After") == "" {
			t.Error("not told when")
		}
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM clients WHERE origin = 'dynamic'`); n != 22 {
			t.Errorf("%d clients registered themselves", n)
		}
	})
}

// RFC 7591 section 3.2.1: the answer shows all that was registered, and what a stranger may not set isn't.
func TestRegistrationAnswers(t *testing.T) {
	each(t, func(w *world) {
		v := w.registered(map[string]any{
			"redirect_uris": []string{"https://self.test/cb"}, "client_name": "Self", "client_id": "web1", "client_secret": "chosen",
			"kind": "machine", "first_party": true, "settings": map[string]any{"first_party": true, "require_pkce": false},
			"scope": "openid email orders.read", "allowed_origins": []string{"https://evil.test"}, "Redirect_URIs": "ignored",
			"software_statement": "ignored", "contacts": nil, "dpop_bound_access_tokens": false,
		})
		id, secret, token := text(v, "client_id"), text(v, "client_secret"), text(v, "registration_access_token")
		switch {
		case id == "web1" || id == "" || secret == "chosen" || !strings.HasPrefix(secret, "pratu_cs_"):
			t.Errorf("%v", v)
		case v["client_secret_expires_at"] != 0.0 || v["client_id_issued_at"] != float64(w.now().Unix()):
			t.Errorf("times of %v", v)
		case v["registration_client_uri"] != op+"/oauth2/register/"+id || !strings.HasPrefix(token, "pratu_mt_"):
			t.Errorf("%v", v)
		case v["scope"] != "openid email" || v["id_token_signed_response_alg"] != "RS256" || v["token_endpoint_auth_method"] != "client_secret_basic":
			t.Errorf("%v", v)
		case v["kind"] != nil || v["settings"] != nil || v["allowed_origins"] != nil:
			t.Errorf("tells what is ours: %v", v)
		}
		c, err := w.clients.Find(t.Context(), id)
		must(t, err)
		if c.FirstParty() || !c.Unverified() || !c.RequirePKCE() || c.Kind != clients.KindWeb || c.Allows(clients.GrantRefresh) {
			t.Errorf("%+v", c)
		}
		row, err := w.store.Client(t.Context(), id)
		must(t, err)
		if row.Origin != storage.OriginDynamic || strings.Contains(row.RegistrationHash, token) {
			t.Errorf("%+v", row)
		}
		if _, err := w.clients.Update(t.Context(), id, func(d *clients.Document) error { d.Settings.FirstParty = true; return nil }); err == nil {
			t.Error("an administrator made it first-party by mistake")
		}
		for _, secret := range []string{secret, token} {
			if strings.Contains(w.log.String(), secret) {
				t.Error("the log holds a secret")
			}
		}
		public := w.registered(map[string]any{"redirect_uris": []string{"com.example.self:/cb"}, "token_endpoint_auth_method": "none"})
		if public["client_secret"] != nil || public["client_secret_expires_at"] != nil || public["application_type"] != "native" || public["id_token_signed_response_alg"] != "RS256" {
			t.Errorf("%v", public)
		}
	})
}

// RFC 7591 section 3.2.2, MI-15 and MI-16 at the endpoint: which member is wrong, and why.
func TestRegistrationRefusals(t *testing.T) {
	each(t, func(w *world) {
		w.self.Guard = clients.GuardOpen
		good := `"redirect_uris":["https://self.test/cb"]`
		for body, want := range map[string]string{
			`{"redirect_uris":["JaVaScRiPt:alert(1)"]}`:                                 "invalid_redirect_uri redirect_uris/0",
			`{"redirect_uris":["https://self.test/cb#x"]}`:                              "invalid_redirect_uri redirect_uris/0",
			`{"redirect_uris":["http://self.test/cb"]}`:                                 "invalid_redirect_uri redirect_uris/0",
			`{"redirect_uris":[]}`:                                                      "invalid_redirect_uri redirect_uris",
			`{"redirect_uris":"https://self.test/cb"}`:                                  "invalid_redirect_uri redirect_uris",
			`{` + good + `,"jwks_uri":"http://127.0.0.1:5432/"}`:                        "invalid_client_metadata jwks_uri",
			`{` + good + `,"logo_uri":"file:///etc/passwd"}`:                            "invalid_client_metadata logo_uri",
			`{` + good + `,"grant_types":["client_credentials"]}`:                       "invalid_client_metadata grant_types/0",
			`{` + good + `,"id_token_signed_response_alg":"none"}`:                      "invalid_client_metadata id_token_signed_response_alg",
			`{` + good + `,"id_token_encrypted_response_alg":"RSA-OAEP"}`:               "invalid_client_metadata id_token_encrypted_response_alg",
			`{` + good + `,"client_name":"a","client_name":"b"}`:                        "invalid_client_metadata client_name",
			`{` + good + `,"client_name":"\u0007"}`:                                     "invalid_client_metadata client_name",
			`{` + good + `,"token_endpoint_auth_method":"client_\"secret\"_jwt\u0e01"}`: "invalid_client_metadata token_endpoint_auth_method",
			`[]`: "invalid_client_metadata not one JSON object", `{} {}`: "invalid_client_metadata not one", `{`: "invalid_client_metadata not one",
		} {
			answer := w.manage(http.MethodPost, "", "", body)
			code, member, _ := strings.Cut(want, " ")
			w.refused(answer, http.StatusBadRequest, code)
			got := text(answer.json(t), "error_description")
			if !strings.HasPrefix(got, member) || !description.MatchString(got) {
				t.Errorf("%s: %q, want %s", body, got, member)
			}
			storagetest.Exec(t, w.url, `DELETE FROM limits`)
		}
		r := httptest.NewRequest(http.MethodPost, "/oauth2/register", strings.NewReader(good))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.refused(w.do(r), http.StatusUnsupportedMediaType, "invalid_request")
		w.refused(w.manage(http.MethodPost, "", "", `{"client_name":"`+strings.Repeat("a", 70_000)+`"}`), http.StatusRequestEntityTooLarge, "invalid_request")
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM clients WHERE origin <> ''`); n != 0 {
			t.Errorf("%d were registered", n)
		}
	})
}

// RFC 7592: a client reads, replaces and deletes itself, and nobody else does.
func TestRegistrationManagement(t *testing.T) {
	each(t, func(w *world) {
		one := w.registered(map[string]any{"redirect_uris": []string{"https://one.test/cb"}, "client_name": "One", "policy_uri": "https://one.test/privacy"})
		two := w.registered(map[string]any{"redirect_uris": []string{"https://two.test/cb"}})
		id, token := text(one, "client_id"), text(one, "registration_access_token")
		for _, wrong := range []struct{ id, token string }{
			{id, ""}, {id, "pratu_mt_wrong"}, {id, text(two, "registration_access_token")}, {"web1", token}, {"web1", ""}, {"nobody", token},
		} {
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
				w.refused(w.manage(method, wrong.id, wrong.token, `{"client_id":"`+wrong.id+`"}`), http.StatusUnauthorized, "invalid_token")
			}
		}
		answer := w.manage(http.MethodGet, id, token, "")
		if v := answer.json(t); answer.StatusCode != http.StatusOK || v["client_name"] != "One" || v["client_secret"] != nil || v["registration_access_token"] != token {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		put := func(members map[string]any) reply { return w.manage(http.MethodPut, id, token, document(t, members)) }
		uris := []string{"https://one.test/other"}
		answer = put(map[string]any{"client_id": id, "client_secret": one["client_secret"], "redirect_uris": uris, "client_name": "Uno", "policy_uri": nil})
		v := answer.json(t)
		if list, _ := v["redirect_uris"].([]any); answer.StatusCode != http.StatusOK || v["client_name"] != "Uno" || v["policy_uri"] != nil || len(list) != 1 || list[0] != uris[0] {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		w.refused(put(map[string]any{"redirect_uris": uris}), http.StatusBadRequest, "invalid_client_metadata")
		w.refused(put(map[string]any{"client_id": "web1", "redirect_uris": uris}), http.StatusBadRequest, "invalid_client_metadata")
		w.refused(put(map[string]any{"client_id": id, "redirect_uris": uris, "client_secret": "my own choice of a secret"}), http.StatusBadRequest, "invalid_client_metadata")
		w.refused(put(map[string]any{"client_id": id, "redirect_uris": uris, "token_endpoint_auth_method": "none"}), http.StatusBadRequest, "invalid_client_metadata")
		w.refused(put(map[string]any{"client_id": id, "redirect_uris": []string{"ftp://one.test/"}}), http.StatusBadRequest, "invalid_redirect_uri")

		_, err := w.clients.Update(t.Context(), id, func(d *clients.Document) error { d.Disabled = true; return nil })
		must(t, err)
		w.refused(w.manage(http.MethodGet, id, token, ""), http.StatusForbidden, "access_denied")
		w.refused(put(map[string]any{"client_id": id, "redirect_uris": uris}), http.StatusForbidden, "access_denied")
		_, err = w.clients.Update(t.Context(), id, func(d *clients.Document) error { d.Disabled = false; return nil })
		must(t, err)
		if answer := w.manage(http.MethodDelete, id, token, ""); answer.StatusCode != http.StatusNoContent || answer.body != "" {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		w.refused(w.manage(http.MethodGet, id, token, ""), http.StatusUnauthorized, "invalid_token")
		w.refused(w.post("/oauth2/token", id, text(one, "client_secret"), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}), http.StatusUnauthorized, "invalid_client")
	})
}

// picture is a logo of one colour as PNG.
func picture(t *testing.T, size int) string {
	t.Helper()
	drawn := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.Draw(drawn, drawn.Rect, image.NewUniform(color.RGBA{200, 30, 60, 255}), image.Point{}, draw.Src)
	var out bytes.Buffer
	must(t, png.Encode(&out, drawn))
	return out.String()
}

// A logo is fetched once, through the guarded client, and drawn anew; pages show our copy and nothing from elsewhere.
func TestRegistrationLogo(t *testing.T) {
	each(t, func(w *world) {
		logo := func(kind, body string) (client map[string]any, answer reply) {
			t.Helper()
			w.remote.serve("https://self.test/logo", kind, body)
			client = w.registered(map[string]any{"redirect_uris": []string{"https://self.test/cb"}, "logo_uri": "https://self.test/logo"})
			if asked := w.remote.requests(); len(asked) != 1 || asked[0] != "self.test/logo" {
				t.Errorf("fetched %v", asked)
			}
			return client, w.do(httptest.NewRequest(http.MethodGet, "/client-logo/"+text(client, "client_id"), nil))
		}
		_, answer := logo("image/png", picture(t, 300))
		drawn, err := png.Decode(strings.NewReader(answer.body))
		must(t, err)
		if r, g, b, _ := drawn.At(64, 64).RGBA(); drawn.Bounds().Dx() != 128 || r>>8 != 200 || g>>8 != 30 || b>>8 != 60 || answer.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%v %v", drawn.Bounds(), answer.Header)
		}
		for name, body := range map[string]string{
			"an SVG": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "nothing": "", "a bomb": picture(t, 2000),
			"half a picture": picture(t, 300)[:200],
		} {
			client, answer := logo("image/png", body)
			if answer.StatusCode != http.StatusNotFound || client["logo_uri"] != "https://self.test/logo" {
				t.Errorf("%s: %d %v", name, answer.StatusCode, client)
			}
		}
		// It follows its client.
		client, _ := logo("image/png", picture(t, 20))
		id, token := text(client, "client_id"), text(client, "registration_access_token")
		body := document(t, map[string]any{"client_id": id, "redirect_uris": []string{"https://self.test/cb"}})
		if answer := w.manage(http.MethodPut, id, token, body); answer.StatusCode != http.StatusOK {
			t.Errorf("%d %s", answer.StatusCode, answer.body)
		}
		if answer := w.do(httptest.NewRequest(http.MethodGet, "/client-logo/"+id, nil)); answer.StatusCode != http.StatusNotFound {
			t.Errorf("a logo stays: %d", answer.StatusCode)
		}
	})
}

// HP-20: nobody vetted an application that registered itself, and the page says so. It is shown with where the browser
// goes, not with an address it may call its own; its words have no place in mails.
func TestRegistrationConsent(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.remote.serve("https://self.test/logo.png", "image/png", picture(t, 20))
		client := s.registered(map[string]any{
			"redirect_uris": []string{"https://self.test/cb"}, "client_name": "My Bank", "client_name#TH-th": "ธนาคาร", "client_uri": "https://bank.test/",
			"policy_uri": "https://self.test/privacy", "policy_uri#th": "https://self.test/th/privacy", "tos_uri": "https://self.test/terms",
			"logo_uri": "https://self.test/logo.png",
		})
		id := text(client, "client_id")
		if client["client_name#th"] != "ธนาคาร" || client["policy_uri#th"] != "https://self.test/th/privacy" {
			t.Errorf("%v", client)
		}
		for _, x := range []struct{ locale, name, policy, warning string }{
			{"en", "My Bank", "https://self.test/privacy", "We don’t know who runs this application."},
			{"th", "ธนาคาร", "https://self.test/th/privacy", "เราไม่ทราบว่าใครเป็น"},
		} {
			b := s.browser()
			b.cookies["__Host-pratu_locale"] = x.locale
			login := b.asked("client_id", id, "redirect_uri", "https://self.test/cb", "scope", "openid", "ui_locales", x.locale, "prompt", "consent")
			login.expect(t, 200, x.name, "self.test", x.policy, "https://self.test/terms", `src="/client-logo/`+id)
			page := b.to(b.proceed(b.submit(login, "sign-in", "username", malisMail, "password", malisPassword)), "/consent")
			page.expect(t, 200, x.name, "self.test", x.policy, "https://self.test/terms", x.warning)
			if strings.Contains(page.body+login.body, "bank.test") {
				t.Error("a page shows an address that anybody may write")
			}
			if code := b.proceed(b.submit(page, "consent", "decision", "allow")).query(t).Get("code"); code == "" {
				t.Error("no code")
			}
			b.get("/account/applications").expect(t, 200, x.name, "self.test", x.warning)
		}
		s.delivered()
		mailed := func(client, uri string) string {
			b := s.browser()
			page := b.asked("client_id", client, "redirect_uri", uri, "scope", "openid")
			b.send(post("/login/code", changed(formtest.Find(t, page.body, "sign-in").Values, "username", malisMail)))
			mails := s.delivered()
			if len(mails) != 1 {
				t.Fatalf("%d mails", len(mails))
			}
			s.pass(time.Hour)
			return mails[0].Data.Client
		}
		if one, other := mailed(id, "https://self.test/cb"), mailed("web1", rp); one != "" || other != "web1" {
			t.Errorf("mails say %q and %q", one, other)
		}
	})
}
