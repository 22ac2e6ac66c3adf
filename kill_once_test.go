package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pratu/storage/storagetest"
)

// TestKilledOnce pulls the plug between a deed of the admin API and the note of what it was answered. Whoever repeats the
// request under its Idempotency-Key has one thing then, which works, and not two.
func TestKilledOnce(t *testing.T) {
	for engine, database := range storagetest.URLs(t) {
		t.Run(engine, func(t *testing.T) {
			m := newMachine(t, database)
			for _, d := range []struct{ name, path, body, rows string }{
				{"webhook", "/webhooks", `{"url":"https://hooks.example.com/x","events":["account.created"]}`, "webhooks"},
				{"its secret", "/webhooks/{id}/secrets", `{"overlap":60}`, "audit WHERE event = 'webhook.secret_rotated'"},
				{"client", "/clients", `{"kind":"machine","client_name":"Shop"}`, "clients"},
				{"its secret", "/clients/{client_id}/secrets", `{"overlap":60}`, "client_secrets"},
				{"its key", "/clients/{client_id}/api-keys", `{"note":"CI"}`, "api_keys"},
				{"account", "/accounts", `{"email":"mali@example.com","email_verified":true,"password":"a long password of hers"}`, "accounts"},
				{"signing key", "/keys", `{"alg":"ES256","now":true}`, "signing_keys"},
			} {
				m.once(d.name, d.path, d.body, d.rows)
			}
		})
	}
}

// machine is a program that administers a provider which dies again and again.
type machine struct {
	*deployment
	replica *replica
	token   string
	made    map[string]any // the members of all answers
}

func newMachine(t *testing.T, database string) *machine {
	t.Helper()
	d := newDeployment(t, database)
	const clientSecret = "another secret of thirty-two characters"
	scope := "admin:webhooks.write admin:clients.read admin:clients.write admin:clients.secrets admin:accounts.create admin:keys.rotate"
	m := &machine{deployment: d, replica: d.serve(strings.TrimPrefix(d.issuer, "http://")), made: map[string]any{}}
	d.cli(clientSecret, "client", "create", "--kind", "machine", "--id", "deploy", "--secret-stdin", "--scope", scope)
	answer, err := m.replica.http.PostForm(d.issuer+"/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope}, "client_id": {"deploy"}, "client_secret": {clientSecret},
	})
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(read(t, answer, err)), &got); err != nil || got.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	m.token = got.Token
	return m
}

// once sends a request that is broken off right before its answer is noted, and repeats it until there is one.
func (m *machine) once(name, path, body, rows string) {
	m.t.Helper()
	for member, value := range m.made {
		if text, is := value.(string); is {
			path = strings.ReplaceAll(path, "{"+member+"}", text)
		}
	}
	count := func() int64 { return storagetest.Count(m.t, m.database, "SELECT COUNT(*) FROM "+rows) }
	before := count()
	m.breakOff(name, path, body)
	storagetest.Exec(m.t, m.database, `UPDATE answers SET created_at = created_at - 60000 WHERE answer = ''`) // a minute passes
	status, first := m.post(path, body)
	if status != http.StatusCreated {
		m.t.Fatalf("%s: %d %s", name, status, first)
	}
	if again, second := m.post(path, body); again != status || second != first {
		m.t.Errorf("%s: %d %s, and then %s", name, again, first, second)
	}
	if n := count() - before; n != 1 {
		m.t.Errorf("%s: done %d times", name, n)
	}
	if err := json.Unmarshal([]byte(first), &m.made); err != nil {
		m.t.Error(err)
	}
}

func (m *machine) breakOff(name, path, body string) {
	m.t.Helper()
	stalls, release := storagetest.Stall(m.t, m.database, "answers")
	answered := make(chan int, 1)
	go func() {
		status, _ := m.post(path, body)
		answered <- status
	}()
	for deadline := time.Now().Add(20 * time.Second); !stalls(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Errorf("%s: nothing is noted", name)
			break
		}
	}
	m.replica.kill()
	if status := <-answered; status != 0 {
		m.t.Errorf("%s was answered with %d", name, status)
	}
	release()
	m.replica = m.serve(strings.TrimPrefix(m.issuer, "http://"))
}

// post sends a request under a key of its own; 0 is one that isn't answered.
func (m *machine) post(path, body string) (int, string) {
	r, err := http.NewRequest(http.MethodPost, m.issuer+"/admin/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	r.Header = http.Header{"Authorization": {"Bearer " + m.token}, "Content-Type": {"application/json"}, "Idempotency-Key": {path}}
	answer, err := m.replica.http.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}
