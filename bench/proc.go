package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// watched is a process whose CPU time and memory are charged to the server,
// with all of its descendants (PostgreSQL runs one process per connection).
type watched struct {
	name string
	pid  int
}

// clockTick is the unit of CPU time in /proc/PID/stat: USER_HZ, which is 100
// on every Linux port that Go supports.
const clockTick = time.Second / 100

type procStat struct {
	ppid int
	cpu  time.Duration // own time and that of its reaped children
}

func readStat(pid int) (procStat, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, false
	}
	// The command name is in parentheses and may hold spaces.
	i := strings.LastIndexByte(string(raw), ')')
	f := strings.Fields(string(raw[i+1:]))
	if i < 0 || len(f) < 15 {
		return procStat{}, false
	}
	n := func(k int) int64 { v, _ := strconv.ParseInt(f[k], 10, 64); return v }
	return procStat{ppid: int(n(1)), cpu: time.Duration(n(11)+n(12)+n(13)+n(14)) * clockTick}, true
}

// tree returns the live processes at and below root.
func tree(root int) map[int]procStat {
	entries, _ := os.ReadDir("/proc")
	all := map[int]procStat{}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if st, ok := readStat(pid); ok {
				all[pid] = st
			}
		}
	}
	out := map[int]procStat{}
	for pid, st := range all {
		for p, hops := pid, 0; p > 1 && hops < 64; p, hops = all[p].ppid, hops+1 {
			if p == root {
				out[pid] = st
				break
			}
		}
	}
	return out
}

// cpu is the CPU time of a process tree. A descendant that ends moves its time
// into its parent's, so the sum does not lose it.
func (w watched) cpu() time.Duration {
	var d time.Duration
	for _, st := range tree(w.pid) {
		d += st.cpu
	}
	return d
}

// rssMiB is the resident memory of a process tree, with memory that its
// processes share counted once (as the largest share any of them maps).
func (w watched) rssMiB() float64 {
	var anon, file, shmem int64
	for pid := range tree(w.pid) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(raw)) {
			k, v, _ := strings.Cut(line, ":")
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			switch k {
			case "RssAnon":
				anon += n
			case "RssFile":
				file = max(file, n)
			case "RssShmem":
				shmem = max(shmem, n)
			}
		}
	}
	return float64(anon+file+shmem) / 1024
}

// watch measures the CPU time used and the peak memory between start and stop.
type watch struct {
	procs []*watched
	begin map[string]time.Duration
	peak  map[string]float64
	quit  chan struct{}
	done  chan struct{}
}

func startWatch(procs []*watched) *watch {
	w := &watch{procs: procs, begin: map[string]time.Duration{}, peak: map[string]float64{},
		quit: make(chan struct{}), done: make(chan struct{})}
	for _, p := range procs {
		w.begin[p.name] = p.cpu()
	}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, p := range procs {
				w.peak[p.name] = max(w.peak[p.name], p.rssMiB())
			}
			select {
			case <-w.quit:
				return
			case <-tick.C:
			}
		}
	}()
	return w
}

func (w *watch) stop() (cpu map[string]time.Duration, peakMiB map[string]float64) {
	cpu = map[string]time.Duration{}
	for _, p := range w.procs {
		cpu[p.name] = p.cpu() - w.begin[p.name]
	}
	close(w.quit)
	<-w.done
	return cpu, w.peak
}

// machineBusy is the CPU time that the whole machine has spent, on anything.
// Time stolen by the hypervisor counts too: it is time the server did not get.
func machineBusy() time.Duration {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	var busy int64
	for i, f := range strings.Fields(line) {
		// cpu user nice system idle iowait irq softirq steal (guest …)
		if i >= 1 && i <= 8 && i != 4 && i != 5 {
			n, _ := strconv.ParseInt(f, 10, 64)
			busy += n
		}
	}
	return time.Duration(busy) * clockTick
}
