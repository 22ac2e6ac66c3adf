package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress shows how far long work is: a bar on a terminal, a line now and then elsewhere.
type progress struct {
	out      io.Writer
	total    int64 // 0: nobody knows
	what     string
	terminal bool
	now      func() time.Time

	begun, shown time.Time
	count, first int64
	any          bool // something is on the line
}

const (
	barWidth   = 30
	barEvery   = 200 * time.Millisecond
	linesEvery = 10 * time.Second
)

func (a *app) newProgress(total int64, what string) *progress {
	return &progress{out: a.stderr, total: total, what: what, terminal: isTerminal(a.stderr), now: a.now, begun: a.now(), shown: a.now()}
}

// at says that done of the total are over, which are count things.
func (p *progress) at(done, count int64) {
	p.count = count
	now := p.now()
	if every := map[bool]time.Duration{true: barEvery, false: linesEvery}[p.terminal]; now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	text := fmt.Sprintf("%d %s, %.0f/s", count, p.what, float64(count-p.first)/max(now.Sub(p.begun).Seconds(), 0.001))
	if p.total > 0 {
		share := min(float64(done)/float64(p.total), 1)
		full := int(share * barWidth)
		text = fmt.Sprintf("[%s%s] %3.0f %%  %s", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), 100*share, text)
	}
	if !p.terminal {
		fmt.Fprintln(p.out, text)
		return
	}
	p.any = true
	fmt.Fprintf(p.out, "\r\x1b[K%s", text)
}

// clear frees the line for something else.
func (p *progress) clear() {
	if p.any {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.any = false
	}
}

// end leaves nothing behind but how long it took.
func (p *progress) end() {
	p.clear()
	took := p.now().Sub(p.begun)
	if took >= time.Second {
		fmt.Fprintf(p.out, "%d %s in %s, %.0f/s\n", p.count, p.what, took.Round(time.Second), float64(p.count-p.first)/took.Seconds())
	}
}
