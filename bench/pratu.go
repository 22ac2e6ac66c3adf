package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

const password = "seven lanterns over the klong"

// build makes the program as the Dockerfile does, with build tags.
func build(tags string) (path string, clean func(), err error) {
	dir, err := os.MkdirTemp("", "pratu-bench")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "pratu")
	cmd := exec.Command("go", "build", "-trimpath", "-tags="+tags, "-ldflags=-s -w", "-o", path, ".")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("%w\n%s", err, out)
	}
	return path, func() { _ = os.RemoveAll(dir) }, nil
}

// installation is a data directory with a database, clients and people.
type installation struct {
	path, engine string
	env          []string
	dir          string
	issuer, ops  string
	web, key     client // ID tokens RS256 and ES256
	machine      client
	database     string
	provider     *httptest.Server
}

// install prepares everything with the command line, as an operator would.
func install(path, engine string, accounts int) (*installation, error) {
	dir, err := os.MkdirTemp("", "pratu-bench")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	i := &installation{path: path, engine: engine, dir: dir,
		issuer: fmt.Sprintf("http://localhost:%d", ports[0]), ops: fmt.Sprintf("http://127.0.0.1:%d", ports[1])}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "PRATU_") {
			i.env = append(i.env, e)
		}
	}
	i.env = append(i.env, "PRATU_ISSUER="+i.issuer, "PRATU_DATA_DIR="+dir, "PRATU_LOG_FORMAT=json",
		fmt.Sprintf("PRATU_LISTEN=127.0.0.1:%d", ports[0]), fmt.Sprintf("PRATU_OPS_LISTEN=127.0.0.1:%d", ports[1]))
	i.provider = serveProvider()
	i.env = append(i.env, "PRATU_UPSTREAM_HOSTS=b2c.test="+i.provider.URL)
	if engine == "postgres" {
		if i.database, err = newDatabase(); err != nil {
			return nil, err
		}
		i.env = append(i.env, "PRATU_DATABASE_URL="+i.database)
	}
	// First-party: consent is a page of its own, and asked once a year.
	people, redirect := map[string]any{"first_party": true}, []string{callback}
	if i.web, err = i.client("web", map[string]any{"kind": "web", "redirect_uris": redirect, "settings": people}); err != nil {
		return nil, err
	}
	es256 := map[string]any{"kind": "web", "redirect_uris": redirect, "settings": people, "id_token_signed_response_alg": "ES256"}
	if i.key, err = i.client("es256", es256); err != nil {
		return nil, err
	}
	if i.machine, err = i.client("machine", map[string]any{"kind": "machine"}); err != nil {
		return nil, err
	}
	if err := i.title(); err != nil {
		return nil, err
	}
	return i, i.people(accounts)
}

// people imports accounts that can sign in. Their hashes are as cheap as those of the program for sign-ins; any other hashes
// anew at the first sign-in.
func (i *installation) people(n int) error {
	salt := []byte("saltsaltsaltsalt")
	hash := argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)
	var lines strings.Builder
	for k := range n {
		fmt.Fprintf(&lines, `{"contacts":[{"type":"email","identifier":"user%d@example.com","verified":true}],"password_hash":"$argon2id$v=19$m=8,t=1,p=1$%s$%s"}`+"\n",
			k, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
	}
	_, err := i.run(lines.String(), "account", "import", "-", "-o", "json")
	return err
}

