package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// goals in CPU-ms per operation on PostgreSQL: of the server, and of the database. A sign-in's password hash isn't
// counted. RS256 ID tokens add what an RSA signature costs.
var goals = map[string][2]float64{
	"jwks": {0.035, 0}, "client_credentials": {0.10, 0}, "refresh": {0.30, 0.30}, "introspect": {0.10, 0.08},
	"userinfo": {0.10, 0.08}, "sso": {0.55, 0.50}, "login": {1.2, 1.0},
}

const rsaSignature = 1.0

// The goals were set on a machine where the floor, with all its signatures, and a transaction in PostgreSQL cost this. On
// another, what an operation costs is to be compared in multiples of the floor's, and the database's of a transaction's.
var (
	floorThere = map[string]float64{
		"jwks": 0.025, "client_credentials": 0.072, "refresh": 0.127, "introspect": 0.039, "userinfo": 0.030, "sso": 0.185, "login": 0.295,
	}
	transactionThere = 0.26
)

func report(w io.Writer, title string, s settings, results, floor map[string]result, alg string) {
	fmt.Fprintf(w, "\n### %s\n\n", title)
	once, hasOnce := floor[transaction.name]
	if hasOnce {
		fmt.Fprintf(w, "Three prepared statements in a transaction: %.3f CPU-ms of PostgreSQL (%.2f where the goals were set)\n\n",
			once.cpu["postgres"], transactionThere)
	}
	fmt.Fprintln(w, "| operation | /s | p50 ms | p99 ms | server CPU-ms | goal | floor | × floor | goal | database CPU-ms | goal | × transaction | goal | SQL | HTTP | peak MiB | errors |")
	fmt.Fprintln(w, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |")
	for _, op := range s.ops {
		r, ok := results[op.name]
		if !ok {
			continue
		}
		g, known := goals[op.name]
		there := floorThere[op.name]
		if alg == "RS256" { // then all operations make an ID token
			g[0] += rsaSignature
			there += rsaSignature
		}
		least := floor[op.name].cpu["server"]
		database, stored := r.cpu["postgres"]
		fmt.Fprintf(w, "| %s | %.0f | %.2f | %.2f | %.3f | %s | %s | %s | %s | %s | %s | %s | %s | %.2f | %.1f | %s | %d |\n",
			op.name, r.perSecond, r.p50, r.p99,
			r.cpu["server"], figure(3, g[0], known), figure(3, least, least > 0),
			figure(1, r.cpu["server"]/least, least > 0), figure(1, g[0]/there, known && !s.durable),
			figure(3, database, stored), figure(3, g[1], known && stored),
			figure(1, database/once.cpu["postgres"], stored && hasOnce), figure(1, g[1]/transactionThere, known && stored),
			r.statements, r.httpPerOp, byName(r.peak), r.errors)
	}
}

func figure(digits int, v float64, known bool) string {
	if !known {
		return ""
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func byName(m map[string]float64) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %.0f", k, m[k]))
	}
	return strings.Join(parts, ", ")
}
