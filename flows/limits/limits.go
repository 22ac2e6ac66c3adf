// Package limits owns how often somebody may fail: one table of policies and the counting. It counts failures (and sent
// mails), never successes, in rows that all replicas share. It doesn't know what failed; callers choose the subject.
package limits

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Policy is a budget of failures in a window that begins with the first of them.
type Policy struct {
	Name   string
	Budget int
	Window time.Duration
	About  string // one line of docs/limits.md: what is counted, for whom
}

// The table. docs/limits.md is written from it and compared in a test. NIST SP 800-63B-4 section 3.2.2 allows 100
// consecutive failures; the two budgets of an account together stay below.
var (
	SigninAccount = Policy{"signin.account", 20, 15 * time.Minute,
		"wrong passwords for one account, under whatever identifier, from browsers it never signed in with; for an identifier that nobody has, the same"}
	SigninAccountDay = Policy{"signin.account_day", 80, 24 * time.Hour, "the same, in a day"}
	SigninBrowser    = Policy{"signin.browser", 20, 15 * time.Minute,
		"wrong passwords for one account from one browser in which it signed in before: strangers can't use this budget up"}
	SigninAddress = Policy{"signin.address", 300, 15 * time.Minute,
		"wrong passwords from one network address (IPv6: /64), browsers known to the account excepted, and refused passkeys"}
	CodeRegistration = Policy{"code.registration", 5, 24 * time.Hour, "wrong codes for one pending registration; those that games post with an address instead of the handle have the same budget beside it"}
	CodeChallenge    = Policy{"code.challenge", 5, 24 * time.Hour, "wrong codes for one code that was sent; one that wasn't can't be guessed"}
	CodeAddress      = Policy{"code.address", 60, time.Hour, "codes asked for from one network address (IPv6: /64), registrations with a number among them"}
	FactorAccount    = Policy{"factor.account", 10, 15 * time.Minute,
		"wrong codes of one account's authenticator app; signing in with the password anew doesn't reset it, a right code does"}
	FactorAccountDay = Policy{"factor.account_day", 30, 24 * time.Hour, "the same, in a day"}
	FactorRecovery   = Policy{"factor.recovery", 10, time.Hour, "wrong recovery codes of one account"}

	SMSMinute         = Policy{"sms.minute", 1, time.Minute, "texts to one phone number, counted as mails are; the page looks the same when it bites"}
	SMSDay            = Policy{"sms.day", 5, 24 * time.Hour, "texts to one phone number in a day; the page looks the same when it bites"}
	SignupAddress     = Policy{"signup.address", 300, time.Hour, "registrations begun from one network address (IPv6: /64)"}
	RequestAddress    = Policy{"request.address", 20000, 30 * time.Minute, "authorization requests from one network address (IPv6: /64) that are kept here until a person answers"}
	MailMinute        = Policy{"mail.minute", 1, time.Minute, "mails to one address: those asked for by strangers, those by strangers for a recovery, and the same two for each browser that the account knows; the page looks the same when it bites"}
	MailDay           = Policy{"mail.day", 5, 24 * time.Hour, "mails to one address in a day; the page looks the same when it bites"}
	FederationAddress = Policy{"federation.address", 600, 15 * time.Minute, "ways to a provider elsewhere begun from one network address (IPv6: /64)"}
	ClientSecret      = Policy{"client.secret", 100, 10 * time.Minute,
		"failed client authentications for one client from one network address (IPv6: /64)"}
	PushedClient    = Policy{"par.client", 600, time.Minute, "pushed authorization requests of one client"}
	DeviceClient    = Policy{"device.client", 600, time.Minute, "device authorizations of one client; of one that anybody can name, for each network address (IPv6: /64)"}
	DeviceAddress   = Policy{"device.address", 20, 15 * time.Minute, "wrong device codes typed from one network address (IPv6: /64)"}
	RegisterAddress = Policy{"register.address", 20, time.Hour,
		"applications that register themselves from one network address (IPv6: /64), where registration is open"}
	RequestObject  = Policy{"request_uri.client", 600, time.Minute, "requests that are fetched from where one client is registered to have them"}
	TitleSignin    = Policy{"title.signin", 10, time.Minute, "wrong passwords that games post for one account, under whatever identifier; counted in signin.account as well"}
	TitleRegister  = Policy{"title.register", 60, time.Minute, "registrations that games post, and mails they ask for anew, from one network address (IPv6: /64)"}
	TitleEmail     = Policy{"title.email", 10, time.Minute, "the same for one e-mail address, whether or not anybody has it"}
	TitleVerify    = Policy{"title.verify", 300, 15 * time.Minute, "wrong secrets that games post to verify an account, from one network address (IPv6: /64)"}
	TitleGuest     = Policy{"title.guest", 300, time.Hour, "guests from one network address (IPv6: /64)"}
	TitlePosted    = Policy{"title.posted", 300, 15 * time.Minute, "refused tokens of other providers that games post, from one network address (IPv6: /64)"}
	ClientDocument = Policy{"client.document", 60, time.Minute,
		"documents that are fetched of applications nobody registered, asked for from one network address (IPv6: /64)"}

	SearchClient     = Policy{"search.client", 600, time.Minute, "contacts that one client searches, those that nobody has among them"}
	SearchIdentifier = Policy{"search.identifier", 60, time.Hour, "searches for one contact, by whichever clients"}
	SearchAll        = Policy{"search.all", 6000, time.Minute, "contacts that all clients together search"}
	ReadClient       = Policy{"accounts.client", 300, time.Minute,
		"accounts that one client reads, or tries to, without their owners' own tokens: with them nothing is counted"}
)

