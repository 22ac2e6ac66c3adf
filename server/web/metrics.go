package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the edge. Routes are templates of the table, so labels are few. A nil Metrics counts nothing.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	csrf     prometheus.Counter
	upstream *prometheus.CounterVec
}

// NewMetrics registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pratu_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pratu_http_request_duration_seconds", Help: "Time until the answer was written.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pratu_http_in_flight_requests", Help: "Requests being answered."}),
		csrf:     prometheus.NewCounter(prometheus.CounterOpts{Name: "pratu_csrf_rejected_total", Help: "Posted forms that didn't come from a page of ours."}),
		upstream: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pratu_upstream_requests_total", Help: "People who came back from a provider elsewhere, or couldn't be sent there.",
		}, []string{"provider", "result"}),
	}
	reg.MustRegister(m.requests, m.duration, m.inFlight, m.csrf, m.upstream)
	return m
}

func (m *Metrics) begin() {
	if m != nil {
		m.inFlight.Inc()
	}
}

func (m *Metrics) end(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.inFlight.Dec()
	if status < 100 || status > 599 {
		status = http.StatusInternalServerError
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route, method).Observe(took.Seconds())
}

func (m *Metrics) csrfRejected() {
	if m != nil {
		m.csrf.Inc()
	}
}

// Upstream counts what became of a way to a provider elsewhere: ok, or the code of what went wrong.
func (m *Metrics) Upstream(connector, result string) {
	if m != nil {
		m.upstream.WithLabelValues(connector, result).Inc()
	}
}
