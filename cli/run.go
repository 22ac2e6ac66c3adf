package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// process is a set of servers and background loops that live and stop together.
type process struct {
	log     *slog.Logger
	drain   time.Duration
	ready   atomic.Bool
	servers []*http.Server
	failed  chan error // the first server that stopped by itself

	loops     sync.WaitGroup
	loopCtx   context.Context
	stopLoops context.CancelFunc
}

func newProcess(log *slog.Logger, drain time.Duration) *process {
	p := &process{log: log, drain: drain, failed: make(chan error, 8)}
	p.loopCtx, p.stopLoops = context.WithCancel(context.Background())
	return p
}

// serve answers on l until the process stops. With cert it speaks TLS.
func (p *process) serve(name string, l net.Listener, h http.Handler, cert, key string) {
	s := newServer(h, p.log)
	p.servers = append(p.servers, s)
	p.loops.Go(func() {
		var err error
		if cert != "" {
			err = s.ServeTLS(l, cert, key)
		} else {
			err = s.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
}

// loop runs a background task until the process stops. A panic ends the task's turn, not the process; it starts again
// after a pause.
func (p *process) loop(name string, run func(ctx context.Context) error) {
	p.loops.Go(func() {
		for p.loopCtx.Err() == nil {
			err := guarded(p.loopCtx, run)
			if p.loopCtx.Err() != nil {
				return
			}
			p.log.Error("background task stopped and starts again", "event", "loop.failed", "task", name, "err", err)
			pause(p.loopCtx, 5*time.Second)
		}
	})
}

// every runs a task now and then.
func (p *process) every(name string, interval time.Duration, task func(ctx context.Context) error) {
	p.loop(name, func(ctx context.Context) error {
		for {
			if err := guarded(ctx, task); err != nil && ctx.Err() == nil {
				p.log.Warn("background task failed and is tried again", "event", "loop.turn_failed", "task", name, "err", err)
			}
			if !pause(ctx, interval) {
				return ctx.Err()
			}
		}
	})
}

func guarded(ctx context.Context, run func(ctx context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return run(ctx)
}

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// wait returns when ctx ends or a server fails, after everything was stopped in order: not ready first, so that a
// load balancer looks away; then the listeners, with answers under way finished; then the loops.
func (p *process) wait(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-p.failed:
	}
	p.ready.Store(false)
	if err == nil && p.drain > 0 {
		p.log.Info("draining", "event", "server.draining", "for", p.drain.String())
		select {
		case <-time.After(p.drain):
		case err = <-p.failed:
		}
	}
	return errors.Join(err, p.stop()) //nolint:contextcheck // ctx is over: stopping has a time of its own
}

func (p *process) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for _, s := range p.servers {
		wg.Go(func() {
			if s.Shutdown(ctx) != nil {
				_ = s.Close() // whoever is slower than stopTimeout is cut off
			}
		})
	}
	wg.Wait()
	p.stopLoops()
	p.loops.Wait()
	p.log.Info("stopped", "event", "server.stopped")
	return nil
}
