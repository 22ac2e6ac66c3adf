package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// goals in CPU-ms per operation on PostgreSQL: of the server, and of the database. A sign-in's password hash isn't
// counted. RS256 ID tokens add what an RSA signature costs.
var goals = map[string][2]float64{
	"jwks": {0.035, 0}, "client_credentials": {0.10, 0}, "refresh": {0.30, 0.30}, "introspect": {0.10, 0.08},
	"userinfo": {0.10, 0.08}, "sso": {0.55, 0.50}, "login": {1.2, 1.0},
}

const rsaSignature = 1.0

func report(w io.Writer, title string, ops []operation, results, floor map[string]result, alg string) {
	fmt.Fprintf(w, "\n### %s\n\n", title)
	fmt.Fprintln(w, "| operation | /s | p50 ms | p99 ms | server CPU-ms | goal | database CPU-ms | goal | floor CPU-ms | SQL | HTTP | peak MiB | errors |")
	fmt.Fprintln(w, "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |")
	for _, op := range ops {
		r, ok := results[op.name]
		if !ok {
			continue
		}
		server := fmt.Sprintf("%.3f", r.cpu["server"])
		goal, database, databaseGoal, least := "", "", "", ""
		if g, known := goals[op.name]; known {
			if alg == "RS256" {
				g[0] += rsaSignature
			}
			goal = fmt.Sprintf("%.3f", g[0])
			if _, has := r.cpu["postgres"]; has {
				databaseGoal = fmt.Sprintf("%.3f", g[1])
			}
		}
		if v, has := r.cpu["postgres"]; has {
			database = fmt.Sprintf("%.3f", v)
		}
		if f, has := floor[op.name]; has {
			least = fmt.Sprintf("%.3f", f.cpu["server"])
		}
		fmt.Fprintf(w, "| %s | %.0f | %.2f | %.2f | %s | %s | %s | %s | %s | %.2f | %.1f | %s | %d |\n",
			op.name, r.perSecond, r.p50, r.p99, server, goal, database, databaseGoal, least, r.statements, r.httpPerOp, byName(r.peak), r.errors)
	}
}

func byName(m map[string]float64) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %.0f", k, m[k]))
	}
	return strings.Join(parts, ", ")
}
