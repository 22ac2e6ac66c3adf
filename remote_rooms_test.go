package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pratu/storage/storagetest"
)

// asked runs commands of another machine against the server, each with what its output has to hold.
type asked struct {
	t    *testing.T
	away *deployment
	base string
}

func (a asked) says(want string, command ...string) string {
	a.t.Helper()
	out := string(a.away.cli("", append(command, "--server", a.base)...))
	if !strings.Contains(out, want) {
		a.t.Errorf("%v: %s", command, out)
	}
	return out
}

// fails is a command that is refused with an exit code.
func (a asked) fails(code int, said string, command ...string) {
	a.t.Helper()
	if got, text := a.away.exit("", append(command, "--server", a.base)...); got != code || !strings.Contains(text, said) {
		a.t.Errorf("%v: %d %s", command, got, text)
	}
}

// tellsElsewhere has another machine set up what is told elsewhere, and look at what applications are told and ask.
func (p *party) tellsElsewhere() {
	p.t.Helper()
	a := asked{p.t, p.machine("tell", "admin:clients.read admin:accounts.read admin:webhooks.read admin:webhooks.write"), p.issuer}
	a.says(person, "client", "claims-preview", "314159", "--account", person)
	a.says(`"id_token": {`, "client", "claims-preview", "314159", "--account", person, "--scope", "openid", "-o", "json")
	a.fails(1, "may not ask for one of the scopes", "client", "claims-preview", "314159", "--account", person, "--scope", "admin")
	a.fails(3, "no such account", "client", "claims-preview", "314159", "--account", "nobody@example.com")
	a.says("CALL", "client", "usage")
	a.says("[]", "client", "usage", "314159", "--days", "90", "-o", "json")
	a.fails(1, "between 1 and 400", "client", "usage", "--days", "0")
	a.fails(3, "no such client: pratu client list", "client", "usage", "nothing")

	hook := strings.TrimSpace(a.says("", "webhook", "create", "--url", "http://127.0.0.1:1/hook", "--event", "account.created", "-q"))
	a.says(hook, "webhook", "list")
	a.says("http://127.0.0.1:1/hook", "webhook", "get", hook)
	a.says(`"description": "CRM"`, "webhook", "update", hook, "--description", "CRM", "-o", "json")
	a.fails(2, "exclude each other", "webhook", "update", hook, "--disable", "--enable")
	a.fails(1, "error: There is no event account.exploded", "webhook", "update", hook, "--event", "account.exploded")
	a.says(`"event": "webhook.test"`, "webhook", "test", hook, "-o", "json")
	a.says("webhook.test", "webhook", "test", hook)
	if list := a.says("webhook.test", "webhook", "deliveries", hook, "--limit", "1"); strings.Count(list, "webhook.test") != 1 {
		p.t.Error(list)
	}
	a.says("whsec_", "webhook", "rotate-secret", hook, "--overlap", "1h")
	a.fails(3, "no such delivery", "webhook", "replay", hook, "nothing")
	a.says("", "webhook", "delete", hook)
	a.fails(3, "no such webhook", "webhook", "test", hook)
}

// bindsElsewhere has another machine say what accounts are called at partners', and who may register applications.
func (p *party) bindsElsewhere() {
	p.t.Helper()
	a := asked{p.t, p.machine("bind", "admin:clients.read admin:clients.write admin:accounts.read admin:bindings.write admin:roles.write admin:audit.read"), p.issuer}
	binding := strings.TrimSpace(a.says("", "binding", "create", "--account", person, "--partner", "truemoney", "--external-id", "tmn.1", "-q"))
	a.says("tmn.1", "binding", "create", "--account", person, "--partner", "truemoney", "--external-id", "tmn.1") // once
	a.fails(4, "another id at this partner", "binding", "create", "--account", person, "--partner", "truemoney", "--external-id", "tmn.2")
	a.fails(1, "error: --partner is a name of", "binding", "create", "--account", person, "--partner", "True Money", "--external-id", "tmn.2")
	a.fails(2, "--account is missing", "binding", "list")
	a.fails(3, "no such account", "binding", "list", "--account", "nobody@example.com")
	a.says(binding, "binding", "list", "--account", person)
	a.says("", "binding", "end", binding)
	a.fails(3, "no such binding", "binding", "end", binding)
	a.says(`"status": "0"`, "binding", "list", "--account", person, "--all", "-o", "json")

	a.says("pratu_it_", "registration-token", "create", "--note", "shops", "--uses", "2", "--expires-in", "48h")
	token := strings.TrimSpace(a.says("", "registration-token", "create", "-q"))
	if list := a.says("shops", "registration-token", "list"); strings.Contains(list, "pratu_it_") {
		p.t.Error(list)
	}
	a.fails(1, "error: there is no such role: one of owner, ", "role", "grant", person, "emperor")
	a.fails(2, "error: there is no event signin.fail, did you mean signin.failed?", "audit", "export", "--event", "signin.fail")
	a.fails(1, "error: --uses is between", "registration-token", "create", "--uses", "0")
	a.says("", "registration-token", "delete", token)
	a.fails(3, "no such registration token", "registration-token", "delete", token)
	if out := string(p.cli("", "audit", "export", "--event", "registration_token.created")); strings.Count(out, `"actor":"bind"`)+strings.Count(out, `"actor_id":"bind"`) != 2 {
		p.t.Errorf("on the record: %s", out)
	}
}