// Policies of the office: all requests are counted, and who asks is told what is left.
var (
	AdminClient = Policy{"admin.client", 600, time.Minute, "requests of one machine to the admin API; what is left is in RateLimit"}
	OfficeTest  = Policy{"office.test", 5, 10 * time.Minute, "tests of mails and texts that one administrator sends"}
)

// Table is every policy there is.
func Table() []Policy {
	return []Policy{SigninAccount, SigninAccountDay, SigninBrowser, SigninAddress, CodeRegistration,
		CodeChallenge, CodeAddress, FactorAccount, FactorAccountDay, FactorRecovery, SMSMinute, SMSDay, SignupAddress, RequestAddress, FederationAddress,
		MailMinute, MailDay, ClientSecret, PushedClient, RegisterAddress, DeviceClient, DeviceAddress, RequestObject, ClientDocument,
		TitleSignin, TitleRegister, TitleEmail, TitleVerify, TitleGuest, TitlePosted,
		SearchClient, SearchIdentifier, SearchAll, ReadClient, AdminClient, OfficeTest}
}

// Limiter counts against policies.
type Limiter struct {
	Store     *storage.Store
	Keyring   *secret.Keyring
	Now       func() time.Time
	Overrides map[string]Override // by policy name

	mu    sync.Mutex
	over  map[string]storage.LimitState // budgets that were found used up
	sweep int                           // how many there may be before those of ended windows go
}

// Override is what configuration says instead of the table.
type Override struct {
	Budget int
	Window time.Duration
}

func (l *Limiter) effective(p Policy) Policy {
	if o, ok := l.Overrides[p.Name]; ok {
		p.Budget, p.Window = o.Budget, o.Window
	}
	return p
}

// Budget is a policy's budget after configuration.
func (l *Limiter) Budget(p Policy) int { return l.effective(p).Budget }

// Charge is a policy, whom an attempt is counted for, and for how many it counts.
type Charge struct {
	Policy  Policy
	Subject string
	Times   int
}

// Of is the policy for one subject.
func (p Policy) Of(subject string) Charge { return Charge{p, subject, 1} }

// Times is the charge of so many attempts at once.
func (p Policy) Times(n int, subject string) Charge { return Charge{p, subject, n} }

// id keeps subjects out of the table: they are addresses and account ids.
func (l *Limiter) id(c Charge) string {
	return c.Policy.Name + ":" + l.Keyring.MAC("limit", c.Policy.Name, c.Subject)[:32]
}

func (l *Limiter) ids(charges []Charge) []string {
	ids := make([]string, len(charges))
	for i, c := range charges {
		ids[i] = l.id(c)
	}
	return ids
}

// Check tells whether each budget still has something left. It counts nothing.
func (l *Limiter) Check(ctx context.Context, charges ...Charge) error {
	_, err := l.Used(ctx, charges...)
	return err
}

// Used is Check, and tells which budgets something was counted in.
func (l *Limiter) Used(ctx context.Context, charges ...Charge) (counted []Charge, err error) {
	now, ids := storage.At(l.Now()), l.ids(charges)
	used, err := l.Store.LimitUsed(ctx, ids, now)
	if err != nil || len(used) == 0 {
		return nil, err
	}
	for i, c := range charges {
		if slices.ContainsFunc(used, func(s storage.LimitState) bool { return s.ID == ids[i] }) {
			counted = append(counted, c)
		}
	}
	return counted, l.judge(charges, used, now, func(used, budget int64) bool { return used >= budget })
}

// Count counts one failure.
func (l *Limiter) Count(ctx context.Context, charges ...Charge) error {
	_, err := l.count(ctx, charges, storage.At(l.Now()))
	return err
}

