package storagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pratu/storage"
)

// expiring is every table with a column that says when a row is over, and that column. A table that is new and isn't
// here, or isn't purged, fails the contract.
var expiring = map[string]string{
	"pending_registrations": "expires_at", "challenges": "expires_at", "one_time_links": "expires_at", "sessions": "expires_at", "known_browsers": "expires_at",
	"interactions": "expires_at", "consents": "expires_at", "grants": "expires_at", "tokens": "expires_at",
	"pushed_requests": "expires_at", "device_authorizations": "expires_at", "trials": "expires_at",
	"federation_requests": "expires_at", "seen": "expires_at", "client_secrets": "expires_at", "outbox": "expires_at", "webhook_deliveries": "expires_at",
	"limits": "window_end", "registration_tokens": "expires_at", "api_keys": "expires_at",
	"answers": "expires_at", "figures": "hour",
}

// keeping is how long rows stay that way; the others go when all replicas agree that they are over.
var keeping = map[string]storage.Instant{
	"sessions": storage.Instant(storage.KeepSessions.Milliseconds()), "client_secrets": storage.Instant(storage.KeepSecrets.Milliseconds()),
	"registration_tokens": storage.Instant(storage.KeepSecrets.Milliseconds()), "api_keys": storage.Instant(storage.KeepSecrets.Milliseconds()), "interactions": storage.Instant(storage.KeepInteractions.Milliseconds()),
	"figures": storage.Instant(storage.KeepFigures.Milliseconds()),
}

// Janitor is the contract of the purge.
func Janitor(t *testing.T, url string) {
	j := janitor{Open(t, url), raw(t, url), url}
	t.Run("no table is forgotten", j.complete)
	t.Run("what is over goes, what isn't stays", j.exact)
	t.Run("more than a batch, by several at once", j.many)
	t.Run("ended sessions", j.ended)
	t.Run("tokens go before their grant", j.family)
	t.Run("it ends when it is told to", j.cancelled)
}

type janitor struct {
	*storage.Store
	db  *sql.DB
	url string
}

// columns of a table, by name, with whether they are numbers.
func (j janitor) columns(t *testing.T, table string) map[string]bool {
	t.Helper()
	query := `SELECT name, type FROM pragma_table_info('` + table + `')`
	if j.Engine() == "postgres" {
		query = `SELECT column_name, UPPER(data_type) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '` + table + `'`
	}
	rows, err := j.db.QueryContext(t.Context(), query)
	ok(t, err)
	defer rows.Close()
	list := map[string]bool{}
	for rows.Next() {
		var column, kind string
		ok(t, rows.Scan(&column, &kind))
		list[column] = kind == "BIGINT"
	}
	ok(t, rows.Err())
	return list
}

func (j janitor) complete(t *testing.T) {
	query := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`
	if j.Engine() == "postgres" {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'goose_%'`
	}
	rows, err := j.db.QueryContext(t.Context(), query)
	ok(t, err)
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var table string
		ok(t, rows.Scan(&table))
		tables = append(tables, table)
	}
	ok(t, rows.Err())
	if len(tables) < 20 {
		t.Fatalf("only %d tables", len(tables))
	}
	for _, table := range tables {
		if table == "leases" {
			continue // a row for each kind of work, written again and again
		}
		for column := range j.columns(t, table) {
			if (column == "expires_at" || column == "window_end") && expiring[table] != column {
				t.Errorf("%s has %s and is nowhere purged", table, column)
			}
		}
	}
}

// insert writes rows whose columns are all alike, but for those given.
func (j janitor) insert(t *testing.T, table string, n int, values map[string]string) {
	t.Helper()
	columns := j.columns(t, table)
	names := slices.Sorted(maps.Keys(columns))
	var all []string
	for range n {
		row := make([]string, len(names))
		for i, column := range names {
			switch value, given := values[column]; {
			case given:
				row[i] = value
			case columns[column]:
				row[i] = "0"
			default:
				row[i] = "'" + name(column) + "'"
			}
		}
		all = append(all, "("+strings.Join(row, ", ")+")")
	}
	_, err := j.db.ExecContext(t.Context(), `INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) VALUES `+strings.Join(all, ", "))
	ok(t, err)
}

// fill writes n rows that end at an instant into a table. mark is a text by which they are known.
func (j janitor) fill(t *testing.T, table, mark string, n int, end storage.Instant) {
	t.Helper()
	values := map[string]string{expiring[table]: fmt.Sprint(end)}
	columns := j.columns(t, table)
	if _, ok := columns["account_id"]; ok {
		values["account_id"] = "'" + account(t, j.db) + "'"
	}
	if table == "client_secrets" || table == "api_keys" {
		id := name("client")
		ok(t, j.CreateClient(t.Context(), client(id)))
		values["client_id"] = "'" + id + "'"
	}
	if table == "limits" || table == "seen" || table == "figures" {
		for i := range n {
			values[markOf(table)] = fmt.Sprintf("'%s-%d'", mark, i)
			j.insert(t, table, 1, values)
		}
		return
	}
	values[markOf(table)] = "'" + mark + "'"
	j.insert(t, table, n, values)
}