// triesMailElsewhere has another machine try whether an administrator is reached.
func (p *party) triesMailElsewhere() {
	p.t.Helper()
	a := asked{p.t, p.machine("post", "admin:accounts.read admin:mail.read admin:mail.send"), p.issuer}
	a.fails(1, "goes to an administrator", "outbox", "test", person)
	p.cli("", "account", "create", "--email", "chief@example.com", "--verified")
	p.cli("", "role", "grant", "chief@example.com", "owner")
	sent := strings.TrimSpace(a.says("", "outbox", "test", "chief@example.com", "-q"))
	a.says(sent, "outbox", "get", sent)
	a.fails(1, "kind is mail or sms", "outbox", "test", "chief@example.com", "--kind", "fax")
	a.fails(3, "no such mail or text", "outbox", "get", "nothing")
}

// importsElsewhere has another machine bring accounts of another system, in parts that the file's line numbers outlast.
func (p *party) importsElsewhere() {
	p.t.Helper()
	a := asked{p.t, p.machine("move", "admin:accounts.import"), p.issuer}
	var good, bad strings.Builder
	for n := range 1203 {
		fmt.Fprintf(&good, `{"contacts":[{"type":"email","identifier":"moved%d@example.com","verified":true}]}`+"\n", n)
	}
	bad.WriteString(strings.Repeat("\n", 700) + strings.Repeat("x", 70<<10) + "\n\n" + `{"contacts":[{"type":"email","identifier":"moved7@example.com","verified":true}],"claim":{}}` + "\n" + strings.Repeat(`{"contacts":[]} `+strings.Repeat(" ", 60<<10)+"\n", 9))
	dir := p.t.TempDir()
	for name, text := range map[string]string{"good": good.String(), "bad": bad.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	a.says(`"imported": 1203`, "account", "import", filepath.Join(dir, "good"), "-o", "json")
	a.says(`"unchanged": 1203`, "account", "import", filepath.Join(dir, "good"), "-o", "json") // again
	rejects := filepath.Join(dir, "rejects")
	a.fails(1, "11 lines were refused", "account", "import", filepath.Join(dir, "bad"), "--rejects", rejects)
	told, err := os.ReadFile(rejects)
	for _, want := range []string{`"line":701,"code":"import.too_long"`, `"line":703,"code":"import.unknown_member","member":"claim","reason":"docs/import.md knows no such member, did you mean claims?"`, `"line":712,"code":"import.contacts"`} {
		if err != nil || !strings.Contains(string(told), want) {
			p.t.Errorf("%v: %s isn't in %s", err, want, told)
		}
	}
	if code, said := a.away.exit("a.b.c", "account", "import", "-", "--token-stdin", "--server", a.base); code != 2 || !strings.Contains(said, "can't be both") {
		p.t.Errorf("%d %s", code, said)
	}
	a.fails(1, "can't be read", "account", "import", filepath.Join(dir, "none"))
	other := asked{p.t, p.machine("other", "admin:accounts.create"), p.issuer}
	other.fails(1, "needs the scope admin:accounts.import", "account", "import", filepath.Join(dir, "good"))
}

// An import waits for the machine's next budget: a third part is more than this one allows.
func TestImportWaitsForItsBudget(t *testing.T) {
	d := newDeployment(t, storagetest.URLs(t)["sqlite"])
	d.env = append(d.env, "PRATU_LIMITS=admin.client=2/2s")
	p := newParty(d.serve(strings.TrimPrefix(d.issuer, "http://")))
	a := asked{t, p.machine("move", "admin:accounts.import"), p.issuer}
	file := filepath.Join(t.TempDir(), "people")
	var people strings.Builder
	for n := range 1100 {
		fmt.Fprintf(&people, `{"contacts":[{"type":"email","identifier":"m%d@example.com"}]}`+"\n", n)
	}
	if err := os.WriteFile(file, []byte(people.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	a.says(`"imported": 1100`, "account", "import", file, "-o", "json")
}
