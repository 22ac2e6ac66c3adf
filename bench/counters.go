package main

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
)

// counters are what the operations listener tells of the work done.
type counters struct {
	statements  float64 // BEGIN and COMMIT are not among them
	hashSeconds float64 // time in password hashing
}

// readCounters sums the series of each metric over their labels. A target without metrics has none.
func readCounters(ops string) counters {
	var c counters
	if ops == "" {
		return c
	}
	res, err := http.Get(ops + "/metrics")
	if err != nil {
		return c
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 {
			series, value = lines.Text()[:i], lines.Text()[i+1:]
		}
		name, _, _ := strings.Cut(series, "{")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case "pratu_sql_statements_total":
			c.statements += v
		case "pratu_password_hash_duration_seconds_sum":
			c.hashSeconds += v
		}
	}
	return c
}

func (c counters) minus(before counters) counters {
	return counters{c.statements - before.statements, c.hashSeconds - before.hashSeconds}
}
