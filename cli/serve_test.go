package cli

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"pratu/storage"
)

// Who mends one reason not to start and is told of the next has to restart for each: a schema that is too new and
// addresses that are taken are told together with what is wrong in the configuration.
func TestProblemsOfTheStartAtOnce(t *testing.T) {
	dir := t.TempDir()
	store, err := storage.Open(t.Context(), storage.Options{URL: "sqlite:" + filepath.Join(dir, databaseFile)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	env := []string{"PRATU_DATA_DIR=" + dir, "PRATU_LISTEN=" + addr, "PRATU_OPS_LISTEN=nowhere", "PRATU_X=1", "PRATU_SECRET_KEY=AAAA"}
	for command, want := range map[string][]string{
		"serve": {"PRATU_X", "issuer http://id.test", `ops_listen "nowhere"`, "mail is not set", "secret_key", "listen " + addr + " is in use", "newer schema"},
		"dev": {
			"PRATU_X", "issuer http://id.test", `ops_listen "nowhere"`, "mail is not set", "secret_key",
			"demo-listen " + addr + " is in use", "listen " + addr + " is in use", "newer schema",
		},
	} {
		line := []string{"pratu", command, "--issuer", "http://id.test"}
		if command == "dev" {
			line = append(line, "--demo-listen", addr)
		}
		var stdout, stderr bytes.Buffer
		code := Run(context.WithoutCancel(t.Context()), line, env, strings.NewReader(""), &stdout, &stderr)
		got := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		if code != 1 || len(got) != len(want) {
			t.Fatalf("%s ended with %d and said\n%s", command, code, &stderr)
		}
		for i, part := range want {
			if !strings.Contains(got[i], part) {
				t.Errorf("%s: line %d is %q, want a part %q", command, i, got[i], part)
			}
		}
	}
}
