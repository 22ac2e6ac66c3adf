package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// goal is how long a page of the console may take for 95 of 100 visits.
const goal = 200 * time.Millisecond

// consoleFill are applications beside the accounts of directoryFill, a word of each account and an event.
// The console opens contacts, and those of directoryFill are sealed by nobody: they go.
var consoleFill = []string{
	`DELETE FROM contact_digests WHERE contact_id LIKE 'f%'`, `DELETE FROM contacts WHERE id LIKE 'f%'`,
	`INSERT INTO clients (id, kind, name, metadata, settings, disabled_at, created_at, updated_at, deleted_at)
		SELECT 'f' || substr(encode(sha256(i::text::bytea), 'hex'), 1, 23), 'web', 'Filled shop ' || i,
		'{"client_name":"Filled shop ' || i || '","redirect_uris":["https://shop.example.com/' || i || '"],"grant_types":["authorization_code"],"response_types":["code"]}',
		'{}', 0, :now, :now, 0 FROM generate_series(1, :clients) i`,
	`INSERT INTO players (id, account_id, title, name, team_id, costume_id, banned_at, ban_reason, created_at, updated_at)
		SELECT id, id, '` + title + `', 'player', 0, 0, 0, '', :now, :now FROM accounts WHERE id LIKE 'f%'`,
	`INSERT INTO account_words (word, account_id) SELECT encode(convert_to(left(substr(id, 2), 6), 'UTF8'), 'hex'), id FROM accounts WHERE id LIKE 'f%'`,
	`INSERT INTO audit (id, at, event, outcome, actor_kind, actor_id, account_id, client_id, session_id, ip, user_agent, request_id, reason, details)
		SELECT 'f' || substr(id, 2), :now - (row_number() OVER (ORDER BY id)) * 10, 'signin.succeeded', 'success', 'account', id, id, '', '', '', '', '', '', '{}'
		FROM accounts WHERE id LIKE 'f%'`,
	`ANALYZE`,
}

// consolePage is one that is timed: a GET, or a POST of one of its forms.
type consolePage struct {
	name, path, form string
	values           url.Values
}

