package cli

import (
	"encoding/json"
	"net/http"
	"testing"

	"pratu/flows/kind"
)

// A refusal of the admin API is told as the command tells it where the server runs, if the answer has all that this takes.
func TestRefusalsOfTheServer(t *testing.T) {
	for _, c := range []struct {
		body, want string
		exit       int
	}{
		{`{"status":409,"code":"client.exists","detail":"This id is taken, or the form was sent twice."}`, sentences["client.exists"], exitConflict},
		{`{"status":404,"code":"client.unknown","detail":"there is no such application"}`, sentences["client.unknown"], exitNotFound},
		{`{"status":400,"code":"client.overlap","detail":"x","errors":[{"pointer":"/overlap","code":"client.overlap","detail":"x"}]}`, sentences["client.overlap"], exitError},
		{`{"status":400,"code":"role.unknown","detail":"x","errors":[{"pointer":"/role","code":"role.unknown","detail":"x"}]}`, sentences["role.unknown"], exitError},
		{`{"status":409,"code":"role.last_owner","detail":"x"}`, sentences["role.last_owner"], exitError},
		{`{"status":412,"code":"client.changed","detail":"x"}`, sentences["client.changed"], exitConflict},
		{`{"status":400,"code":"audit.event","detail":"there is no event x","errors":[{"pointer":"/event","code":"audit.event","detail":"there is no event x"}]}`, "there is no event x", exitUsage},
		{`{"status":400,"code":"password.blocked","detail":"It is your name."}`, sentences["password.blocked"], exitError},
		{`{"status":409,"code":"connector.too_many","detail":"There are 200.\u001b[2J"}`, "There are 200.[2J", exitConflict},
		{`{"status":403,"code":"office.forbidden","detail":"this needs the scope x"}`, "this needs the scope x", exitError},
		{`{"status":400,"code":"client.invalid","detail":"x","errors":[{"pointer":"/logo","code":"client.logo","detail":"too big"}]}`, "/logo: too big", exitError},
		{`{"status":400,"code":"some.new","detail":"as it is"}`, "as it is", exitError},
	} {
		p := &refusal{}
		if err := json.Unmarshal([]byte(c.body), p); err != nil {
			t.Fatal(err)
		}
		if got := p.Error(); got != c.want || exitCode(p) != c.exit {
			t.Errorf("%s: %q, %d", c.body, got, exitCode(p))
		}
	}
}

// What the server makes of a kind is what the exit code is made of where the server runs.
func TestExitCodesAreTheSame(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{
		{kind.New(kind.NotFound, "client.unknown"), http.StatusNotFound}, {kind.New(kind.Exists, "client.exists"), http.StatusConflict},
		{kind.New(kind.Conflict, "client.changed"), http.StatusPreconditionFailed}, {kind.New(kind.Invalid, "role.unknown"), http.StatusBadRequest},
		{kind.New(kind.Forbidden, "role.last_owner"), http.StatusConflict}, {kind.New(kind.Invalid, "audit.until"), http.StatusBadRequest},
		{kind.New(kind.RateLimited, "limit.exceeded"), http.StatusTooManyRequests},
	} {
		p := &refusal{}
		p.Status, p.Code = c.status, kind.Code(c.err)
		if here, there := exitCode(c.err), exitCode(p); here != there {
			t.Errorf("%v: %d here, %d there", c.err, here, there)
		}
	}
}
