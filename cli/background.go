package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"pratu/flows/keys"
	"pratu/flows/secret"
	"pratu/storage"
)

const (
	keysEvery     = 2 * time.Second // a rotation by the command line reaches every replica within this
	rotationEvery = 10 * time.Minute
	sealEvery     = time.Second
	headEvery     = time.Hour
	janitorEvery  = time.Minute
	janitorLease  = 2 * time.Minute
	askTimeout    = 2 * time.Second // for a metric that asks the database
)

// background runs what no request waits for.
func (s *running) background(metrics prometheus.Gatherer) {
	s.proc.every("keys", keysEvery, s.keys.Refresh)
	s.proc.loop("outbox", s.outbox.Run)
	if s.cfg.KeyRotation > 0 {
		s.proc.every("key rotation", rotationEvery, s.rotation)
	}
	s.proc.loop("farewells", s.farewells.Run)
	s.proc.loop("webhooks", s.webhooks.Outbox.Run)
	s.proc.loop("presence", s.presence.Run)
	s.proc.every("sealer", sealEvery, s.sealer())
	s.proc.every("janitor", janitorEvery, s.janitor())
	s.proc.every("eraser", janitorEvery, s.eraser())
	s.proc.every("reindex", janitorEvery, s.reindexer())
	s.proc.every("figures", figuresEvery, s.figures())
	tokens := &tokenFigures{metrics: metrics, store: s.store, now: s.now}
	s.proc.every("figures of tokens", figuresEvery, tokens.flush)
}

// rotation replaces signing keys when their time has come.
func (s *running) rotation(ctx context.Context) error {
	rotated, err := s.keys.RotateDue(ctx, s.cfg.KeyRotation)
	if len(rotated) > 0 {
		s.log.Info("signing keys published that follow", "event", "keys.rotated", "algorithms", rotated)
	}
	return err
}

// janitor removes what expired.
func (s *running) janitor() func(ctx context.Context) error {
	return s.leased("janitor", func(ctx context.Context) error {
		rows, err := s.store.Purge(ctx, storage.At(s.now()))
		events, failure := s.chain.Purge(ctx)
		rows, err = rows+events, errors.Join(err, failure)
		if rows > 0 {
			s.log.Debug("expired rows removed", "event", "janitor.purged", "rows", rows)
		}
		return err
	})
}

// sealer chains the record, and now and then has the log say how far: who can write to the database can't change that.
func (s *running) sealer() func(ctx context.Context) error {
	var said time.Time
	return func(ctx context.Context) error {
		n, err := s.chain.Seal(ctx)
		if now := s.now(); n > 0 && now.Sub(said) >= headEvery {
			said = now
			head, failure := s.chain.Head(ctx)
			if failure == nil {
				s.log.Info("the record of events is sealed up to here", "event", "audit.sealed", "head", head.String())
			}
			err = errors.Join(err, failure)
		}
		return err
	}
}

// eraser erases accounts that their owners deleted, when the grace is over.
func (s *running) eraser() func(ctx context.Context) error {
	return s.leased("eraser", func(ctx context.Context) error {
		n, err := s.accounts.Erase(ctx)
		if n > 0 {
			s.log.Info("accounts erased", "event", "eraser.erased", "accounts", n)
		}
		return err
	})
}

// leased is work that one replica does at a time.
func (s *running) leased(name string, work func(ctx context.Context) error) func(ctx context.Context) error {
	holder := secret.ID()
	return func(ctx context.Context) error {
		// Replicas that started together don't ask together.
		if !pause(ctx, rand.N(janitorEvery/4)) { //nolint:gosec // how long somebody waits may be guessed
			return ctx.Err()
		}
		mine, err := s.store.AcquireLease(ctx, name, holder, storage.At(s.now()), janitorLease)
		if err != nil || !mine {
			return err
		}
		return work(ctx)
	}
}

// probes are the questions of readiness.
func (t *tools) probes() []probe {
	return []probe{
		{"database", t.store.Ping},
		{"schema", func(ctx context.Context) error {
			current, latest, err := t.store.MigrationStatus(ctx)
			if err == nil && current != latest {
				err = fmt.Errorf("schema %d, want %d", current, latest)
			}
			return err
		}},
		{"signing keys", func(context.Context) error {
			_, err := t.keys.Sign(keys.ES256, "JWT", struct{}{})
			return err
		}},
	}
}

// observe registers what the database and the keys can tell.
func (t *tools) observe(reg *prometheus.Registry) {
	reg.MustRegister(
		collectors.NewDBStatsCollector(t.store.DB(), "pratu"),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "pratu_sql_statements_total", Help: "Statements sent to the database; BEGIN and COMMIT aren't counted.",
		}, func() float64 { return float64(t.store.Statements()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "pratu_mail_queue_length", Help: "Messages that wait for delivery."}, t.queueLength),
		keyAges{t},
	)
}

func (t *tools) queueLength() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	due, _, err := t.store.OutboxCounts(ctx)
	if err != nil {
		return -1
	}
	return float64(due)
}

// keyAges tells how old the signing keys are.
type keyAges struct{ t *tools }

var keyAge = prometheus.NewDesc("pratu_signing_key_age_seconds", "Age of the key that signs now.", []string{"alg"}, nil)

// Describe names the metric.
func (k keyAges) Describe(c chan<- *prometheus.Desc) { c <- keyAge }

// Collect asks the database, so that a scrape shows what all replicas share.
func (k keyAges) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	list, err := k.t.keys.List(ctx)
	if err != nil {
		return
	}
	for _, i := range list {
		if i.State == "signing" {
			c <- prometheus.MustNewConstMetric(keyAge, prometheus.GaugeValue, k.t.now().Sub(i.CreatedAt).Seconds(), i.Alg)
		}
	}
}