// Take counts first and then tells whether that was within every budget: with Check, count and a slow verification in
// between, a hundred attempts at once would all see a fresh budget (Keycloak CVE-2024-4629). What is beyond one budget
// uses up none of them. A success calls Reset.
func (l *Limiter) Take(ctx context.Context, charges ...Charge) error {
	now := storage.At(l.Now())
	var beyond error
	err := l.Store.InTx(ctx, func(ctx context.Context) error {
		states, err := l.count(ctx, charges, now)
		if err != nil {
			return err
		}
		if beyond = l.judge(charges, states, now, func(used, budget int64) bool { return used > budget }); beyond != nil {
			return l.Store.UncountLimits(ctx, l.counts(charges))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return beyond
}

// Return gives back what Take took for an attempt that turned out right, where others' failures are in the same budget: to
// forget them would be a way to a fresh one.
func (l *Limiter) Return(ctx context.Context, charges ...Charge) error {
	return l.Store.UncountLimits(ctx, l.counts(charges))
}

// Left is what remains of a budget after an attempt, and when it is whole again.
type Left struct {
	Budget, Left  int
	Window, Reset time.Duration
}

// Spend counts an attempt and tells what is left: Take for somebody who is to know.
func (l *Limiter) Spend(ctx context.Context, c Charge) (Left, error) {
	now, p := storage.At(l.Now()), l.effective(c.Policy)
	states, err := l.count(ctx, []Charge{c}, now)
	if err != nil || len(states) == 0 {
		return Left{}, err
	}
	left := Left{p.Budget, max(p.Budget-int(states[0].Used), 0), p.Window, states[0].WindowEnd.Time().Sub(now.Time())}
	return left, l.judge([]Charge{c}, states, now, func(used, budget int64) bool { return used > budget })
}

func (l *Limiter) count(ctx context.Context, charges []Charge, now storage.Instant) ([]storage.LimitState, error) {
	return l.Store.CountLimits(ctx, l.counts(charges), now)
}

func (l *Limiter) counts(charges []Charge) []storage.LimitCount {
	counts := make([]storage.LimitCount, len(charges))
	for i, c := range charges {
		counts[i] = storage.LimitCount{ID: l.id(c), Times: int64(c.Times), Window: l.effective(c.Policy).Window}
	}
	return counts
}

// judge is the error of the first budget that is spent.
func (l *Limiter) judge(charges []Charge, states []storage.LimitState, now storage.Instant, spent func(used, budget int64) bool) error {
	byID := make(map[string]storage.LimitState, len(states))
	for _, state := range states {
		byID[state.ID] = state
	}
	for _, c := range charges {
		state, found := byID[l.id(c)]
		if found && state.WindowEnd > now && spent(state.Used, int64(l.Budget(c.Policy))) {
			l.remember(c, state, now)
			return limited(c.Policy, state, now)
		}
	}
	return nil
}

// Reset forgets a subject's failures.
func (l *Limiter) Reset(ctx context.Context, charges ...Charge) error {
	return l.Store.ResetLimits(ctx, l.ids(charges))
}

func limited(p Policy, state storage.LimitState, now storage.Instant) error {
	wait := max(state.WindowEnd.Time().Sub(now.Time()), time.Second)
	return kind.New(kind.RateLimited, "limit.exceeded").WithRetryAfter(wait).
		WithArg("policy", p.Name).WithArg("minutes", int((wait+time.Minute-1)/time.Minute))
}

// ErrOverride is an unusable limit in the configuration.
var ErrOverride = errors.New("a limit reads POLICY=BUDGET/WINDOW, such as signin.account=10/15m or mail.day=9/1d, with a policy of docs/limits.md")

// ParseOverride reads POLICY=BUDGET/WINDOW.
func ParseOverride(text string) (policy string, o Override, err error) {
	name, rest, _ := strings.Cut(text, "=")
	budget, window, _ := strings.Cut(rest, "/")
	wrong := fmt.Errorf("%q: %w", text, ErrOverride)
	if o.Budget, err = strconv.Atoi(budget); err != nil || o.Budget < 1 {
		return "", o, wrong
	}
	if o.Window, err = duration(window); err != nil || o.Window < time.Second {
		return "", o, wrong
	}
	for _, p := range Table() {
		if p.Name == name {
			return name, o, nil
		}
	}
	return "", o, wrong
}

// duration reads days besides what Go reads, since docs/limits.md has windows of days.
func duration(text string) (time.Duration, error) {
	days, found := strings.CutSuffix(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 8)
	return time.Duration(n) * 24 * time.Hour, err
}
