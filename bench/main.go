// Command bench puts Pratu under load on both databases and prints what an operation costs, beside a bare net/http
// server that makes the same signatures (the floor). CPU-ms per operation is the figure to compare: it hardly changes
// when something else uses the machine. Loopback only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

type settings struct {
	load    loadOptions
	repeat  int
	ops     []operation
	engines []string
	starts  int
	floor   bool  // is measured beside everything
	durable bool  // the floor uses the database
	grants  []int // how many the database holds, ascending
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "floor" {
		serveFloor(os.Args[2:])
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		s        settings
		ops      = flag.String("ops", "", "operations to measure, separated by commas (default: all)")
		engines  = flag.String("db", "sqlite,postgres", "databases, separated by commas")
		atScale  = flag.Bool("scale", false, "measure with ever more grants in PostgreSQL instead")
		console  = flag.String("console", "", "ACCOUNTS,CLIENTS: time the pages of the console over so many in PostgreSQL instead")
		visits   = flag.Int("visits", 40, "for -console: how often each page is looked at")
		binary   = flag.String("binary", "", "a built pratu (default: built from this tree)")
		cheap    = flag.String("binary-cheap", "", "one built with -tags cheaphash, for the operations that hash passwords (default: built from this tree)")
		against  = flag.String("against", "", "another built pratu: measured in turns with the one of -binary, on one database")
		noFloor  = flag.Bool("no-floor", false, "leave the floor out")
		durable  = flag.Bool("durable-floor", false, "the floor's operations read a row or commit three statements in PostgreSQL as well")
		sizes    = flag.String("grants", "10000,1000000,10000000", "for -scale: how many grants, ascending, separated by commas")
		people   = flag.String("accounts", "10000,10000000", "for -scale: how many accounts of the directory on PostgreSQL")
		embedded = flag.String("accounts-sqlite", "10000,1000000", "the same on SQLite")
		imports  = flag.Int("import", 1_000_000, "for -scale: how many accounts come by import on PostgreSQL; the rest is filled in")
		starting = flag.Int("starts", 5, "how often the program is started to time it")
	)
	flag.IntVar(&s.load.workers, "c", 8, "workers")
	flag.DurationVar(&s.load.duration, "d", 3*time.Second, "measured time for each figure")
	flag.DurationVar(&s.load.warm, "warm", time.Second, "time before each figure that isn't counted")
	flag.IntVar(&s.repeat, "repeat", 2, "how often each figure is taken; the lowest CPU time counts")
	flag.Parse()
	s.load.maxErrors, s.starts = 20, *starting
	s.engines = strings.Split(*engines, ",")
	var err error
	if s.ops, err = chooseOps(*ops); err != nil {
		return err
	}
	path := *binary
	if path == "" {
		built, clean, err := build("")
		if err != nil {
			return err
		}
		defer clean()
		path = built
	}
	if *console != "" {
		accounts, clients, _ := strings.Cut(*console, ",")
		n, err := strconv.Atoi(accounts)
		m, err2 := strconv.Atoi(clients)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		return scaleConsole(path, n, m, *visits)
	}
	if *atScale {
		if s.grants, err = ascending(*sizes); err != nil {
			return err
		}
		return atScaleOf(path, s, *people, *embedded, *imports)
	}
	if *against != "" {
		return comparePairs(*against, path, s.engines[0], s)
	}
	s.floor, s.durable = !*noFloor, *durable
	return measureEngines(path, *cheap, s)
}

// measureEngines takes the figures of each engine. Those of sign-ins are taken of a program whose password hashes cost next
// to nothing: the real ones cost tens of times as much as everything else, and can't be told apart from it in a process's
// CPU time.
func measureEngines(path, cheap string, s settings) error {
	signIns, others := s, s
	signIns.ops = slices.DeleteFunc(slices.Clone(s.ops), func(o operation) bool { return !hashes(o) })
	others.ops = slices.DeleteFunc(slices.Clone(s.ops), hashes)
	if cheap == "" && len(signIns.ops) > 0 {
		built, clean, err := build("cheaphash")
		if err != nil {
			return err
		}
		defer clean()
		cheap = built
	}
	for _, engine := range s.engines {
		for _, part := range []struct {
			path string
			settings
		}{{path, others}, {cheap, signIns}} {
			if len(part.ops) == 0 {
				continue
			}
			if err := measure(part.path, engine, part.settings); err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
		}
	}
	return nil
}

