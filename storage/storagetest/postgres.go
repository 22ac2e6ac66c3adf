package storagetest

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"pratu/migrations"
	"pratu/storage"
)

const missing = "SKIPPED on PostgreSQL: it isn't installed (apt-get install postgresql) and PRATU_TEST_POSTGRES names no server"

// errMissing is a machine without PostgreSQL; any other failure to start it fails the tests.
var errMissing = errors.New("PostgreSQL is not installed")

// server is the PostgreSQL of this test process. It is started by the first test that asks for it.
var server = sync.OnceValues(startPostgres)

type postgres struct {
	url      *url.URL // of the database postgres or whichever the environment names
	admin    *sql.DB
	template string      // a migrated database to copy
	watcher  *os.File    // held open: its end is the server's end
	making   *sync.Mutex // one CREATE DATABASE at a time: they wait for each other anyway, and time out when many do
	spare    *spares
	schema   string // what emptied compares with
}

// available tells whether there is a server. With CI=true its absence is a failure: a suite that nobody ran proves nothing.
func available(t *testing.T) bool {
	t.Helper()
	_, err := server()
	switch {
	case err == nil:
		return true
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Log(missing)
		return false
	}
	t.Fatal(err)
	return false
}

func freshPostgres(t *testing.T, migrated bool) string {
	t.Helper()
	p, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name, template := "pratu_test_"+random(), "template0"
	if migrated {
		if kept := p.spare.take(); kept != "" {
			t.Cleanup(func() { p.giveBack(t, kept) })
			return p.database(kept)
		}
		template = p.template
	}
	p.making.Lock()
	_, err = p.admin.Exec("CREATE DATABASE " + name + " TEMPLATE " + template)
	p.making.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if migrated {
			p.giveBack(t, name)
		} else {
			p.drop(t, name)
		}
	})
	return p.database(name)
}

// giveBack keeps a migrated database for the next test.
func (p *postgres) giveBack(t *testing.T, name string) {
	if p.emptied(name) {
		p.spare.give(name)
		return
	}
	p.drop(t, name)
}

func (p *postgres) drop(t *testing.T, name string) {
	if _, err := p.admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
		t.Log(err)
	}
}

func (p *postgres) database(name string) string {
	u := *p.url
	u.Path = "/" + name
	return u.String()
}

func random() string {
	var b [6]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func startPostgres() (*postgres, error) {
	p := &postgres{making: &sync.Mutex{}, spare: &spares{}}
	raw := os.Getenv("PRATU_TEST_POSTGRES")
	if raw == "" {
		var err error
		if raw, p.watcher, err = spawn(); err != nil {
			return nil, err
		}
	}
	var err error
	if p.url, err = url.Parse(raw); err != nil {
		return nil, errors.New("PRATU_TEST_POSTGRES is no postgres:// URL")
	}
	if h := p.url.Hostname(); !p.url.Query().Has("sslmode") && (h == "" || h == "localhost" || h == "127.0.0.1") {
		q := p.url.Query()
		q.Set("sslmode", "disable")
		p.url.RawQuery = q.Encode()
	}
	if p.admin, err = sql.Open("postgres", p.url.String()); err != nil {
		return nil, err
	}
	return p, p.makeTemplate()
}

// makeTemplate makes the migrated database that tests copy. On a shared server test processes use one together; its
// name carries the schema, and it gets that name only when it is complete.
func (p *postgres) makeTemplate() error {
	p.template = "pratu_template_" + schema()
	ctx := context.Background()
	conn, err := p.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	const lock = 7_782_788
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", lock)
	var exists bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", p.template).Scan(&exists); err != nil || exists {
		return err
	}
	unfinished := "pratu_test_" + random()
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+unfinished+" TEMPLATE template0"); err != nil {
		return err
	}
	if err := migrate(p.database(unfinished)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+p.template)
	return err
}

func migrate(url string) error {
	ctx := context.Background()
	s, err := storage.Open(ctx, storage.Options{URL: url})
	if err != nil {
		return err
	}
	_, err = s.Migrate(ctx)
	return errors.Join(err, s.Close())
}

// schema is a digest of the migrations.
func schema() string {
	h := sha256.New()
	_ = fs.WalkDir(migrations.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, _ := fs.ReadFile(migrations.Files, path)
			fmt.Fprintf(h, "%s %d %s", path, len(text), text)
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// script is the watcher. It outlives the test process however that ends: the end of its standard input, a pipe whose
// other end only the test process holds, makes it stop the server and remove the directory.
const script = `
trap '' INT HUP
cd /
base=/tmp # a database is 300 files, each of them cheaper to make in memory
[ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 2000000 ] && base=/dev/shm
dir=$(mktemp -d "$base/pratu-pg.XXXXXX") || exit 1
end() { "$0/pg_ctl" -D "$dir/data" -m immediate stop; rm -rf "$dir"; }
trap end EXIT
trap 'exit 1' TERM
"$0/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync 2>&1 || exit 1
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
"$0/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start 2>&1 || { cat "$dir/log"; exit 1; }
echo "ready $dir"
exec >/dev/null 2>&1
while read -r line; do :; done
`

// spawn starts a private server and returns the URL of its socket.
func spawn() (url string, held *os.File, err error) {
	bin := binaries()
	if bin == "" {
		return "", nil, errMissing
	}
	cmd := exec.Command("sh", "-c", script, bin)
	if os.Geteuid() == 0 { // the server refuses to run as root
		if _, err := user.Lookup("postgres"); err != nil {
			return "", nil, fmt.Errorf("%w: there is no user postgres for it to run as", errMissing)
		}
		cmd = exec.Command("su", "postgres", "-s", "/bin/sh", "-c", script, bin)
	}
	in, held, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer in.Close()
	cmd.Stdin = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stuck := time.AfterFunc(2*time.Minute, func() { _ = held.Close(); _ = out.Close() })
	defer stuck.Stop()
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if dir, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			return "postgres://postgres@/postgres?sslmode=disable&host=" + dir, held, nil
		}
		said = append(said, lines.Text())
	}
	_ = held.Close()
	return "", nil, fmt.Errorf("PostgreSQL doesn't start: %w: %s", errors.Join(cmd.Wait()), strings.Join(said, "\n"))
}

// binaries is the directory of the newest installed server, "" for none.
func binaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { // 9.6 < 10 < 15
		if d := len(a) - len(b); d != 0 && !strings.Contains(a+b, ".") {
			return d
		}
		return strings.Compare(a, b)
	})
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			found = append(found, path)
		}
	}
	for _, initdb := range slices.Backward(found) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(initdb), "pg_ctl")); err == nil {
			return filepath.Dir(initdb)
		}
	}
	return ""
}

// Hold keeps everybody from writing into a table until it is released. waits tells whether somebody stands before it, in
// the midst of a transaction.
func Hold(t *testing.T, url, table string) (waits func() bool, release func()) {
	t.Helper()
	db := raw(t, url)
	tx, err := db.BeginTx(t.Context(), nil)
	ok(t, err)
	_, err = tx.ExecContext(t.Context(), "LOCK TABLE "+table+" IN SHARE MODE")
	ok(t, err)
	return func() bool {
		return number(t, db, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO `+table+`%'`) > 0
	}, func() { _ = tx.Rollback() }
}
