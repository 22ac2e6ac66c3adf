package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
)

// exit runs a command and returns its exit code and what it printed for people.
func (d *deployment) exit(stdin string, args ...string) (int, string) {
	d.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stderr = d.env, strings.NewReader(stdin), &stderr
	err := cmd.Run()
	failed := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &failed) {
		d.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// machine is another machine, without database and keys, with a token of the admin API for scopes.
func (p *party) machine(id, scopes string) *deployment {
	p.t.Helper()
	const clientSecret = "another secret of thirty-two characters"
	p.cli(clientSecret, "client", "create", "--kind", "machine", "--id", id, "--secret-stdin", "--scope", scopes)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scopes}, "client_id": {id}, "client_secret": {clientSecret}}
	answer, err := p.http.PostForm(p.issuer+"/oauth2/token", form)
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(read(p.t, answer, err)), &got); err != nil || got.Token == "" {
		p.t.Fatalf("no token: %v", err)
	}
	away := *p.deployment
	away.env = nil
	for _, e := range p.env {
		if !strings.HasPrefix(e, "PRATU_") {
			away.env = append(away.env, e)
		}
	}
	away.env = append(away.env, "PRATU_TOKEN="+got.Token)
	return &away
}

// elsewhere administers the server from another machine: commands ask the admin API with a token, and no database.
func (p *party) elsewhere() {
	p.t.Helper()
	away := p.machine("deploy", "admin:clients.read admin:clients.write admin:clients.secrets admin:accounts.create admin:accounts.read admin:accounts.write admin:accounts.merge admin:keys.read admin:roles.read admin:connectors.write admin:connectors.read")
	says := func(want string, command ...string) {
		p.t.Helper()
		if out := away.cli("", append(command, "--server", p.issuer)...); !strings.Contains(string(out), want) {
			p.t.Errorf("%v: %s", command, out)
		}
	}
	says("314159", "client", "list")
	says(`"client_name": "App"`, "client", "create", "--kind", "native", "--id", "app", "--name", "App", "--redirect-uri", "http://127.0.0.1/back", "-o", "json")
	says(`"access_token_lifetime": 600`, "client", "update", "app", "--set", "access_token_lifetime=600", "--post-logout-redirect-uri", "http://127.0.0.1/bye", "-o", "json")
	says(`"client_name": "App"`, "client", "get", "app", "-o", "json")
	says(person, "account", "get", person)
	says("nong@example.com", "account", "create", "--email", "nong@example.com", "--verified", "-o", "json")
	says("ES256", "key", "list")
	says("kind", "connector", "create", "--kind", "oidc", "--id", "corp", "--client-id", "x", "--set", "issuer=https://idp.example.com")
	says(`"domains": [`, "connector", "update", "corp", "--set", "domains=example.com", "-o", "json")
	key := strings.TrimSpace(string(away.cli("", "api-key", "create", "--client", "deploy", "--note", "CI", "-q", "--server", p.issuer)))
	says("CI", "api-key", "list", "--client", "deploy")
	says("", "api-key", "revoke", key, "--client", "deploy")
	for _, c := range []struct {
		code  int
		said  string
		stdin string
		args  []string
	}{
		{3, "there is no such client: pratu client list shows all", "", []string{"client", "get", "nothing", "--server", p.issuer}},
		{3, "there is no such account", "", []string{"account", "disable", "No", "--reason", "x", "--server", p.issuer}}, // how a name begins names nobody
		{4, "error: a client with this id exists already", "", []string{"client", "create", "--kind", "native", "--id", "app", "--redirect-uri", "http://127.0.0.1/back", "--server", p.issuer}},
		{2, "error: --overlap is between 0 and 720h", "", []string{"client", "rotate-secret", "deploy", "--overlap", "99999h", "--server", p.issuer}},
		{2, "error: --client is missing", "", []string{"api-key", "create", "--server", p.issuer}},
		{2, "error: --bits is for RSA", "", []string{"key", "rotate", "--alg", "ES256", "--bits", "4096", "--server", p.issuer}},
		{1, "/typo: unknown member", `{"kind":"native","redirect_uris":["http://127.0.0.1/back"],"typo":1}`, []string{"client", "create", "-f", "-", "--server", p.issuer}},
		{1, "/typo: unknown member", `{"redirect_uris":["http://127.0.0.1/back"],"typo":1}`, []string{"client", "update", "app", "-f", "-", "--server", p.issuer}},
		{1, "/redirect_uris/0: ", "", []string{"client", "create", "--kind", "web", "--redirect-uri", "http://example.com/", "--server", p.issuer}},
		{3, "no such", "", []string{"api-key", "revoke", key, "--client", "app", "--server", p.issuer}}, // another's
		{1, "needs the scope admin:keys.rotate", "", []string{"key", "rotate", "--server", p.issuer}},
		{2, "the admin API has no backup", "", []string{"backup", "x", "--server", p.issuer}},
		{2, "write the issuer's address", "", []string{"client", "list", "--server", "http://id.example.com"}}, // in the clear
		{1, "the access token is invalid", "nonsense", []string{"client", "list", "--token-stdin", "--server", p.issuer}},
	} {
		if code, said := away.exit(c.stdin, c.args...); code != c.code || !strings.Contains(said, c.said) {
			p.t.Errorf("%v: %d %s", c.args, code, said)
		}
	}
	if code, said := p.exit("", "client", "list", "--server", p.issuer); code != 2 || !strings.Contains(said, "PRATU_TOKEN") {
		p.t.Errorf("without a token: %d %s", code, said)
	}
}

// triesOut signs in as an application of this machine would, by command and browser.
func (p *party) triesOut(b *browser) {
	p.t.Helper()
	cmd := exec.Command(os.Args[0], "client", "test", "app", "--scope", "openid email", "-o", "json")
	var out bytes.Buffer
	cmd.Env, cmd.Stdout = p.env, &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	request := ""
	for lines := bufio.NewScanner(stderr); request == "" && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "http") {
			request = lines.Text()
		}
	}
	asked, err := url.Parse(request)
	if err != nil || request == "" {
		p.t.Fatalf("no address: %v", err)
	}
	forged, err := http.Get(asked.Query().Get("redirect_uri") + "?code=stolen&state=guessed") // a page of the same browser
	if body := read(p.t, forged, err); forged.StatusCode != http.StatusNotFound {
		p.t.Errorf("a forged answer: %d %s", forged.StatusCode, body)
	}
	b.submit(b.get(request, "/consent"), "consent", "/back", "decision", "allow")
	if err := cmd.Wait(); err != nil {
		p.t.Fatal(err)
	}
	var result struct {
		Scope    string `json:"scope"`
		Userinfo struct{ Email string }
		Says     struct {
			Payload struct{ Aud string }
		} `json:"id_token_says"`
	}
	if err := json.Unmarshal(out.Bytes(), &result); err != nil || result.Userinfo.Email != person || result.Says.Payload.Aud != "app" || result.Scope != "openid email" {
		p.t.Errorf("%v %s", err, out.String())
	}
}

// What a client must have to be tried out from a terminal is said.
func (p *party) cantTryOut() {
	p.t.Helper()
	for name, said := range map[string]string{"deploy": "nobody signs in to deploy", "314159": "--secret-stdin"} {
		if code, got := p.exit("", "client", "test", name); code != 2 || !strings.Contains(got, said) {
			p.t.Errorf("%s: %d %s", name, code, got)
		}
	}
}
