package oauth

import (
	"github.com/prometheus/client_golang/prometheus"

	"pratu/flows/clients"
	"pratu/flows/oidc"
)

// Metrics count what the endpoints did. Labels are from closed sets: no client, no person.
type Metrics struct {
	tokens, tokenErrors, authorizations *prometheus.CounterVec
	reuse                               prometheus.Counter
}

// NewMetrics registers the counters.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pratu_tokens_issued_total", Help: "Tokens issued, by grant type and kind of token.",
		}, []string{"grant", "token"}),
		tokenErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pratu_token_errors_total", Help: "Refused token requests, by grant type and error.",
		}, []string{"grant", "error"}),
		authorizations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pratu_authorize_requests_total", Help: "Answered authorization requests, by kind of client and result.",
		}, []string{"client_kind", "result"}),
		reuse: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pratu_refresh_reuse_detected_total", Help: "Refresh tokens used twice, whose family was ended.",
		}),
	}
	reg.MustRegister(m.tokens, m.tokenErrors, m.authorizations, m.reuse)
	return m
}

func grantLabel(grant string) string {
	switch grant {
	case clients.GrantCode, clients.GrantRefresh, clients.GrantClientCredentials, clients.GrantDevice, clients.GrantExchange:
		return grant
	}
	return "other"
}

func (m *Metrics) issued(grant string, t *oidc.Tokens) {
	label := grantLabel(grant)
	m.tokens.WithLabelValues(label, "access").Inc()
	if t.RefreshToken != "" {
		m.tokens.WithLabelValues(label, "refresh").Inc()
	}
	if t.IDToken != "" {
		m.tokens.WithLabelValues(label, "id").Inc()
	}
}

func (m *Metrics) tokenError(grant string, err error) {
	m.tokenErrors.WithLabelValues(grantLabel(grant), oidc.Answer(err).Code).Inc()
	if oidc.ReuseDetected(err) {
		m.reuse.Inc()
	}
}

func (m *Metrics) authorized(clientKind, result string) {
	m.authorizations.WithLabelValues(clientKind, result).Inc()
}