// scaleConsole fills an installation and prints how long each page of the console takes.
func scaleConsole(path string, accounts, clients, visits int) error {
	i, err := install(path, "postgres", 1)
	if err != nil {
		return err
	}
	defer i.remove()
	d := &directory{installation: i}
	if d.db, err = sql.Open("postgres", i.database); err != nil {
		return err
	}
	defer d.db.Close()
	if err := d.fill(accounts); err != nil {
		return err
	}
	values := strings.NewReplacer(":now", strconv.FormatInt(time.Now().UnixMilli(), 10), ":clients", strconv.Itoa(clients))
	for _, statement := range consoleFill {
		if _, err := d.db.Exec(values.Replace(statement)); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	_, cmd, err := i.start(1)
	if err != nil {
		return err
	}
	defer stop(cmd)
	rt := newTransport(2)
	defer rt.CloseIdleConnections()
	s := newSession(i.target("console", i.web), nil, rt, 0)
	if err := i.enterConsole(s); err != nil {
		return err
	}
	pages, err := consolePages(d.db)
	if err != nil {
		return err
	}
	fmt.Printf("%d accounts, %d applications: p50 and p95 of %d visits\n", accounts, clients, visits)
	var slow []error
	for _, p := range pages {
		took := make([]time.Duration, visits)
		for n := range took {
			if took[n], err = s.visit(p); err != nil {
				return fmt.Errorf("%s: %w\n%s", p.name, err, i.lastWords())
			}
		}
		slices.Sort(took)
		p95 := took[min(visits*95/100, visits-1)]
		fmt.Printf("  %-34s %8.1f ms %8.1f ms\n", p.name, ms(took[visits/2]), ms(p95))
		if p95 > goal {
			slow = append(slow, fmt.Errorf("%s takes %s", p.name, p95.Round(time.Millisecond)))
		}
	}
	return errors.Join(slow...)
}

// lastWords is the last line of the server's log.
func (i *installation) lastWords() string {
	text, _ := os.ReadFile(filepath.Join(i.dir, "server.log"))
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return all[len(all)-1]
}

// consolePages are all lists, searches among them, and one of each thing.
func consolePages(db *sql.DB) ([]consolePage, error) {
	var account, oid, word, client string
	err := db.QueryRow(`SELECT ssoid::text, oid, left(substr(id, 2), 6) FROM accounts WHERE id LIKE 'f%' ORDER BY id OFFSET 5 LIMIT 1`).Scan(&account, &oid, &word)
	if err != nil {
		return nil, err
	}
	if err = db.QueryRow(`SELECT id FROM clients WHERE id LIKE 'f%' ORDER BY id DESC LIMIT 1`).Scan(&client); err != nil {
		return nil, err
	}
	pages := []consolePage{
		{"accounts, by word", "/admin/accounts", "find", url.Values{"q": {word}}}, {"accounts, by number", "/admin/accounts", "find", url.Values{"q": {account}}},
		{"accounts, by an address nobody has", "/admin/accounts", "find", url.Values{"q": {"nobody@example.com"}}},
	}
	for _, path := range []string{
		"/admin", "/admin?days=30", "/admin/clients", "/admin/clients?after=" + client, "/admin/clients?q=shop+9999", "/admin/clients?q=nothing", "/admin/clients/" + client,
		"/admin/accounts", "/admin/accounts/" + account, "/admin/roles", "/admin/audit", "/admin/audit?event=signin.succeeded", "/admin/audit?account=" + account,
		"/admin/audit?client=" + client, "/admin/audit?event=nothing", "/admin/audit?from=2020-01-01&to=2020-01-02", "/admin/keys", "/admin/mail", "/admin/settings",
		"/admin/connectors", "/admin/connectors/b2c", "/admin/new-connector", "/admin/new-client", "/admin/clients/" + client + "/access", "/admin/webhooks",
		"/admin/titles", "/admin/titles/" + title, "/admin/titles/" + title + "/players/" + oid, "/admin/api/",
	} {
		pages = append(pages, consolePage{name: path, path: path})
	}
	return pages, nil
}

// visit fetches a page, or its form and then the answer, of which the answer is timed.
func (s *session) visit(p consolePage) (time.Duration, error) {
	var req *http.Request
	var err error
	if p.form == "" {
		req, err = http.NewRequest(http.MethodGet, s.t.issuer+p.path, nil)
	} else {
		req, err = s.filled(s.t.issuer+p.path, p.form, p.values)
	}
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	r, err := s.do(req)
	took := time.Since(begun)
	if err == nil && r.Status != http.StatusOK {
		err = unexpected("page", r)
	}
	return took, err
}

// filled is a form of a page as a browser would send it.
func (s *session) filled(page, id string, values url.Values) (*http.Request, error) {
	r, err := s.get(page)
	if err != nil {
		return nil, err
	}
	f, found := formWithID(r.Body, id)
	if !found {
		return nil, unexpected("a page without the form "+id, r)
	}
	for name := range values {
		f.values.Set(name, values.Get(name))
	}
	req, err := http.NewRequest(http.MethodPost, page, strings.NewReader(f.values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.t.issuer)
	return req, nil
}

var setupLink = regexp.MustCompile(`https?://\S+/setup/\S+`)

// enterConsole makes the first administrator by the link that the command line makes, who is signed in by that.
func (i *installation) enterConsole(s *session) error {
	out, err := i.run("", "admin", "login-link")
	if err != nil {
		return err
	}
	link := setupLink.FindString(string(out))
	if link == "" {
		return fmt.Errorf("no link in %q", out)
	}
	req, err := s.filled(link, "setup", url.Values{"email": {"owner@example.com"}, "password": {password}})
	if err != nil {
		return err
	}
	r, err := s.do(req)
	if err == nil && r.Status != http.StatusSeeOther {
		err = unexpected("the set-up", r)
	}
	if err == nil {
		fmt.Fprintln(os.Stderr, "  an owner is in the console")
	}
	return err
}
