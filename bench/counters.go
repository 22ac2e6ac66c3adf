package main

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
)

// readStatements is how many SQL statements the operations listener says were sent; a target without one says 0.
func readStatements(ops string) (total float64) {
	if ops == "" {
		return 0
	}
	res, err := http.Get(ops + "/metrics")
	if err != nil {
		return 0
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
		if name == "pratu_sql_statements_total" {
			total += v
		}
	}
	return total
}
