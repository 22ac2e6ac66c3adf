package office

import (
	"context"
	"io"

	"pratu/flows/accounts"
)

// ImportAccounts imports accounts of another system, one JSON object in each line; first is the number of the first one.
// refuse and progress are told as accounts.Importer tells them.
func (s *Service) ImportAccounts(ctx context.Context, a Actor, in io.Reader, first int64, refuse func(line int64, why error) error, progress func(accounts.ImportResult)) (accounts.ImportResult, error) {
	ctx, err := a.enter(ctx, ImportAccounts)
	if err != nil {
		return accounts.ImportResult{}, err
	}
	return (&accounts.Importer{Accounts: s.Accounts, First: first, Refuse: refuse, Progress: progress}).Run(ctx, in)
}
