package social

import (
	"context"
	"errors"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// Arrival is who signs in, and for what.
type Arrival struct {
	ClientID string
	Locale   string
	Pageless bool // nobody can be offered to link: an address that is somebody's stays a note, and the account is a new one
	// Join writes what else belongs to it, in one transaction with the account that is made; nil: nothing.
	Join func(ctx context.Context, arrived Arrived) error
}

// Arrived is what became of it: a proof, or the account whose owner may link the identity.
type Arrived struct {
	Step      Step // SignIn, Create or Offer
	AccountID string
	Proof     signin.Proof // of SignIn and Create
	Second    bool         // the account has a second factor, which wasn't asked for
}

// attempts are made where two come at the same moment, and one of them finds the other's row.
const attempts = 3

// Arrive signs somebody in by an identity: kind.Forbidden "account.disabled" or "federation.no_account". An account is made
// for whom it is the first time.
func (s *Service) Arrive(ctx context.Context, who Identity, a Arrival) (Arrived, error) {
	for attempt := 1; ; attempt++ {
		arrived, err := s.arrive(ctx, who, a)
		if kind.Of(err) != kind.Exists || err == nil || attempt == attempts {
			return arrived, err
		}
	}
}

func (s *Service) arrive(ctx context.Context, who Identity, a Arrival) (Arrived, error) {
	known, err := s.known(ctx, who)
	if err != nil {
		return Arrived{}, err
	}
	d := Decide(who, who.Connector, known)
	if d.Step == Offer && a.Pageless {
		who.Trust = Asserted
		d = Decide(who, who.Connector, known)
	}
	if d.Step == Refuse {
		return Arrived{}, s.refuse(ctx, who, a, d)
	}
	if a.Join == nil {
		return s.settle(ctx, who, a, known, d)
	}
	var result Arrived
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if result, err = s.settle(ctx, who, a, known, d); err != nil {
			return err
		}
		return a.Join(ctx, result)
	})
	return result, err
}

// settle does what was decided.
func (s *Service) settle(ctx context.Context, who Identity, a Arrival, known Known, d Decision) (result Arrived, err error) {
	result = Arrived{Step: d.Step, AccountID: d.AccountID}
	switch d.Step {
	case SignIn:
		result.Proof, result.Second = s.proof(d.AccountID).Spending(s.using(*known.Login, who)), known.Login.TOTP
	case Create:
		if result.AccountID, err = s.create(ctx, who, a, d.Verified); err != nil {
			return Arrived{}, err
		}
		result.Proof = s.proof(result.AccountID)
	default: // an offer is its page's
	}
	return result, nil
}

func (s *Service) proof(accountID string) signin.Proof {
	return signin.Proof{AccountID: accountID, AMR: []string{AMR}, ACR: signin.ACRSingle, At: s.Now()}
}

// known reads what Decide asks.
func (s *Service) known(ctx context.Context, who Identity) (k Known, err error) {
	if k.Login, err = s.login(ctx, who); err != nil || k.Login != nil || who.Trust != Authoritative { // an address that is only asserted isn't even looked up
		return k, err
	}
	if k.Holder, err = s.Accounts.Holder(ctx, who.Email); err != nil || k.Holder == "" {
		return k, err
	}
	k.Login, err = s.login(ctx, who) // both came to be since, by the same person in another tab
	return k, err
}

func (s *Service) login(ctx context.Context, who Identity) (*storage.IdentityLogin, error) {
	login, err := s.Store.IdentityLogin(ctx, who.Namespace, who.Subject)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil //nolint:nilnil // nobody's
	}
	return &login, err
}

// using notes a use in the transaction that begins the session. An identity that was unlinked meanwhile begins none.
func (s *Service) using(login storage.IdentityLogin, who Identity) func(context.Context) error {
	return func(ctx context.Context) error {
		i := login.Identity
		i.ConnectorID, i.Email = who.Connector.ID, s.sealEmail(i.ID, who.Email)
		err := s.Store.UseIdentity(ctx, i, storage.At(s.Now()))
		if errors.Is(err, storage.ErrNotFound) {
			return refused("identity", "it was unlinked meanwhile")
		}
		if err != nil || who.Connector.Settings.Sync != connectors.SyncAlways {
			return err
		}
		return s.Accounts.Follow(ctx, i.AccountID, attributes(who))
	}
}

const emailLabel = "identity-email"

// sealEmail keeps an address readable for its owner's page only.
func (s *Service) sealEmail(id, email string) string {
	if email == "" || len(email) > 320 {
		return ""
	}
	return s.Keyring.Seal(emailLabel, []byte(email), id)
}

// Reseal seals the addresses of linked logins under the current secret key.
func (s *Service) Reseal(ctx context.Context) error {
	return s.Keyring.Reseal(ctx, s.Store, storage.IdentityEmails, emailLabel)
}

// create makes account and identity together: of several at once, one.
func (s *Service) create(ctx context.Context, who Identity, a Arrival, verified bool) (string, error) {
	return s.Accounts.Admit(ctx, accounts.Newcomer{
		Email: who.Email, Verified: verified, Claims: attributes(who), Locale: a.Locale, RegisterBy: a.ClientID, Connector: who.Connector.ID,
		Join: func(ctx context.Context, accountID string) error { return s.attach(ctx, accountID, who) },
	})
}

// attach writes an identity of an account: kind.Exists "federation.taken" when somebody has it, kind.Conflict
// "federation.too_many".
func (s *Service) attach(ctx context.Context, accountID string, who Identity) error {
	now, id := storage.At(s.Now()), secret.UUID()
	err := s.Store.CreateIdentity(ctx, storage.Identity{
		ID: id, AccountID: accountID, Namespace: who.Namespace, Subject: who.Subject, ConnectorID: who.Connector.ID,
		Email: s.sealEmail(id, who.Email), LinkedAt: now, LastUsedAt: now,
	}, Most)
	switch {
	case errors.Is(err, storage.ErrExists):
		return kind.New(kind.Exists, "federation.taken").WithErr(err)
	case errors.Is(err, storage.ErrConflict):
		return kind.New(kind.Conflict, "federation.too_many").WithArg("max", Most)
	case err != nil:
		return err
	}
	return s.Audit.Append(ctx, audit.Event{
		Name: "identity.linked", ActorKind: audit.Account, ActorID: accountID, AccountID: accountID,
		Details: map[string]any{"connector": who.Connector.ID},
	})
}

// refuse writes a failure down and returns it.
func (s *Service) refuse(ctx context.Context, who Identity, a Arrival, d Decision) error {
	err := s.Audit.Append(ctx, audit.Event{
		Name: "signin.failed", Outcome: audit.Failure, ActorKind: audit.Account, AccountID: d.AccountID, ClientID: a.ClientID,
		Reason: kind.Code(d.Err), Details: map[string]any{"method": AMR, "connector": who.Connector.ID},
	})
	if err != nil {
		return err
	}
	return d.Err
}

// attributes are the claims of an account that a provider fills, by the connector's mapping or under their own names.
func attributes(who Identity) map[string]string {
	list := map[string]string{}
	for _, name := range connectors.Mappable {
		from := name
		if mapped := who.Connector.Settings.Claims[name]; mapped != "" {
			from = mapped
		}
		if text := word(who.Claims, from); text != "" {
			list[name] = text
		}
	}
	return list
}
