package game

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"pratu/flows/kind"
	"pratu/flows/oidc"
)

// failure is an error as the wire has it.
type failure struct {
	status     int
	code       string
	message    string
	retryAfter time.Duration
}

// failures is the one table from the codes of flows to the wire's. docs/games.md lists it.
var failures = map[string]failure{
	"title.missing":         {400, "title_missing", "No title is named: send X-Client-Identifier.", 0},
	"title.unknown":         {401, "title_unknown", "There is no such title.", 0},
	"signin.failed":         {401, "invalid_credentials", "The e-mail address or the password is wrong, or the address isn't verified yet.", 0},
	"token.invalid":         {401, "invalid_token", "The token isn't valid.", 0},
	"token.expired":         {401, "token_expired", "The token has expired.", 0},
	"account.disabled":      {403, "account_disabled", "This account has been disabled.", 0},
	"account.closed":        {403, "account_closed", "The owner of this account is deleting it. It can still be kept, by signing in on our pages.", 0},
	"player.banned":         {403, "player_banned", "This player has been banned: {reason}", 0},
	"factor.required":       {403, "second_factor_required", "This account asks for a second factor: sign in on our pages.", 0},
	"scope.missing":         {403, "insufficient_scope", "The access token needs the scope {scope}, and its client a title.", 0},
	"contact.email_invalid": {400, "invalid_input", "This is not an e-mail address.", 0},
	"registration.secret":   {400, "invalid_secret", "The secret or code is wrong, spent or too old.", 0},
	"guest.key":             {400, "invalid_input", "deviceKey has 43 to 128 printable characters and is random; leave it out and one is made.", 0},
	"guest.not":             {409, "not_a_guest", "This account isn't a guest's any more.", 0},
	"identity.taken":        {409, "already_linked", "This login belongs to another account.", 0},
	"player.unknown":        {404, "not_found", "The title has no such player.", 0},
	"player.name":           {400, "invalid_input", "playerName has 1 to 60 characters.", 0},
	"player.ban_reason":     {400, "invalid_input", "reason is missing.", 0},
	"ledger.invalid":        {400, "invalid_input", "currency is coin or diamond, amount a whole number other than 0, reason a text of up to 200 bytes, and the header Idempotency-Key 1 to 128 characters.", 0},
	"ledger.short":          {409, "insufficient_balance", "The balance would be below zero.", 0},
	"ledger.key":            {409, "idempotency_conflict", "The Idempotency-Key was used for another entry.", 0},
	"provider.unknown":      {404, "not_found", "There is no such provider.", 0},
	"federation.subject":    {400, "invalid_input", "The token is about nobody.", 0},
	"federation.no_account": {403, "no_account", "Nobody has linked this login yet, and it makes no accounts.", 0},
	"limit.exceeded":        {429, "rate_limited", "Too many tries. Retry-After says when to try again.", 0},
	"upstream.unavailable":  {503, "upstream_unavailable", "The provider of this login can't be asked at the moment.", 0},
	"server.busy":           {503, "unavailable", "The service is busy. Try again in a moment.", 0},
}

// weak are the reasons why a password isn't taken.
var weak = map[string]string{
	"password.too_short": "The password needs at least {min} characters.",
	"password.too_long":  "The password may have at most {max} characters.",
	"password.invalid":   "The password has characters that can't be typed again.",
	"password.blocked":   "The password is easily guessed.",
}

// failed is what the wire says of an error; what isn't known is a failure of ours.
func failed(err error) (failure, bool) {
	if p, ok := asProblem(err); ok {
		return failure{status: p.status, code: p.code, message: p.what}, true
	}
	e, ok := kind.As(err)
	if !ok {
		return failure{}, false
	}
	f, known := failures[e.Code]
	if text := weak[e.Code]; text != "" {
		f, known = failure{status: http.StatusBadRequest, code: "weak_password", message: text}, true
	}
	for name, value := range e.Args {
		f.message = strings.ReplaceAll(f.message, "{"+name+"}", fmt.Sprint(value))
	}
	f.retryAfter = e.RetryAfter
	if f.status == http.StatusServiceUnavailable && f.retryAfter == 0 {
		f.retryAfter = 5 * time.Second
	}
	return f, known
}

// serving makes an error of the protocol, about the access token of a title's server, one of ours.
func serving(err error) error {
	e := oidc.Answer(err)
	if e.Status != http.StatusUnauthorized {
		return err
	}
	return kind.New(kind.Unauthorized, "token.invalid").WithErr(err)
}
