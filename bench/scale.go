package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// statisticsDelay is how long an idle backend of PostgreSQL keeps its counters to itself.
const statisticsDelay = 11 * time.Second

// sample is what one operation cost when the database held so many grants.
type sample struct {
	result
	grants      int
	rows        float64 // read from the filled tables, per operation
	blocks      float64 // of tables and indexes, per operation, wherever they lay
	scannedRows float64 // read without an index, per operation
}

// scale shows that an operation costs the same however much the database holds. A scan of a large table is an error.
func scale(path string, s settings) error {
	if os.Getenv("PRATU_TEST_POSTGRES") == "" {
		return errors.New("needs PostgreSQL: scripts/with-postgres.sh --durable starts one")
	}
	i, r, end, err := begin(path, "postgres", "postgres ES256", s)
	if err != nil {
		return err
	}
	defer end()
	db, err := sql.Open("postgres", i.database)
	if err != nil {
		return err
	}
	defer db.Close()
	s.ops = stateful(s.ops)
	samples := map[string][]sample{}
	filled := 0
	for _, grants := range s.grants {
		if err := fill(db, filled, grants, i.key.id); err != nil {
			return fmt.Errorf("filling up to %d grants: %w", grants, err)
		}
		filled = grants
		for _, op := range s.ops {
			one, err := sampled(db, r, op, s, grants)
			if err != nil {
				return err
			}
			samples[op.name] = append(samples[op.name], one)
		}
	}
	return reportScale(s.ops, samples)
}

// stateful are the operations whose statements meet the filled tables.
func stateful(ops []operation) (out []operation) {
	for _, op := range ops {
		switch op.name {
		case "refresh", "introspect", "userinfo", "sso", "login", "login-new":
			out = append(out, op)
		}
	}
	return out
}

// sampled measures one operation, and what PostgreSQL's own counters say that it touched.
func sampled(db *sql.DB, t *ready, op operation, s settings, grants int) (sample, error) {
	time.Sleep(statisticsDelay)
	before, err := readActivity(db)
	if err != nil {
		return sample{}, err
	}
	one := s
	one.ops, one.repeat = []operation{op}, 1
	results, _, err := measureAll(t, nil, one)
	if err != nil {
		return sample{}, err
	}
	time.Sleep(statisticsDelay)
	after, err := readActivity(db)
	r := results[op.name]
	// The counters include the warming and the checks before it; the share of the measured time is the measure.
	n := float64(r.ok+r.errors) * (1 + float64(s.load.warm)/float64(s.load.duration))
	return sample{
		result: r, grants: grants, rows: (after.rows - before.rows) / n, blocks: (after.blocks - before.blocks) / n,
		scannedRows: (after.scanned - before.scanned) / n,
	}, err
}

// activity are PostgreSQL's counters, summed over the filled tables.
type activity struct{ rows, blocks, scanned float64 }

func readActivity(db *sql.DB) (a activity, err error) {
	err = db.QueryRow(`SELECT sum(t.seq_tup_read + coalesce(t.idx_tup_fetch, 0)), sum(t.seq_tup_read), sum(io.heap_blks_read
		+ io.heap_blks_hit + coalesce(io.idx_blks_read + io.idx_blks_hit, 0)) FROM pg_stat_user_tables t
		JOIN pg_statio_user_tables io USING (relid) WHERE t.relname = ANY ($1::text[])`,
		"{"+strings.Join(filledTables, ",")+"}").Scan(&a.rows, &a.scanned, &a.blocks)
	return a, err
}

// reportScale prints the figures of each operation below each other, and names what grows.
func reportScale(ops []operation, samples map[string][]sample) error {
	fmt.Println("\n| operation | grants | p50 ms | p99 ms | server CPU-ms | database CPU-ms | rows read | blocks touched | rows scanned |")
	fmt.Println("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	var problems []error
	for _, op := range ops {
		for _, one := range samples[op.name] {
			fmt.Printf("| %s | %d | %.2f | %.2f | %.3f | %.3f | %.1f | %.1f | %.1f |\n", op.name, one.grants, one.p50, one.p99,
				one.cpu["server"], one.cpu["postgres"], one.rows, one.blocks, one.scannedRows)
			if one.grants >= 1_000_000 && one.scannedRows > 100 {
				problems = append(problems, fmt.Errorf("%s scans a table at %d grants: %.0f rows", op.name, one.grants, one.scannedRows))
			}
		}
	}
	return errors.Join(problems...)
}
