package storage

import "context"

// Status of an account, as all wires spell it.
const (
	StatusActive          = "1"
	StatusDisabled        = "2"
	StatusDeletionPending = "3"
	StatusMerged          = "4"
	StatusGuest           = "5"
)

// Account is a person's row. Contacts, credentials and roles have tables of their own.
type Account struct {
	ID         string  `db:"id"`    // internal, never shown
	SSOID      int64   `db:"ssoid"` // subject of public clients
	OID        string  `db:"oid"`   // id of the game API
	Status     string  `db:"status"`
	RegisterBy string  `db:"register_by"`
	Locale     string  `db:"locale"`
	Profile    string  `db:"profile"` // JSON object of OIDC standard claims
	CreatedAt  Instant `db:"created_at"`
	UpdatedAt  Instant `db:"updated_at"`
}

const accountColumns = `id, ssoid, oid, status, register_by, locale, profile, created_at, updated_at`

// AccountBySSOID finds an account in any status by its public number.
func (s *Store) AccountBySSOID(ctx context.Context, ssoid int64) (a Account, err error) {
	err = s.get(ctx, &a, `SELECT `+accountColumns+` FROM accounts WHERE ssoid = ?`, ssoid)
	return a, err
}

// AccountByOID finds an account in any status by its id in the game API.
func (s *Store) AccountByOID(ctx context.Context, oid string) (a Account, err error) {
	err = s.get(ctx, &a, `SELECT `+accountColumns+` FROM accounts WHERE oid = ?`, oid)
	return a, err
}

// AccountByContact finds the account of a verified contact with its password in one statement: ErrNotFound when nobody
// has it, a zero Credential when the account has no password.
func (s *Store) AccountByContact(ctx context.Context, kind string, digests []Digest) (Account, Credential, error) {
	login, err := s.LoginByContact(ctx, kind, digests, "", 0)
	return login.Account, login.Credential, err
}

// ContactHeld tells whether an account has a verified contact. It reads as much for one that nobody has.
func (s *Store) ContactHeld(ctx context.Context, kind string, digests []Digest) (held bool, err error) {
	query, args := digestCondition(digests)
	err = s.get(ctx, &held, `SELECT EXISTS (SELECT 1 FROM contact_digests d WHERE d.kind = ? AND d.verified = 1 AND (`+query+`))`,
		append([]any{kind}, args...)...)
	return held, err
}

// Login is what a sign-in with a password needs to know.
type Login struct {
	Account
	Credential Credential `db:"credential"` // zero: the account has no password
	Known      bool       `db:"-"`          // the account signed in with this browser before
	Trusted    bool       `db:"-"`          // the browser stands for the second factor
	TOTP       bool       `db:"totp"`       // there is a second factor
}

// LoginByContact is AccountByContact for one browser, which may be "". For a contact that nobody has it reads another
// account and throws it away: to find nothing would take less time than to find somebody.
func (s *Store) LoginByContact(ctx context.Context, kind string, digests []Digest, browserHash string, now Instant) (Login, error) {
	var args []any
	for _, d := range digests {
		args = append(args, d.KeyID, d.Digest)
	}
	var rows []struct {
		Login
		Found        bool    `db:"found"`
		KnownUntil   Instant `db:"known_until"`
		TrustedUntil Instant `db:"trusted_until"`
	}
	err := s.list(ctx, &rows, `SELECT CASE WHEN d.contact_id IS NULL THEN 0 ELSE 1 END AS found,
		a.id, a.ssoid, a.oid, a.status, a.register_by, a.locale, a.profile, a.created_at,
		a.updated_at, COALESCE(p.id, '') AS "credential.id", COALESCE(p.account_id, '') AS "credential.account_id",
		COALESCE(p.kind, '') AS "credential.kind", COALESCE(p.secret, '') AS "credential.secret",
		COALESCE(p.created_at, 0) AS "credential.created_at", COALESCE(p.last_used_at, 0) AS "credential.last_used_at",
		COALESCE(p.title, '') AS "credential.title",
		COALESCE(b.expires_at, 0) AS known_until, COALESCE(b.trusted_until, 0) AS trusted_until, `+hasSecondFactor+` AS totp
		FROM (VALUES `+valueRows(len(digests), 2)+`) AS w
		LEFT JOIN contact_digests d ON d.kind = ? AND d.key_id = w.column1 AND d.digest = w.column2 AND d.verified = 1
		JOIN contacts c ON c.id = COALESCE(d.contact_id, (SELECT id FROM contacts ORDER BY id LIMIT 1))
		JOIN accounts a ON a.id = c.account_id LEFT JOIN credentials p ON p.account_id = a.id AND p.kind = 'password'
		LEFT JOIN known_browsers b ON b.account_id = a.id AND b.browser_hash = ?`, append(args, kind, browserHash)...)
	if err != nil {
		return Login{}, err
	}
	for _, row := range rows { // one for each living key
		if row.Found {
			row.Known, row.Trusted = row.KnownUntil > now, row.TrustedUntil > now && browserHash != ""
			return row.Login, nil
		}
	}
	return Login{}, ErrNotFound
}

