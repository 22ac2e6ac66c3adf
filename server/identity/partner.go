package identity

import (
	"encoding/json"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pratu/flows/limits"
	"pratu/flows/oidc"
	"pratu/flows/partner"
	"pratu/server/web"
)

// partnerTokens is the envelope of a successful exchange.
type partnerTokens struct {
	Code         string `json:"res_code"`
	Message      string `json:"res_message"`
	RequestID    string `json:"request_id"`
	MobileNumber string `json:"mobile_number"`
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	IDToken      string `json:"id_token"`
	Timestamp    string `json:"timestamp"`
}

// partnerError is the envelope of a refused one. error and error_description are there for ordinary clients.
type partnerError struct {
	Code        string `json:"res_code"`
	Message     string `json:"res_message"`
	RequestID   string `json:"request_id"`
	Timestamp   string `json:"timestamp"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

const partnerCall = "partner.token"

// Exchange is POST /partner/token.
func (s *Server) Exchange(w http.ResponseWriter, r *http.Request) error {
	fields, err := partnerFields(w, r)
	q := partner.Request{
		GrantType: fields["grant_type"], ClientID: fields["client_id"], ClientSecret: fields["client_secret"], RequestID: fields["request_id"],
		Code: fields["code"], MobileNumber: fields["mobile_number"], RedirectURL: fields["redirect_url"], Timestamp: fields["timestamp"],
		CodeVerifier: fields["code_verifier"], Network: limits.Network(web.Address(r.Context())),
	}
	if partner.ValidRequestID(q.RequestID) {
		web.EventOf(r.Context()).Set("partner_request_id", q.RequestID)
	} else {
		q.RequestID = ""
	}
	if err != nil {
		return s.refuseExchange(w, r, q.RequestID, err)
	}
	tokens, c, err := s.Partner.Exchange(r.Context(), q)
	s.note(r.Context(), c, partnerCall)
	if err != nil {
		return s.refuseExchange(w, r, q.RequestID, err)
	}
	s.Metrics.called(partnerCall, http.StatusOK)
	return write(w, http.StatusOK, partnerTokens{
		"000", "Success.", q.RequestID, q.MobileNumber, tokens.AccessToken, "Bearer", tokens.ExpiresIn, tokens.IDToken,
		s.Now().UTC().Format(partner.TimeFormat),
	})
}

func (s *Server) refuseExchange(w http.ResponseWriter, r *http.Request, requestID string, err error) error {
	e := oidc.Answer(err)
	event := web.EventOf(r.Context())
	event.Set("error", e.Code)
	if e.Err != nil {
		event.Set("cause", e.Err.Error())
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Client realm="pratu"`)
	}
	s.Metrics.called(partnerCall, e.Status)
	return write(w, e.Status, partnerError{
		strconv.Itoa(e.Status), e.Description, requestID, s.Now().UTC().Format(partner.TimeFormat), e.Code, e.Description,
	})
}

const maxExchange = 16 << 10

func unreadable(status int, description string) error {
	return &oidc.Error{Status: status, Code: oidc.InvalidRequest, Description: description}
}

// partnerFields reads the fields of a request from a form or a JSON body, whichever its type says, and never from the URL.
func partnerFields(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	if r.URL.RawQuery != "" {
		return nil, unreadable(http.StatusBadRequest, "nothing is read from the query")
	}
	switch media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media {
	case "application/x-www-form-urlencoded":
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxExchange))
		if err != nil {
			return nil, unreadable(http.StatusRequestEntityTooLarge, "the body is too long")
		}
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, unreadable(http.StatusBadRequest, "the body is not form-encoded")
		}
		fields := map[string]string{}
		for name, values := range form {
			if len(values) > 1 {
				return nil, unreadable(http.StatusBadRequest, "a field is given more than once")
			}
			fields[name] = values[0]
		}
		return fields, nil
	case "application/json":
		members, err := web.ReadJSON(w, r, maxExchange)
		if err != nil {
			return nil, unreadable(http.StatusBadRequest, "the body is not one JSON object")
		}
		return textFields(members)
	}
	return nil, unreadable(http.StatusUnsupportedMediaType, "the body is application/x-www-form-urlencoded or application/json")
}

// textFields reads texts; client_id may be an integer, as old clients have it.
func textFields(members map[string]json.RawMessage) (map[string]string, error) {
	fields := map[string]string{}
	for name, raw := range members {
		text := ""
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
			if name != "client_id" || strings.Trim(text, "0123456789") != "" {
				return nil, unreadable(http.StatusBadRequest, "the fields are texts")
			}
		}
		fields[name] = text
	}
	return fields, nil
}