// hashes tells whether an operation hashes a password.
func hashes(o operation) bool { return strings.HasPrefix(o.name, "login") }

func chooseOps(names string) ([]operation, error) {
	all := operations()
	if names == "" {
		return all, nil
	}
	var out []operation
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(o operation) bool { return o.name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown operation %q", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

func ascending(list string) (sizes []int, err error) {
	if list == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || len(sizes) > 0 && n <= sizes[len(sizes)-1] {
			return nil, fmt.Errorf("%s: ascending numbers are needed", list)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// measureAll takes every figure of a target, and those of the floor beside it in turns, if there is one: a machine that others
// use isn't the same a minute later. It keeps for each operation the repeat with the lowest CPU time: a disturbance only adds to
// it. Throughput and latency are those of the repeat that was disturbed least.
func measureAll(t, floor *ready, s settings) (best, least map[string]result, err error) {
	best, least = map[string]result{}, map[string]result{}
	for range s.repeat {
		if floor != nil && floor.database {
			if err := floor.take(transaction, s.load, least); err != nil {
				return nil, nil, err
			}
		}
		for _, op := range s.ops {
			if floor != nil {
				if err := floor.take(op, s.load, least); err != nil {
					return nil, nil, err
				}
			}
			if err := t.take(op, s.load, best); err != nil {
				return nil, nil, err
			}
		}
	}
	return best, least, nil
}

// ready is a target that was seen to answer rightly.
type ready struct {
	*target
	md       *metadata
	rt       *http.Transport
	traits   string // the algorithms of its tokens
	database bool   // it can do a transaction
}

func newReady(t *target, workers int) (*ready, error) {
	r := &ready{target: t, rt: newTransport(workers + 8)}
	doc, err := newSession(t, nil, r.rt, 0).get(t.discoveryURL())
	if err == nil {
		r.md, err = t.parseMetadata(doc.Body)
	}
	if err == nil {
		r.traits, err = check(t, r.md, r.rt)
	}
	return r, err
}

// take measures an operation once more.
func (t *ready) take(op operation, o loadOptions, best map[string]result) error {
	r, err := load(t.target, t.md, t.rt, op, o)
	if err != nil {
		return fmt.Errorf("%s: %w", op.name, err)
	}
	fmt.Fprintf(os.Stderr, "  %-28s %-18s %9.1f/s  p99 %8.2f ms  %6.3f CPU-ms/op  others %2.0f%%  %d errors %s\n",
		t.name, op.name, r.perSecond, r.p99, total(r.cpu), r.other, r.errors, r.firstError)
	best[op.name] = better(best[op.name], r)
	return nil
}

func better(a, b result) result {
	if a.ok == 0 {
		return b
	}
	quiet, least := a, a
	if b.other < a.other {
		quiet = b
	}
	if total(b.cpu) < total(a.cpu) {
		least = b
	}
	quiet.cpu, quiet.driver = least.cpu, least.driver
	quiet.statements = min(a.statements, b.statements)
	quiet.errors = a.errors + b.errors
	for name, v := range a.peak {
		quiet.peak[name] = max(v, b.peak[name])
	}
	return quiet
}

func total(cpu map[string]float64) float64 {
	sum := 0.0
	for _, v := range cpu {
		sum += v
	}
	return sum
}

// atScaleOf measures whatever has to stay as it is when there is ever more: grants, unless -grants is empty, and the
// directory on each engine.
func atScaleOf(path string, s settings, people, embedded string, imports int) error {
	var problems []error
	if len(s.grants) > 0 {
		problems = append(problems, scale(path, s))
	}
	for _, engine := range s.engines {
		sizes, err := ascending(map[string]string{"postgres": people, "sqlite": embedded}[engine])
		if err == nil && len(sizes) > 0 {
			err = scaleDirectory(path, engine, sizes, imports, s)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
