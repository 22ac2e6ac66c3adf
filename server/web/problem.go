package web

import (
	"encoding/json"
	"net/http"
)

// ProblemBody is an error for programs (RFC 9457). WriteProblem fills the rest in.
type ProblemBody struct {
	Type      string        `json:"type"`
	Title     string        `json:"title"`
	Status    int           `json:"status"`
	Detail    string        `json:"detail,omitempty"`
	Instance  string        `json:"instance"`
	Code      string        `json:"code"`
	RequestID string        `json:"request_id"`
	Errors    []ProblemPart `json:"errors,omitempty"`
}

// ProblemPart is one thing wrong with a document. Pointer is a JSON pointer (RFC 6901) into it.
type ProblemPart struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// WriteProblem writes an error as application/problem+json.
func WriteProblem(w http.ResponseWriter, r *http.Request, p ProblemBody) error {
	p.Type, p.Title, p.Instance, p.RequestID = "urn:pratu:problem:"+p.Code, http.StatusText(p.Status), r.URL.EscapedPath(), RequestID(r.Context())
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that went away is no failure of ours
	return nil
}
