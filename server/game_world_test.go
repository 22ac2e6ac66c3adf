package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/flows/mail"
)

// games is the site with titles: 77, which calls that name none belong to, 78, and the servers of 77.
type games struct {
	*site
	t *testing.T
}

func onGames(t *testing.T, run func(t *testing.T, g *games)) {
	t.Helper()
	onSite(t, func(t *testing.T, s *site) {
		g := &games{s, t}
		for _, d := range []clients.Document{
			{ClientID: "77", Kind: clients.KindGame, Metadata: clients.Metadata{ClientName: "Takraw", AllowedOrigins: []string{"https://game.test"}}},
			{ClientID: "78", Kind: clients.KindGame},
			{ClientID: "79", Kind: clients.KindGame, Settings: clients.Settings{Always200: true}},
			{ClientID: "srv77", Kind: clients.KindMachine, ClientSecret: s2, Settings: clients.Settings{Title: "77"}, Metadata: clients.Metadata{Scope: "players.read players.write"}},
			{ClientID: "read77", Kind: clients.KindMachine, ClientSecret: s2, Settings: clients.Settings{Title: "77"}, Metadata: clients.Metadata{Scope: "players.read"}},
		} {
			_, _, err := s.clients.Create(t.Context(), d)
			must(t, err)
		}
		s.players.DefaultTitle = "77"
		run(t, g)
	})
}

// call posts JSON to the game API; header is name, value, name, value.
func (g *games) call(name string, body any, header ...string) reply {
	g.t.Helper()
	raw, isText := body.(string)
	if !isText {
		b, err := json.Marshal(body)
		must(g.t, err)
		raw = string(b)
	}
	return g.send(http.MethodPost, "/api/v1/auth/"+name, raw, header...)
}

func (g *games) send(method, path, body string, header ...string) reply {
	g.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := g.do(r)
	if answer.Header.Get("Cache-Control") != "no-store" {
		g.t.Errorf("%s %s may be kept: %v", method, path, answer.Header)
	}
	if r.Header.Get("X-Client-Identifier") != "79" { // a title of always_200
		conforms(g.t, gameAPI, r, body, answer)
	}
	return answer
}

func (g *games) get(path, token string, header ...string) reply {
	g.t.Helper()
	return g.send(http.MethodGet, "/api/v1/"+path, "", append([]string{"Authorization", token}, header...)...)
}

type kv map[string]any

// refused expects the envelope of a failure, and nothing in it but what belongs there.
func (g *games) refused(answer reply, status int, code string) {
	g.t.Helper()
	body := answer.json(g.t)
	data, _ := body["data"].(map[string]any)
	if answer.StatusCode != status || data["code"] != code || body["isSuccess"] != false {
		g.t.Errorf("%s %s: %d %s, want %d %s", answer.Request.Method, answer.Request.URL.Path, answer.StatusCode, answer.body, status, code)
	}
	g.like(answer, `{"data":{"message":"…","success":false,"code":"invalid_credentials"},"isSuccess":false}`)
}

// data is a success's.
func (g *games) data(answer reply) any {
	g.t.Helper()
	body := answer.json(g.t)
	if answer.StatusCode != http.StatusOK || body["isSuccess"] != true {
		g.t.Fatalf("%s %s: %d %s", answer.Request.Method, answer.Request.URL.Path, answer.StatusCode, answer.body)
	}
	return body["data"]
}

func (g *games) token(answer reply) string {
	g.t.Helper()
	token, isText := g.data(answer).(string)
	if !isText {
		g.t.Fatalf("no token: %s", answer.body)
	}
	return token
}

// like compares an answer with a sample of the contract: the names and the JSON type of each value.
func (g *games) like(answer reply, sample string) {
	g.t.Helper()
	var got, want any
	must(g.t, json.Unmarshal([]byte(answer.body), &got))
	must(g.t, json.Unmarshal([]byte(sample), &want))
	if x, y := shape(got), shape(want); !reflect.DeepEqual(x, y) {
		g.t.Errorf("%s answers %v, the contract has %v", answer.Request.URL.Path, x, y)
	}
}

const sampleUser = `{"data":{"id":"5b51ae5e083713dbe7d4f6f0","name":"","firstname":"","lastname":"","email":"player@example.com",
 "gender":"","birthdate":"","tel":"","authenTypeId":-1,"authenId":"","authenToken":"","verified":true,
 "verifiedAt":"2018-07-20T10:26:50.003Z","roles":["user"],"createAt":"2018-07-20T09:41:50.66Z",
 "lastModified":"2018-07-20T10:24:11.53Z"},"isSuccess":true}`

const sampleMailed = `{"data":{"message":"Verification email will send to you as player@example.com","secret":"…","success":true},"isSuccess":true}`

const (
	playersMail     = "player@x.test"
	playersPassword = "nine green windows at night"
)

// registered registers an address and returns the handle and the mail.
func (g *games) registered(email, password string, header ...string) (handle string, m letter) {
	g.t.Helper()
	answer := g.call("register", kv{"email": email, "password": password}, header...)
	data, _ := g.data(answer).(map[string]any)
	g.like(answer, sampleMailed)
	return data["secret"].(string), g.one(mail.TemplateVerify, email)
}

// joined is a player with an address, and the token of a session.
func (g *games) joined(email string) (oid, token string) {
	g.t.Helper()
	_, m := g.registered(email, playersPassword)
	data, _ := g.data(g.call("verifyAccount", kv{"secret": m.Data.Token})).(map[string]any)
	return data["id"].(string), g.token(g.call("login", kv{"email": email, "password": playersPassword}))
}

// server is an access token of a title's own server.
func (g *games) server(client string) string {
	g.t.Helper()
	answer := g.post("/oauth2/token", client, s2, url.Values{"grant_type": {"client_credentials"}})
	return "Bearer " + text(answer.json(g.t), "access_token")
}