func (i *installation) run(stdin string, args ...string) ([]byte, error) {
	cmd := exec.Command(i.path, args...)
	cmd.Env, cmd.Stdin = i.env, strings.NewReader(stdin)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("pratu %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return out, err
}

func (i *installation) client(id string, document map[string]any) (client, error) {
	document["client_id"] = id
	raw, err := json.Marshal(document)
	if err != nil {
		return client{}, err
	}
	out, err := i.run(string(raw), "client", "create", "-f", "-", "-o", "json")
	if err != nil {
		return client{}, err
	}
	var made struct {
		Secret string `json:"client_secret"`
	}
	err = json.Unmarshal(out, &made)
	return client{id, made.Secret}, err
}

// start runs the server several times, and leaves the last running.
func (i *installation) start(times int) (time.Duration, *exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(i.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, nil, err
	}
	defer log.Close()
	var took []time.Duration
	for n := range times {
		cmd := exec.Command(i.path, "serve")
		cmd.Env, cmd.Stdout, cmd.Stderr = i.env, log, log
		d, cmd, err := startUp(i.target("start", i.web), cmd)
		if err != nil {
			text, _ := os.ReadFile(filepath.Join(i.dir, "server.log"))
			return 0, nil, fmt.Errorf("%w\n%s", err, text)
		}
		took = append(took, d)
		if n == times-1 {
			return median(took), cmd, nil
		}
		stop(cmd)
	}
	return 0, nil, errors.New("-starts must be at least 1")
}

func (i *installation) target(name string, web client) *target {
	return &target{name: name, issuer: i.issuer, ops: i.ops, web: web, machine: i.machine, redirectURI: callback,
		username: "user%d@example.com", password: password}
}

func (i *installation) remove() {
	_ = os.RemoveAll(i.dir)
	i.provider.Close()
	if i.database != "" {
		_ = dropDatabase(i.database)
	}
}

// begin installs a program and starts it, ready for a load whose ID tokens are ES256.
func begin(path, engine, name string, s settings) (i *installation, r *ready, end func(), err error) {
	if i, err = install(path, engine, s.load.workers*crowd); err != nil {
		return nil, nil, nil, err
	}
	_, cmd, err := i.start(1)
	if err != nil {
		i.remove()
		return nil, nil, nil, err
	}
	end = func() { stop(cmd); i.remove() }
	t := i.target(name, i.key)
	t.procs = watchedWith(cmd.Process.Pid, engine == "postgres")
	if r, err = newReady(t, s.load.workers); err != nil {
		end()
		return nil, nil, nil, err
	}
	return i, r, end, nil
}

// measure takes the figures of one engine: everything with ES256 ID tokens, and with RS256 what signs them.
func measure(path, engine string, s settings) error {
	if engine == "postgres" && os.Getenv("PRATU_TEST_POSTGRES") == "" {
		fmt.Println("postgres: SKIPPED, no server is installed (scripts/with-postgres.sh starts one)")
		return nil
	}
	i, err := install(path, engine, s.load.workers*crowd)
	if err != nil {
		return err
	}
	defer i.remove()
	took, cmd, err := i.start(s.starts)
	if err != nil {
		return err
	}
	defer stop(cmd)
	time.Sleep(3 * time.Second)
	procs := watchedWith(cmd.Process.Pid, engine == "postgres")
	fmt.Printf("\n%s: start to healthy %.0f ms (goal 100), idle memory %.0f MiB (goal 40)\n", engine, ms(took), procs[0].rssMiB())
	for _, web := range []struct {
		alg    string
		client client
	}{{"ES256", i.key}, {"RS256", i.web}} {
		t := i.target(engine+" "+web.alg, web.client)
		t.procs = procs
		chosen := s
		if web.alg == "RS256" {
			chosen.ops = signing(s.ops)
		}
		if len(chosen.ops) == 0 {
			continue
		}
		if err := i.measure(t, web.alg, chosen); err != nil {
			return err
		}
	}
	return nil
}

func (i *installation) measure(t *target, alg string, s settings) error {
	r, err := newReady(t, s.load.workers)
	if err != nil {
		return err
	}
	defer r.rt.CloseIdleConnections()
	if err := i.settle(r, s); err != nil {
		return err
	}
	var floor *ready
	if s.floor {
		f, end, err := startFloor(alg, i.database, s.durable, s.load.workers)
		if err != nil {
			return err
		}
		defer end()
		floor = f
	}
	results, floors, err := measureAll(r, floor, s)
	if err != nil {
		return err
	}
	report(os.Stdout, i.engine+", "+r.traits, s, results, floors, alg)
	return nil
}

// settle is what time does to a database: its tables have been used a little, and PostgreSQL has looked at them, as it does
// within a minute of that. The plans of empty tables are no measure.
func (i *installation) settle(t *ready, s settings) error {
	if i.database == "" {
		return nil
	}
	s.repeat, s.load.duration, s.load.warm = 1, time.Second, 0
	if _, _, err := measureAll(t, nil, s); err != nil {
		return err
	}
	db, err := sql.Open("postgres", i.database)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`VACUUM ANALYZE`)
	return err
}

// signing are the operations whose cost depends on the algorithm of ID tokens.
func signing(ops []operation) []operation {
	var out []operation
	for _, op := range ops {
		if op.name == "refresh" || op.name == "sso" || strings.HasPrefix(op.name, "login") {
			out = append(out, op)
		}
	}
	return out
}
