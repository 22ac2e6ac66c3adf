package identity

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count calls, by call and status, and never by who or whom. A nil Metrics counts nothing.
type Metrics struct{ calls *prometheus.CounterVec }

// NewMetrics registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pratu_identity_calls_total", Help: "Calls of the Identity API and the partner exchange.",
	}, []string{"call", "code"})}
	reg.MustRegister(m.calls)
	return m
}

func (m *Metrics) called(call string, status int) {
	if m != nil {
		m.calls.WithLabelValues(call, strconv.Itoa(status)).Inc()
	}
}