// markOf is a column that takes any text.
func markOf(table string) string {
	switch table {
	case "sessions":
		return "user_agent"
	case "known_browsers":
		return "browser_hash"
	case "client_secrets":
		return "hash"
	case "one_time_links":
		return "purpose"
	case "outbox":
		return "kind"
	case "webhook_deliveries":
		return "event"
	case "registration_tokens", "api_keys":
		return "note"
	case "limits", "seen":
		return "id"
	case "answers":
		return "fingerprint"
	case "figures":
		return "name"
	}
	return "client_id"
}

func (j janitor) left(t *testing.T, table, mark string) int64 {
	t.Helper()
	return number(t, j.db, `SELECT COUNT(*) FROM `+table+` WHERE `+markOf(table)+` LIKE '`+mark+`%'`)
}

func (j janitor) exact(t *testing.T) {
	now := start.Add(200 * day)
	skew := storage.Instant(storage.KeepExpired.Milliseconds())
	for table := range expiring {
		keep := max(keeping[table], skew)
		j.fill(t, table, "over", 1, now-keep)
		j.fill(t, table, "young", 1, now-keep+1)
		j.fill(t, table, "alive", 1, now.Add(hour))
	}
	j.fill(t, "client_secrets", "forever", 1, 0)
	rows, err := j.Purge(t.Context(), now)
	if want := int64(len(expiring)) + 1; err != nil || rows != want { // and the request of the young interaction
		t.Errorf("%d rows went, %v; want %d", rows, err, want)
	}
	for mark, want := range map[string]int64{"young": 0, "alive": 1} {
		if n := number(t, j.db, `SELECT COUNT(*) FROM interactions WHERE form <> '' AND client_id = '`+mark+`'`); n != want {
			t.Errorf("%d requests of %s interactions", n, mark)
		}
	}
	for table := range expiring {
		if j.left(t, table, "over") != 0 {
			t.Errorf("%s keeps rows that are over", table)
		}
		if j.left(t, table, "young") != 1 || j.left(t, table, "alive") != 1 {
			t.Errorf("%s lost rows that aren't over", table)
		}
	}
	if j.left(t, "client_secrets", "forever") != 1 {
		t.Error("a secret without an end was removed")
	}
}

func (j janitor) many(t *testing.T) {
	now := start.Add(400 * day)
	const n = 1203
	j.fill(t, "interactions", "many", n, start)
	j.fill(t, "tokens", "many", n, start)
	j.fill(t, "grants", "many", n, start)
	other := Open(t, j.url)
	var total [4]int64
	race(t, len(total), func(i int) (bool, error) {
		s := j.Store
		if i%2 == 1 {
			s = other
		}
		rows, err := s.Purge(patient(t), now)
		total[i] = rows
		return true, err
	})
	rest, err := j.Purge(t.Context(), now)
	ok(t, err)
	if sum := total[0] + total[1] + total[2] + total[3] + rest; sum < 3*n {
		t.Errorf("%d rows went, want %d at least", sum, 3*n)
	}
	for _, table := range []string{"interactions", "tokens", "grants"} {
		if left := j.left(t, table, "many"); left != 0 {
			t.Errorf("%d rows are left of %s", left, table)
		}
	}
}

func (j janitor) ended(t *testing.T) {
	keep := storage.Instant(storage.KeepSessions.Milliseconds())
	b := browsers{Store: j.Store, db: j.db}
	n := b.begin(t, session(account(t, j.db), "ended", start), "")
	must[bool](t)(b.EndSession(t.Context(), n.ID, start.Add(hour)))
	must[int64](t)(j.Purge(t.Context(), start.Add(hour)+keep-1))
	must[storage.Session](t)(j.SessionByID(t.Context(), n.ID))
	must[int64](t)(j.Purge(t.Context(), start.Add(hour)+keep))
	_, err := j.SessionByID(t.Context(), n.ID)
	fails(t, err, storage.ErrNotFound)
}

func (j janitor) family(t *testing.T) {
	id := account(t, j.db)
	grant := func(mark string, end storage.Instant, tokens int, tokensEnd storage.Instant) {
		j.insert(t, "grants", 1, map[string]string{"id": "'" + mark + "'", "client_id": "'" + mark + "'", "account_id": "'" + id + "'", "expires_at": fmt.Sprint(end)})
		j.insert(t, "tokens", tokens, map[string]string{"grant_id": "'" + mark + "'", "client_id": "'" + mark + "'", "expires_at": fmt.Sprint(tokensEnd)})
	}
	now := start.Add(500 * day)
	grant("family-over", start, 700, now.Add(day)) // its tokens say that they live on, but a token is nothing without its grant
	grant("family-alive", now.Add(day), 3, now.Add(day))
	must[int64](t)(j.Purge(t.Context(), now))
	if g, k := j.left(t, "grants", "family-over"), j.left(t, "tokens", "family-over"); g != 0 || k != 0 {
		t.Errorf("%d grants and %d tokens are left", g, k)
	}
	if g, k := j.left(t, "grants", "family-alive"), j.left(t, "tokens", "family-alive"); g != 1 || k != 3 {
		t.Errorf("%d grants and %d tokens are left of a living one", g, k)
	}
}

func (j janitor) cancelled(t *testing.T) {
	j.fill(t, "interactions", "cancelled", 1, start)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Purge(ctx, start.Add(day)); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if j.left(t, "interactions", "cancelled") != 1 {
		t.Error("it went on")
	}
}
