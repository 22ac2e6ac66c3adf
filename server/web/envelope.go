package web

import (
	"encoding/json"
	"net/http"

	"pratu/flows/kind"
)

// Enveloped is an endpoint of the game API, whose answers are all in its envelope. Handlers answer their own errors; one that
// is returned is a failure of ours.
func (k *Kernel) Enveloped(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", dataPolicy)
		head.Set("Referrer-Policy", noReferrer)
		head.Set("Cache-Control", "no-store")
		if err := h(w, r); err != nil {
			EventOf(r.Context()).Set("cause", err.Error())
			if kind.Of(err) == kind.Unavailable {
				head.Set("Retry-After", "1")
				WriteEnvelope(w, http.StatusServiceUnavailable, "unavailable", "The service is busy. Try again in a moment.")
				return
			}
			WriteEnvelope(w, http.StatusInternalServerError, "internal", "Something went wrong. The request's id is in X-Request-Id.")
		}
	})
}

// envelope is what every answer of the game API is in.
type envelope struct {
	Data    any  `json:"data"`
	Success bool `json:"isSuccess"`
}

// problem is data of a failure.
type problem struct {
	Message string `json:"message"`
	Success bool   `json:"success"`
	Code    string `json:"code"`
}

// WriteEnvelope writes a failure in the game API's envelope.
func WriteEnvelope(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(envelope{Data: problem{Message: message, Code: code}})
}
