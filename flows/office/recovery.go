package office

import (
	"context"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/storage"
)

// SendRecovery mails somebody a link to choose a new password, as if they had said that they forgot it: nobody else sees it,
// and the password stays good until it is used. The budgets of what is written to one address hold here, too.
func (s *Service) SendRecovery(ctx context.Context, a Actor, ssoid int64) error {
	ctx, p, err := s.touch(ctx, a, WriteAccounts, ssoid)
	if err != nil {
		return err
	}
	switch {
	case p.Status != storage.StatusActive:
		return kind.New(kind.Conflict, "account.closed")
	case p.Email() == "":
		return kind.New(kind.Conflict, "account.no_address")
	}
	begun := accounts.Recovery{Identifier: p.Email(), Locale: p.Locale, IP: audit.RequestOf(ctx).IP}
	if _, err := s.Accounts.BeginRecovery(ctx, begun); err != nil {
		return err
	}
	return s.record(ctx, "account.recovery_sent", p.ID, nil)
}
