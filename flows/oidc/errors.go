package oidc

import (
	"errors"
	"net/http"
	"time"

	"github.com/ory/fosite"

	"pratu/flows/kind"
	"pratu/storage"
)

// Error codes of RFC 6749, 6750, 8707, 9126 and OpenID Connect Core that we answer with.
const (
	InvalidRequest      = "invalid_request"
	InvalidClient       = "invalid_client"
	InvalidGrant        = "invalid_grant"
	InvalidScope        = "invalid_scope"
	InvalidTarget       = "invalid_target"
	InvalidToken        = "invalid_token"
	InsufficientScope   = "insufficient_scope"
	UnauthorizedClient  = "unauthorized_client"
	UnsupportedGrant    = "unsupported_grant_type"
	UnsupportedResponse = "unsupported_response_type"
	RequestNotSupported = "request_not_supported"
	RequestURINot       = "request_uri_not_supported"
	InvalidRequestURI   = "invalid_request_uri"
	RegistrationNot     = "registration_not_supported"
	TemporarilyAway     = "temporarily_unavailable"
	ServerError         = "server_error"
	SlowDown            = "slow_down"
)

// Error is an answer of the protocol. Description is plain ASCII without quotes and backslashes (RFC 6749 section 5.2)
// and says nothing that helps to guess.
type Error struct {
	Status      int
	Code        string
	Description string
	RetryAfter  time.Duration
	Err         error // for the log
}

func (e *Error) Error() string {
	text := e.Code + ": " + e.Description
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

func refuse(code, description string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Description: description}
}

func (e *Error) with(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

func (e *Error) status(status int) *Error {
	c := *e
	c.Status = status
	return &c
}

// errClient is the one answer to every failed client authentication. Libraries differ in the method they begin with, so
// it names the setting to look at, for whomever it is asked.
func errClient(err error) *Error {
	return refuse(InvalidClient, "client authentication failed: unknown client, wrong secret or assertion, or another method than the token_endpoint_auth_method it is registered with").status(http.StatusUnauthorized).with(err)
}

// errGrant is the one answer to every code or refresh token that buys nothing.
func errGrant(err error) *Error {
	return refuse(InvalidGrant, "the code or refresh token is invalid, expired, used or belongs to another client").with(err)
}

// errToken is the one answer to every access token that opens nothing.
func errToken(err error) *Error {
	return refuse(InvalidToken, "the access token is invalid, expired or revoked").status(http.StatusUnauthorized).with(err)
}

// answer makes any error one of the protocol. A database that is away is never a client's mistake (503), and what we
// don't know is server_error, its text kept for the log.
func answer(err error) *Error {
	var own *Error
	var rfc *fosite.RFC6749Error
	switch {
	case errors.As(err, &own):
		return own
	case kind.Of(err) == kind.RateLimited:
		e, _ := kind.As(err)
		return &Error{Status: http.StatusTooManyRequests, Code: SlowDown, Description: "too many requests", RetryAfter: e.RetryAfter, Err: err}
	case kind.Of(err) == kind.Unavailable:
		away := &Error{Status: http.StatusServiceUnavailable, Code: TemporarilyAway, Description: "try again in a moment", RetryAfter: time.Second, Err: err}
		if e, ok := kind.As(err); ok && e.RetryAfter > 0 {
			away.RetryAfter = e.RetryAfter
		}
		return away
	case errors.Is(err, errSpent):
		return errGrant(err)
	case errors.Is(err, storage.ErrInvalid):
		return refuse(InvalidRequest, "a parameter holds characters that can not be stored").with(err)
	case errors.As(err, &rfc) && rfc.CodeField < http.StatusInternalServerError:
		return fromEngine(rfc, err)
	}
	return &Error{Status: http.StatusInternalServerError, Code: ServerError, Description: "an internal error occurred", Err: err}
}

// fromEngine keeps the codes that clients know. Our own checks stand before fosite's, so this is the second net.
func fromEngine(rfc *fosite.RFC6749Error, err error) *Error {
	switch rfc.ErrorField {
	case InvalidGrant:
		return errGrant(err)
	case InvalidClient:
		return errClient(err)
	case InvalidRequest, InvalidScope, UnauthorizedClient, UnsupportedGrant, UnsupportedResponse, RequestNotSupported,
		RequestURINot, RegistrationNot, "login_required", "consent_required", "interaction_required", "access_denied":
		return refuse(rfc.ErrorField, "the request was refused").with(err)
	}
	return refuse(InvalidRequest, "the request was refused").with(err)
}

// RefuseWith is an error of the protocol that another envelope than ours tells: forbidden, or a mistake in the request.
func RefuseWith(code, description string) *Error {
	e := refuse(code, description)
	switch code {
	case UnauthorizedClient:
		return e.status(http.StatusForbidden)
	case InvalidClient:
		return e.status(http.StatusUnauthorized)
	}
	return e
}

// Forbidden makes an error one of 403.
func (e *Error) Forbidden() *Error { return e.status(http.StatusForbidden) }

// Answer is what server/oauth writes for any error of this package.
func Answer(err error) *Error { return answer(err) }

// UnregisteredRedirect describes the mistake that developers make most; a page explains it.
const UnregisteredRedirect = "redirect_uri is not registered for this client"
