package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pratu/flows/issuer"
)

// probe is one question of readiness.
type probe struct {
	name string
	ask  func(ctx context.Context) error
}

// opsHandler is the operations listener: never on the public one, loopback by default.
func opsHandler(p *process, metrics *prometheus.Registry, probes []probe) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+issuer.PathLive, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "live") })
	ready := readiness(p, probes)
	mux.HandleFunc("GET "+issuer.PathReady, ready)
	mux.HandleFunc("GET /healthz", ready)
	mux.Handle("GET "+issuer.PathMetrics, promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return mux
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text)
}

// readiness answers 503 while starting, draining, or when a probe fails. ?verbose names each probe; errors stay in
// the log, since they may tell the database's address.
func readiness(p *process, probes []probe) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.ready.Load() {
			answer(w, http.StatusServiceUnavailable, "not ready: starting or stopping")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		status, text := http.StatusOK, "ready"
		lines := ""
		for _, q := range probes {
			err := q.ask(ctx)
			verdict := "ok"
			if err != nil {
				p.log.Warn("not ready", "event", "ready.failed", "probe", q.name, "err", err)
				verdict, status, text = "failed", http.StatusServiceUnavailable, "not ready: "+q.name
			}
			lines += "\n" + q.name + " " + verdict
		}
		if r.URL.Query().Has("verbose") {
			text += lines
		}
		answer(w, status, text)
	}
}

func newMetrics() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	b := thisBuild()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pratu_build_info", Help: "What is running; always 1.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": b.Go},
	})
	info.Set(1)
	reg.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}
