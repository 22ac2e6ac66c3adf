package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// known is how many imported people are searched; all other accounts only make the directory large.
const known = 10_000

// found is what a search cost when the directory held so many accounts.
type found struct {
	engine    string
	accounts  int
	hit, miss result
	plan      string // PostgreSQL's, without numbers
	buffers   string
	perAcct   float64 // bytes, of whole databases
}

// directory is an installation whose accounts come by import, as an operator's do.
type directory struct {
	*installation
	partner  client
	imported int
	db       *sql.DB // PostgreSQL only
	empty    int64   // bytes before the first account
}

// scaleDirectory shows that a search costs the same however many accounts there are, and how fast they are imported.
func scaleDirectory(path, engine string, sizes []int, toImport int, s settings) error {
	i, err := install(path, engine, 0)
	if err != nil {
		return err
	}
	defer i.remove()
	i.env = append(i.env, "PRATU_LIMITS=search.client=1000000000/1m,search.identifier=1000000000/1h,search.all=1000000000/1m")
	d := &directory{installation: i}
	if d.partner, err = i.client("2171", map[string]any{"kind": "machine", "settings": map[string]any{"permissions": []string{"accounts.search"}}}); err != nil {
		return err
	}
	if engine == "postgres" {
		if d.db, err = sql.Open("postgres", i.database); err != nil {
			return err
		}
		defer d.db.Close()
	}
	if d.empty, err = d.bytes(); err != nil {
		return err
	}
	var all []found
	rate := 0.0
	for _, n := range sizes {
		byImport := n
		if engine == "postgres" {
			byImport = min(n, max(toImport, known))
		}
		took, added, err := d.importUpTo(byImport)
		if err != nil {
			return err
		}
		if added >= toImport-known && added > 0 {
			rate = float64(added) / took.Seconds()
		}
		if n > d.imported {
			if err := d.fill(n); err != nil {
				return err
			}
		}
		one, err := d.measure(n, s)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	return reportDirectory(engine, all, rate, toImport)
}

// phone is the number of an imported account.
func phone(n int) string { return fmt.Sprintf("081%07d", n) }

// importUpTo imports accounts until there are so many.
func (d *directory) importUpTo(n int) (took time.Duration, added int, err error) {
	if n <= d.imported {
		return 0, 0, nil
	}
	file := filepath.Join(d.dir, "people.ndjson")
	f, err := os.Create(file)
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(file)
	w := bufio.NewWriter(f)
	for k := d.imported; k < n; k++ {
		fmt.Fprintf(w, `{"register_by":"2171","created_at":1551973792,"contacts":[{"type":"mobile","identifier":"%s","verified":true,"preferred":true},`+
			`{"type":"email","identifier":"user%d@example.com","verified":true}],"password_hash":"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$%s"}`+"\n",
			phone(k), k, strings.Repeat("A", 43))
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	if _, err = d.run("", "account", "import", file, "-o", "json"); err != nil {
		return 0, 0, err
	}
	took, added, d.imported = time.Since(begun), n-d.imported, n
	fmt.Fprintf(os.Stderr, "  %s: imported %d accounts in %s, %.0f/s\n", d.engine, added, took.Round(time.Millisecond), float64(added)/took.Seconds())
	return took, added, nil
}

// directoryFill are accounts with a number each, in the order of their keys: in any other it takes hours.
var directoryFill = []string{
	`CREATE UNLOGGED TABLE filling AS SELECT row_number() OVER (ORDER BY k) + :from AS n, k FROM
		(SELECT encode(sha256(('filled' || i)::bytea), 'hex') AS k FROM generate_series(:from + 1, :to) i) keys`,
	`INSERT INTO accounts (id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at)
		SELECT 'f' || k, 1000000000000 + n * 900000000, left(k, 24), '1', '2171', 'th', '{}', :now, :now FROM filling ORDER BY k`,
	`INSERT INTO contacts (id, account_id, kind, value, preferred, added_at, verified_at)
		SELECT 'f' || k, 'f' || k, 'phone', repeat('v', 70), 1, :now, :now FROM filling ORDER BY k`,
	`INSERT INTO contact_digests (contact_id, kind, key_id, digest, verified)
		SELECT 'f' || k, 'phone', (SELECT key_id FROM contact_digests LIMIT 1), k, 1 FROM filling ORDER BY k`,
	`INSERT INTO channel_access (account_id, channel, last_access_at) SELECT 'f' || k, 'app', :now FROM filling ORDER BY k`,
	`DROP TABLE filling`,
}

// fill makes the directory as large as n accounts.
func (d *directory) fill(n int) error {
	var there int
	if err := d.db.QueryRow(`SELECT count(*) FROM accounts`).Scan(&there); err != nil {
		return err
	}
	begun := time.Now()
	values := strings.NewReplacer(":from", strconv.Itoa(there), ":to", strconv.Itoa(n), ":now", strconv.FormatInt(begun.UnixMilli(), 10))
	for step, statement := range directoryFill {
		fmt.Fprintf(os.Stderr, "\r  filling up to %d accounts: %d of %d, %s ", n, step+1, len(directoryFill), time.Since(begun).Round(time.Second))
		if _, err := d.db.Exec(values.Replace(statement)); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	fmt.Fprintf(os.Stderr, "\r  filled up to %d accounts in %s%20s\n", n, time.Since(begun).Round(time.Second), "")
	return nil
}

// measure takes the time of searches, one after the other, for somebody and for nobody.
func (d *directory) measure(n int, s settings) (found, error) {
	f := found{engine: d.engine, accounts: n}
	if d.db != nil { // the same beginning for each size: everybody was seen once, what was written before is over
		_, err := d.db.Exec(`INSERT INTO channel_access (account_id, channel, last_access_at) SELECT id, 'app', 0 FROM accounts
			WHERE id NOT LIKE 'f%' ON CONFLICT DO NOTHING; ANALYZE; CHECKPOINT`)
		if err != nil {
			return f, err
		}
	}
	_, cmd, err := d.start(1)
	if err != nil {
		return f, err
	}
	defer stop(cmd)
	t := d.target(d.engine, d.web)
	t.procs = []*watched{{"server", cmd.Process.Pid}}
	if pid, err := strconv.Atoi(os.Getenv("PRATU_TEST_POSTGRES_PID")); err == nil && d.db != nil {
		t.procs = append(t.procs, &watched{"postgres", pid})
	}
	rt := newTransport(4)
	defer rt.CloseIdleConnections()
	o := s.load
	o.workers = 1
	for _, one := range []struct {
		op   operation
		into *result
	}{{d.search("search, somebody", 1, func() string { return phone(rand.IntN(min(known, d.imported))) }), &f.hit},
		{d.search("search, nobody", 0, func() string { return fmt.Sprintf("089%07d", rand.IntN(10_000_000)) }), &f.miss}} {
		for range s.repeat {
			r, err := load(t, &metadata{}, rt, one.op, o)
			if err != nil {
				return f, err
			}
			*one.into = better(*one.into, r)
		}
	}
	if d.db != nil {
		if f.plan, f.buffers, err = d.explain(); err != nil {
			return f, err
		}
	}
	bytes, err := d.bytes()
	f.perAcct = float64(bytes-d.empty) / float64(n)
	return f, err
}

// search is GET /accounts whose answer has so many accounts.
func (d *directory) search(name string, matches int, who func() string) operation {
	return operation{name: name, run: func(s *session) error {
		req, err := http.NewRequest(http.MethodGet, d.issuer+"/accounts?last_access_flag=all", nil)
		if err != nil {
			return err
		}
		req.Header.Set("X-Client-Identifier", d.partner.id)
		req.Header.Set("X-Client-Secret", d.partner.secret)
		req.Header.Set("X-Account-Identifier", who())
		r, err := s.do(req)
		if err == nil && (r.Status != http.StatusOK || strings.Count(string(r.Body), `"uid"`) != matches) {
			err = unexpected(name, r)
		}
		return err
	}}
}

// searchStatement is what a search asks; storage.FindAccounts has it.
const searchStatement = `SELECT w.column3 AS digest, 1 AS verified, CASE WHEN d.contact_id IS NULL THEN 0 ELSE 1 END AS found, COALESCE(a.id, '') AS id,
	COALESCE(a.ssoid, 0) AS ssoid, COALESCE(a.status, '') AS status, COALESCE(a.register_by, '') AS register_by,
	COALESCE(a.hidden_at, 0) AS hidden_at, COALESCE(h.channel, '') AS channel, COALESCE(h.last_access_at, 0) AS last_access_at
	FROM (VALUES ($1, $2, $3)) AS w LEFT JOIN contact_digests d ON d.kind = w.column1 AND d.key_id = w.column2 AND d.digest = w.column3 AND d.verified = 1
	LEFT JOIN contacts c ON c.id = COALESCE(d.contact_id, (SELECT id FROM contacts ORDER BY id LIMIT 1))
	LEFT JOIN accounts a ON a.id = c.account_id LEFT JOIN channel_access h ON h.account_id = a.id ORDER BY 2 DESC, 5, 9 LIMIT 2000`

var numbers = regexp.MustCompile(`\(cost=[^)]*\)|\(actual[^)]*\)|  +|Memory: \d+kB|Heap Fetches: \d+|Storage: .*`)

// explain is the plan of a search as the server's prepared statements have it, and the buffers that it touches.
func (d *directory) explain() (plan, buffers string, err error) {
	var key, digest string
	err = d.db.QueryRow(`SELECT key_id, digest FROM contact_digests d JOIN contacts c ON c.id = d.contact_id
		WHERE d.kind = 'phone' AND c.account_id NOT LIKE 'f%' ORDER BY digest LIMIT 1`).Scan(&key, &digest)
	if err != nil {
		return "", "", err
	}
	conn, err := d.db.Conn(context.Background())
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	for _, statement := range []string{`DEALLOCATE ALL`, `SET plan_cache_mode = force_generic_plan`, `PREPARE search (text, text, text) AS ` + searchStatement} {
		if _, err := conn.ExecContext(context.Background(), statement); err != nil {
			return "", "", err
		}
	}
	for range 2 { // the second time all of it is in memory
		rows, err := conn.QueryContext(context.Background(), fmt.Sprintf(`EXPLAIN (ANALYZE, BUFFERS) EXECUTE search ('phone', '%s', '%s')`, key, digest))
		if err != nil {
			return "", "", err
		}
		if plan, buffers, err = readPlan(rows); err != nil {
			return "", "", err
		}
	}
	return plan, buffers, nil
}

// readPlan leaves out of a plan what differs from one time to another.
func readPlan(rows *sql.Rows) (plan, buffers string, err error) {
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", "", err
		}
		text := strings.TrimSpace(numbers.ReplaceAllString(line, " "))
		switch {
		case strings.HasPrefix(text, "Planning"), strings.HasPrefix(text, "Execution"):
		case strings.HasPrefix(text, "Buffers:"):
			if buffers == "" { // the topmost is of all
				buffers = text
			}
		default:
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n"), buffers, rows.Err()
}

// bytes is how large the database is.
func (d *directory) bytes() (n int64, err error) {
	if d.db != nil {
		err = d.db.QueryRow(`SELECT pg_database_size(current_database())`).Scan(&n)
		return n, err
	}
	files, err := filepath.Glob(filepath.Join(d.dir, "pratu.db*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			n += info.Size()
		}
	}
	return n, err
}

// reportDirectory prints the figures below each other, and names what grows.
func reportDirectory(engine string, all []found, rate float64, toImport int) error {
	fmt.Printf("\nDirectory on %s\n\n| accounts | search p50 ms | p99 ms | nobody p50 ms | ratio to the smallest | server CPU-ms | database CPU-ms | statements | buffers | bytes per account |\n", engine)
	fmt.Println("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |")
	var problems []error
	for _, f := range all {
		ratio := f.hit.p50 / all[0].hit.p50
		fmt.Printf("| %d | %.2f | %.2f | %.2f | %.2f | %.3f | %.3f | %.1f | %s | %.0f |\n", f.accounts, f.hit.p50, f.hit.p99, f.miss.p50, ratio,
			f.hit.cpu["server"], f.hit.cpu["postgres"], f.hit.statements, strings.TrimPrefix(f.buffers, "Buffers: "), f.perAcct)
		if ratio > 1.5 {
			problems = append(problems, fmt.Errorf("%s: a search at %d accounts takes %.2f times as long as at %d (goal 1.5)", engine, f.accounts, ratio, all[0].accounts))
		}
		if f.plan != all[0].plan {
			problems = append(problems, fmt.Errorf("%s: another plan at %d accounts:\n%s", engine, f.accounts, f.plan))
		}
		if f.hit.statements > 3.5 { // beside it there is what runs in the background
			problems = append(problems, fmt.Errorf("%s: a search takes %.1f statements (goal 3)", engine, f.hit.statements))
		}
	}
	if all[0].plan != "" {
		fmt.Printf("\nThe plan:\n\n```\n%s\n```\n", all[0].plan)
	}
	if rate > 0 {
		fmt.Printf("\nImport on %s: %.0f accounts/s up to %d (goal 5000 on PostgreSQL)\n", engine, rate, toImport)
		if engine == "postgres" && rate < 5000 {
			problems = append(problems, fmt.Errorf("import: %.0f accounts/s (goal 5000)", rate))
		}
	}
	return errors.Join(problems...)
}