// digestCondition matches a contact under any living key.
func digestCondition(digests []Digest) (query string, args []any) {
	for i, d := range digests {
		if i > 0 {
			query += " OR "
		}
		query += "(d.key_id = ? AND d.digest = ?)"
		args = append(args, d.KeyID, d.Digest)
	}
	return query, args
}

// AccountByID finds an account in any status.
func (s *Store) AccountByID(ctx context.Context, id string) (a Account, err error) {
	err = s.get(ctx, &a, `SELECT `+accountColumns+` FROM accounts WHERE id = ?`, id)
	return a, err
}

// CreateAccount writes an account; a number or id that is taken is ErrExists.
func (s *Store) CreateAccount(ctx context.Context, a Account) error {
	_, err := s.exec(ctx, `INSERT INTO accounts (`+accountColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.SSOID, a.OID, a.Status, a.RegisterBy, a.Locale, a.Profile, a.CreatedAt, a.UpdatedAt)
	return err
}

// GrantRole gives an account a role; doing it twice is doing it once.
func (s *Store) GrantRole(ctx context.Context, accountID, role string, now Instant) error {
	_, err := s.exec(ctx, `INSERT INTO account_roles (account_id, role, granted_at) VALUES (?, ?, ?)
		ON CONFLICT (account_id, role) DO NOTHING`, accountID, role, now)
	return err
}

// RolesOf lists an account's roles.
func (s *Store) RolesOf(ctx context.Context, accountID string) (roles []string, err error) {
	err = s.list(ctx, &roles, `SELECT role FROM account_roles WHERE account_id = ? ORDER BY role`, accountID)
	return roles, err
}

// FirstWithRole is the active account that has had a role for longest.
func (s *Store) FirstWithRole(ctx context.Context, role string) (a Account, err error) {
	err = s.get(ctx, &a, `SELECT a.id, a.ssoid, a.oid, a.status, a.register_by, a.locale, a.profile, a.created_at, a.updated_at
		FROM account_roles r JOIN accounts a ON a.id = r.account_id WHERE r.role = ? AND a.status = '1'
		ORDER BY r.granted_at, a.id LIMIT 1`, role)
	return a, err
}

// Promote makes a guest a person like any other, whom the key of a device no longer signs in; an account that isn't a
// guest's is ErrNotFound.
func (s *Store) Promote(ctx context.Context, accountID string, now Instant) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		err := s.guarded(ctx, `UPDATE accounts SET status = '1', updated_at = ? WHERE id = ? AND status = '5'`, now, accountID)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `DELETE FROM credentials WHERE account_id = ? AND kind = 'device'`, accountID)
		return err
	})
}

// DisableAccount keeps an active account, or a guest's, out; any other is ErrNotFound. EnableAccount undoes it.
func (s *Store) DisableAccount(ctx context.Context, accountID string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET status = '2', updated_at = ? WHERE id = ? AND status IN ('1', '5')`, now, accountID)
}

// EnableAccount makes a disabled account what it was.
func (s *Store) EnableAccount(ctx context.Context, accountID string, now Instant) error {
	return s.guarded(ctx, `UPDATE accounts SET status = CASE WHEN EXISTS (SELECT 1 FROM credentials c WHERE c.account_id = accounts.id
		AND c.kind = 'device') THEN '5' ELSE '1' END, updated_at = ? WHERE id = ? AND status = '2'`, now, accountID)
}

// DeviceOwner is the account that the key of a device signs in.
func (s *Store) DeviceOwner(ctx context.Context, hash string) (accountID string, err error) {
	err = s.get(ctx, &accountID, `SELECT account_id FROM credentials WHERE kind = 'device' AND secret = ?`, hash)
	return accountID, err
}
