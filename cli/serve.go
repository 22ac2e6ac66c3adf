package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/storage"
)

// peekTime is how long a start that fails anyway waits for the database.
const peekTime = 2 * time.Second

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the provider", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, ps := loadConfig(cmd, a.environ)
			ps = append(ps, c.check()...)
			s, err := a.start(cmd.Context(), c, ps, false)
			if err != nil {
				return err
			}
			defer s.close()
			a.announceSetup(cmd.Context(), s)
			s.log.Info("ready", "event", "server.ready", "issuer", c.issuer.String(), "listen", s.public.Addr().String(),
				"engine", s.store.Engine(), "version", thisBuild().Version)
			return s.proc.wait(cmd.Context())
		},
	}
}

// running is a started server with what has to be given back when it ends.
type running struct {
	*tools
	proc        *process
	public, ops net.Listener
	created     []string // migrations applied at this start
	closers     []func()
}

// close gives everything back in the opposite order of taking.
func (s *running) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// start takes listeners, lock, database and keys, in the order that finds most problems at once, and begins to serve.
// Every reason not to start is reported together.
func (a *app) start(ctx context.Context, c *Config, ps problems, dev bool) (*running, error) {
	spendMemory()
	log := newLogger(c, a.stderr)
	s := &running{proc: newProcess(log, c.Drain)}
	fail := func(err error) (*running, error) {
		s.close()
		return nil, err
	}
	take := func(name, addr string) net.Listener {
		if !addressed(addr) { // which was reported already
			return nil
		}
		l, err := listen(ctx, name, addr)
		if err != nil {
			ps.add("%v", err)
			return nil
		}
		s.closers = append(s.closers, func() { _ = l.Close() })
		return l
	}
	s.public = take("listen", c.Listen)
	if c.OpsListen != "off" {
		s.ops = take("ops-listen", c.OpsListen)
	}
	if path, embedded := strings.CutPrefix(c.DatabaseURL, "sqlite:"); embedded && len(ps) == 0 {
		release, err := lockServer(path + ".lock")
		if err != nil {
			ps.add("%v", err)
		} else {
			s.closers = append(s.closers, release)
		}
	}
	if len(ps) > 0 {
		peekSchema(ctx, c, &ps)
		return fail(ps)
	}
	metrics := newMetrics()
	t, err := a.build(ctx, c, log)
	if err != nil {
		return fail(err)
	}
	s.tools = t
	s.closers = append(s.closers, t.close)
	if err := s.prepare(ctx); err != nil {
		return fail(err)
	}
	handler, err := t.handler(metrics, dev)
	if err != nil {
		return fail(err)
	}
	t.observe(metrics)
	s.background(metrics)
	warnPort(log, c, s.public.Addr())
	warnNetworks(log, c)
	if c.EnableFrontChannelTokens {
		log.Warn("enable_front_channel_tokens lets applications get tokens in the browser's address: leave it off unless one can't be changed (RFC 9700 section 2.1.2)",
			"event", "server.front_channel_tokens")
	}
	s.proc.serve("listen", s.public, handler, c.TLSCert, c.TLSKey)
	if s.ops != nil {
		s.proc.serve("ops-listen", s.ops, opsHandler(s.proc, metrics, t.probes()), "", "")
	}
	s.proc.ready.Store(true)
	go debug.FreeOSMemory() // what the start took is garbage, and an idle server wouldn't collect it for long
	return s, nil
}

// peekSchema adds what the schema has against a start that something else prevents already. It makes no database, and one
// that doesn't answer now is a problem of the next start.
func peekSchema(ctx context.Context, c *Config, ps *problems) {
	if path, embedded := strings.CutPrefix(c.DatabaseURL, "sqlite:"); embedded {
		if _, err := os.Stat(path); err != nil {
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, peekTime)
	defer cancel()
	store, err := storage.Open(ctx, storage.Options{URL: c.DatabaseURL, MaxConns: c.DatabaseMaxConns})
	if err != nil {
		return
	}
	defer store.Close()
	_ = checkSchema(ctx, store, c, ps)
}

// checkSchema adds why this program can't work with the schema, unless the database doesn't say.
func checkSchema(ctx context.Context, store *storage.Store, c *Config, ps *problems) error {
	current, latest, err := store.MigrationStatus(ctx)
	switch {
	case errors.Is(err, storage.ErrNewerSchema):
		ps.add("%v", newerSchema(err))
	case err != nil:
		return err
	case current < latest && !c.AutoMigrate:
		ps.add("the database has schema %d and this program needs %d: run pratu migrate up, or set auto_migrate", current, latest)
	}
	return nil
}

// prepare looks at the database before anybody is answered: its schema, its clock, the signing keys.
func (s *running) prepare(ctx context.Context) error {
	var ps problems
	if err := checkSchema(ctx, s.store, s.cfg, &ps); err != nil {
		ps.add("the database can't be asked for its schema (%s): is PRATU_DATABASE_URL right, and does the user own the database?", scrub(err.Error()))
	}
	if now, err := s.store.Clock(ctx); err == nil {
		// Expiry is judged by this machine's clock against instants that others wrote (spec 3.6).
		if skew := s.now().Sub(now).Abs(); skew > clockSkew {
			ps.add("this machine's clock differs by %s from the database's: run NTP on both", skew.Round(time.Millisecond))
		}
	}
	if err := ps.err(); err != nil {
		return err
	}
	var err error
	if s.created, err = s.store.Migrate(ctx); err != nil {
		return newerSchema(err)
	}
	return keysUnreadable(s.keys.Ensure(ctx))
}
