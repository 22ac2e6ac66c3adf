package cli

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pratu/flows/kind"
	"pratu/flows/passwords"
	"pratu/storage"
)

// Every code that a command can meet has a sentence; nobody should have to read codes.
func TestEveryCodeHasASentence(t *testing.T) {
	own := map[string]bool{ // these, and uri.…, carry a sentence of their own, or are met on pages only
		"account.claims": true, "client.invalid": true, "client.setting": true, "connector.invalid": true, "key.alg": true, "key.bits": true,
		"link.expired": true, "registration.expired": true, "registration.wrong_code": true, "registration.other_browser": true,
		"contact.unknown": true, "contact.too_many": true, "contact.last": true, "contact.invalid": true, "contact.number_taken": true,
		"code.no_sms": true, "code.expired": true, "end_session.expired": true,
		"account.gone": true, "profile.too_long": true, "profile.birthdate": true,
		"registration.secret": true, // games are told, by their API
		"directory.malformed": true, "directory.client": true, "directory.token": true, "directory.permission": true,
		"directory.not_yours": true, "directory.legacy_lookup": true, "directory.unknown": true, // by their API
		"registration.token": true, // an application is told, by the protocol
		"key.reused":         true, "key.busy": true,
		"profile.zoneinfo": true, "profile.locale": true, "profile.link": true,
	}
	codes := regexp.MustCompile(`(?:kind\.New\(kind\.\w+, |invalid\(|refuse\()"([a-z_]+\.[a-z_]+)"`)
	found := 0
	for _, room := range []string{"accounts", "apply", "clients", "connectors", "directory", "partner", "contact", "keys", "limits", "office", "passwords", "record", "webhooks"} {
		files, _ := filepath.Glob("../flows/" + room + "/*.go")
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range codes.FindAllStringSubmatch(string(raw), -1) {
				found++
				if !strings.HasSuffix(file, "_test.go") && !own[m[1]] && !strings.HasPrefix(m[1], "uri.") && sentences[m[1]] == "" {
					t.Errorf("%s: no sentence for %s", file, m[1])
				}
			}
		}
	}
	if found < 15 {
		t.Errorf("%d codes found only", found)
	}
	for code, text := range sentences {
		if strings.Contains(text, code) {
			t.Errorf("%s: %s", code, text)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{passwords.Check("short", 15), "the password is too short: it needs at least 15 characters"},
		{passwords.Check(strings.Repeat("long ", 60), 15), "the password is too long: it may have at most 256 characters"},
		{passwords.Check("password1234567", 15), "the password is one of those that everybody tries first: put a few unrelated words together"},
		{kind.New(kind.Invalid, "password.blocked").WithArg("reason", "new"), "the password is easily guessed: choose another one"},
		{kind.New(kind.Invalid, "key.bits").WithErr(errors.New("an RSA key has 2048 to 8192 bits")), "an RSA key has 2048 to 8192 bits"},
		{kind.New(kind.Invalid, "some.new").WithField("x"), "some.new (x)"},
		{storage.ErrConflict, "somebody else changed it at the same moment: run the command again"},
		{errors.New("as it is"), "as it is"},
	} {
		if got := plain(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
