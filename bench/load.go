package main

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// result is one operation measured once.
type result struct {
	op         string
	ok, errors int
	firstError string
	perSecond  float64
	p50, p99   float64            // ms
	httpPerOp  float64            // HTTP requests
	cpu        map[string]float64 // CPU-ms per operation, by process
	driver     float64            // CPU-ms of the driver itself, which shares the machine
	peak       map[string]float64 // MiB
	other      float64            // percent of the machine that other programs took meanwhile
	statements float64            // SQL statements per operation; negative: not known
}

type loadOptions struct {
	workers        int
	warm, duration time.Duration
	count          int // stop after so many iterations, if > 0
	maxErrors      int
}

// load runs op with a closed loop of workers: each sends its next request when the last one is answered.
func load(t *target, md *metadata, rt http.RoundTripper, op operation, o loadOptions) (result, error) {
	sessions := make([]*session, o.workers)
	for i := range sessions {
		sessions[i] = newSession(t, md, rt, i)
		if op.prepare != nil {
			if err := op.prepare(sessions[i]); err != nil {
				return result{}, fmt.Errorf("preparing worker %d: %w", i, err)
			}
		}
	}
	loop(sessions, op, loadOptions{duration: o.warm, maxErrors: o.maxErrors})
	for _, s := range sessions {
		s.requests = 0
	}
	before := readStatements(t.ops)
	w := startWatch(t.procs)
	own, busy, start := ownCPU(), machineBusy(), time.Now()
	lat, errs, first := loop(sessions, op, o)
	wall := time.Since(start)
	own, busy = ownCPU()-own, machineBusy()-busy
	cpu, peak := w.stop()
	statements := readStatements(t.ops) - before

	r := result{op: op.name, ok: len(lat), errors: errs, firstError: first, cpu: map[string]float64{}, peak: peak}
	if len(lat) == 0 {
		return r, fmt.Errorf("no request succeeded: %s", first)
	}
	slices.Sort(lat)
	at := func(q float64) float64 { return ms(lat[min(len(lat)-1, int(q*float64(len(lat))))]) }
	r.p50, r.p99, r.perSecond = at(.50), at(.99), float64(len(lat))/wall.Seconds()
	n := float64(len(lat) + errs)
	other := busy - own
	for name, used := range cpu {
		other -= used
		r.cpu[name] = ms(used) / n
	}
	r.driver = ms(own) / n
	r.other = max(0, 100*float64(other)/(float64(wall)*float64(runtime.NumCPU())))
	r.statements = statements / n
	for _, s := range sessions {
		r.httpPerOp += float64(s.requests) / n
	}
	return r, nil
}

// loop runs the workers until the time is up, the count is reached or there are too many errors, and waits for the
// requests under way.
func loop(sessions []*session, op operation, o loadOptions) (lat []time.Duration, errs int, first string) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var begun, failed atomic.Int64
	deadline := time.Now().Add(o.duration)
	for _, s := range sessions {
		wg.Go(func() {
			mine := make([]time.Duration, 0, 4096)
			for {
				t0 := time.Now()
				if n := begun.Add(1); (o.count > 0 && n > int64(o.count)) || (o.count <= 0 && t0.After(deadline)) {
					break
				}
				err := op.run(s)
				if err == nil {
					mine = append(mine, time.Since(t0))
					continue
				}
				mu.Lock()
				if first == "" {
					first = err.Error()
				}
				mu.Unlock()
				if int(failed.Add(1)) >= o.maxErrors {
					break
				}
				if op.prepare != nil { // a broken chain or session does not heal by itself
					_ = op.prepare(s)
				}
			}
			mu.Lock()
			lat = append(lat, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return lat, int(failed.Load()), first
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ownCPU is the driver's own CPU time: it shares the machine with the server, so it bounds what a closed loop reaches.
func ownCPU() time.Duration {
	var ru syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}
