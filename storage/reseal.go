package storage

import "context"

// Vault is a column of values that are sealed under the secret key, each bound to the id of its row.
type Vault struct{ table, id, value string }

// What outlives a change of the secret key, besides contacts, which are indexed under it as well.
var (
	TOTPSecrets      = Vault{"totps", "account_id", "secret"}
	ConnectorSecrets = Vault{"connectors", "id", "secret"}
	IdentityEmails   = Vault{"identities", "id", "email"}
	SigningKeys      = Vault{"signing_keys", "kid", "sealed"}
	WebhookSecrets   = Vault{"webhooks", "id", "secret"}
	WebhookPrevious  = Vault{"webhooks", "id", "previous"}
	Settings         = Vault{"settings", "name", "value"} // those that are sealed
)

// SealedValue is one of a vault; Fresh is what is to replace it.
type SealedValue struct {
	ID    string `db:"id"`
	Value string `db:"value"`
	Fresh string `db:"-"`
}

// SealedBefore lists, in the order of their ids, values that another key than the current one sealed.
func (s *Store) SealedBefore(ctx context.Context, v Vault, current, after string, limit int) (list []SealedValue, err error) {
	err = s.list(ctx, &list, `SELECT `+v.id+` AS id, `+v.value+` AS value FROM `+v.table+` WHERE `+v.id+` > ? AND `+v.value+` <> ''
		AND substr(`+v.value+`, 1, ?) <> ? ORDER BY `+v.id+` LIMIT ?`, after, len(current)+1, current+".", limit)
	return list, err
}

// Reseal replaces values that are as they were read, in one transaction.
func (s *Store) Reseal(ctx context.Context, v Vault, list []SealedValue) error {
	if len(list) == 0 {
		return nil
	}
	args := make([]any, 0, 3*len(list))
	for _, one := range list {
		args = append(args, one.ID, one.Value, one.Fresh)
	}
	return s.InTx(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, `UPDATE `+v.table+` SET `+v.value+` = w.column3 FROM (VALUES `+valueRows(len(list), 3)+`) AS w
			WHERE `+v.table+`.`+v.id+` = w.column1 AND `+v.table+`.`+v.value+` = w.column2`, args...)
		return err
	})
}
