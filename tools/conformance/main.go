// Command conformance has a running suite of the OpenID Foundation test a running provider: it creates the plans by the
// suite's HTTP API, has the suite's own browser do what a person would, waits, and prints a table of what came out.
// scripts/conformance.sh starts the provider for it.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// provider is what the suite tests.
type provider struct {
	issuer, username, password string
	rotate                     []string // the command that rotates its keys
}

func main() {
	var p provider
	address := flag.String("suite", os.Getenv("CONFORMANCE_URL"), "where the suite runs, such as https://localhost.emobix.co.uk:8443/")
	only := flag.String("plans", os.Getenv("CONFORMANCE_PLANS"), "regular expression of the plans to run")
	insecure := flag.Bool("insecure", os.Getenv("CONFORMANCE_INSECURE") != "", "take the certificate of a suite on this machine as it is")
	rotate := flag.String("rotate", "", "command that rotates the provider's keys")
	flag.StringVar(&p.issuer, "issuer", "", "issuer of the provider, as the suite reaches it")
	flag.StringVar(&p.username, "username", "", "somebody who can sign in there")
	flag.StringVar(&p.password, "password", "", "and the password")
	flag.Parse()
	p.rotate = strings.Fields(*rotate)
	wanted, err := regexp.Compile(*only)
	if err != nil || *address == "" || p.issuer == "" {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := &suite{
		base: strings.TrimSuffix(*address, "/"), token: os.Getenv("CONFORMANCE_TOKEN"), pause: time.Second, patience: 5 * time.Minute,
		http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: *insecure}}}, //nolint:gosec // only where asked for
	}
	rows, err := p.run(ctx, s, wanted, os.Stderr)
	failed := table(os.Stdout, rows)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
	if failed || err != nil {
		os.Exit(1)
	}
}

// row is what came out of a module.
type row struct {
	plan, module, variant, result, id string
	remarks                           []string
}

// run runs one module after the other: all have the same callback at the suite.
func (p provider) run(ctx context.Context, s *suite, wanted *regexp.Regexp, progress io.Writer) (rows []row, err error) {
	for _, plan := range plans {
		if !wanted.MatchString(plan.name) {
			continue
		}
		created, err := s.create(ctx, plan, p.config())
		if err != nil {
			return rows, fmt.Errorf("%s: %w", plan.name, err)
		}
		fmt.Fprintf(progress, "%s: %d modules, %s/plan-detail.html?plan=%s\n", plan.name, len(created.Modules), s.base, created.ID)
		for _, m := range created.Modules {
			r := row{plan: plan.name, module: m.TestModule, variant: spell(m.Variant)}
			r.result, r.remarks, r.id, err = p.module(ctx, s, created.ID, m)
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
			if err != nil {
				r.result, r.remarks = "ERROR", append(r.remarks, err.Error())
			}
			fmt.Fprintf(progress, "  %-10s %s %s\n", r.result, r.module, r.variant)
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// module runs one. A module that wants to be started by hand waits for something that only we can do: new keys.
func (p provider) module(ctx context.Context, s *suite, plan string, m module) (result string, remarks []string, id string, err error) {
	if id, err = s.start(ctx, plan, m); err != nil {
		return "", nil, "", err
	}
	status, err := s.wait(ctx, id, "CONFIGURED", "WAITING", "RUNNING", "FINISHED", "INTERRUPTED")
	if err == nil && status == "CONFIGURED" {
		if strings.Contains(m.TestModule, "rotate-keys") && len(p.rotate) > 0 {
			if out, err := exec.CommandContext(ctx, p.rotate[0], p.rotate[1:]...).CombinedOutput(); err != nil {
				return "", nil, id, fmt.Errorf("rotating keys: %w: %s", err, out)
			}
		}
		if err = s.proceed(ctx, id); err != nil {
			return "", nil, id, err
		}
	}
	if err == nil {
		status, err = s.wait(ctx, id, "FINISHED", "INTERRUPTED")
	}
	if err != nil {
		return "", nil, id, err
	}
	result, remarks, err = s.outcome(ctx, id)
	if status == "INTERRUPTED" {
		result = cmp.Or(result, status)
	}
	return result, remarks, id, err
}

// table prints what came out, and tells whether something failed. What people have to look at (REVIEW) isn't failed.
func table(w io.Writer, rows []row) (failed bool) {
	counts, t := map[string]int{}, tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "RESULT\tPLAN\tMODULE\tVARIANT\tLOG")
	for _, r := range rows {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.result, strings.TrimSuffix(r.plan, "-certification-test-plan"), r.module, r.variant, r.id)
		counts[r.result]++
	}
	_ = t.Flush()
	for _, r := range rows {
		for _, remark := range r.remarks {
			fmt.Fprintf(w, "%s: %s\n", r.module, remark)
		}
	}
	fmt.Fprintf(w, "%d modules:", len(rows))
	for _, result := range []string{"PASSED", "WARNING", "REVIEW", "SKIPPED", "FAILED", "INTERRUPTED", "UNKNOWN", "ERROR"} {
		if counts[result] > 0 {
			fmt.Fprintf(w, " %d %s", counts[result], strings.ToLower(result))
		}
	}
	fmt.Fprintln(w)
	return len(rows) == 0 || counts["PASSED"]+counts["WARNING"]+counts["REVIEW"]+counts["SKIPPED"] < len(rows)
}
