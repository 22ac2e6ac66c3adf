// Command testreport runs go test in several modules and says at the end, in one place, what failed and what was
// skipped for which reason. With CI=true a skipped test is a failure, since nobody reads a green run for what it left out.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of build-output
	FailedBuild                   string
	Elapsed                       float64
}

type report struct {
	out                     io.Writer
	passed, failed, skipped int
	texts                   map[string]*bytes.Buffer
	reasons                 []string
	broken                  bool // something failed that is no test: a build, a package, go itself
}

func main() {
	dirs := flag.String("dirs", ".", "directories of the modules, separated by commas")
	first := flag.String("first", "", "folders of packages that take the longest and begin first, separated by commas")
	flag.Parse()
	// The interrupt reaches go test too; this only lets the report be printed.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	r := &report{out: &lockedWriter{to: os.Stdout}, texts: map[string]*bytes.Buffer{}}
	begin := time.Now()
	// Side by side: one module waits for a browser while another computes.
	modules := strings.Split(*dirs, ",")
	reports := make([]*report, len(modules))
	var running sync.WaitGroup
	for i, dir := range modules {
		part := &report{out: r.out, texts: map[string]*bytes.Buffer{}}
		reports[i] = part
		running.Go(func() {
			if err := part.run(dir, slices.Concat(flag.Args(), packages(dir, *first))); err != nil {
				part.broken = true
				fmt.Fprintf(part.out, "FAIL\tgo test in %s: %v\n", dir, err)
			}
		})
	}
	running.Wait()
	for _, part := range reports {
		r.add(part)
	}
	os.Exit(r.close(time.Since(begin), os.Getenv("CI") == "true"))
}

// packages are all of a module, those named first at the beginning: go test begins them in this order.
func packages(dir, first string) (list []string) {
	for name := range strings.SplitSeq(first, ",") {
		if files, err := filepath.Glob(filepath.Join(dir, name, "*_test.go")); name != "" && err == nil && len(files) > 0 {
			list = append(list, "./"+name)
		}
	}
	return append(list, "./...")
}

// lockedWriter keeps what modules print at once apart, write by write.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// add counts what another report counted.
func (r *report) add(part *report) {
	r.passed += part.passed
	r.failed += part.failed
	r.skipped += part.skipped
	r.reasons = append(r.reasons, part.reasons...)
	r.broken = r.broken || part.broken
}

func (r *report) run(dir string, args []string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	before := r.failed
	r.read(stdout)
	if err := cmd.Wait(); err != nil && r.failed == before {
		return err
	}
	return nil
}

func (r *report) read(in io.Reader) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				_, _ = r.out.Write(line)
			} else {
				r.event(e)
			}
		}
		if err != nil {
			return
		}
	}
}

func (r *report) event(e event) {
	key := e.Package + "\t" + e.Test
	switch e.Action {
	case "output":
		if r.texts[key] == nil {
			r.texts[key] = &bytes.Buffer{}
		}
		r.texts[key].WriteString(e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "build-fail":
		r.broken = true
	case "pass", "fail", "skip":
		r.end(e, key)
	}
}

// end closes a test, or a package when the event names no test.
func (r *report) end(e event, key string) {
	text := ""
	if b := r.texts[key]; b != nil {
		text = b.String()
		delete(r.texts, key)
	}
	switch {
	case e.Test == "" && e.Action == "fail":
		r.broken = true
		fmt.Fprintf(r.out, "%sFAIL\t%s\t%.1fs %s\n", text, e.Package, e.Elapsed, e.FailedBuild)
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(r.out, "ok\t%s\t%.1fs\n", e.Package, e.Elapsed)
	case e.Test == "": // no test files
	case e.Action == "pass":
		r.passed++
	case e.Action == "fail":
		r.failed++
		fmt.Fprint(r.out, text)
	default:
		r.skipped++
		r.reasons = append(r.reasons, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(text)))
	}
}

// reason is what a skipped test said, without go test's own lines.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return cmp.Or(strings.Join(said, " "), "no reason given")
}

func (r *report) close(took time.Duration, ci bool) int {
	fmt.Fprintf(r.out, "\n%s\n", took.Round(time.Second))
	for _, s := range r.reasons {
		fmt.Fprintln(r.out, "SKIPPED", s)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	if r.broken || r.failed > 0 || r.passed == 0 || (ci && r.skipped > 0) {
		return 1
	}
	return 0
}
