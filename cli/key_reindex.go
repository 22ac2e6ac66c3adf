package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/oidc"
	"pratu/storage"
)

// reindexTurn is how long a server moves contacts before it lets another replica do so: less than its lease.
const reindexTurn = janitorLease / 2

func (a *app) keyReindex() *cobra.Command {
	var status bool
	cmd := &cobra.Command{
		Use: "reindex", Short: "Move what is sealed to the current secret key; running servers do it by themselves",
		Long: "After PRATU_SECRET_KEY was replaced, with the earlier one in PRATU_SECRET_KEY_PREVIOUS, contacts are found under both.\n" +
			"Servers index and seal them under the new key in the background; this command does the same, or shows how far it is.\n" +
			"So are signing keys, secrets of authenticator apps, connectors, partners and webhooks, and addresses of linked logins.\n" +
			"When it is done, none of them needs the earlier key any more. Messages that wait do, see pratu outbox list, and recovery\n" +
			"codes: they are hashed with it, and can't be moved.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				state, err := t.accounts.ReindexState(t.ctx)
				if err != nil || status {
					return errors.Join(err, a.printReindexing(state))
				}
				if err := t.reseal(t.ctx); err != nil {
					return err
				}
				bar := a.newProgress(0, "contacts")
				state, err = t.reindex(t.ctx, func(r accounts.Reindexing) {
					bar.total, bar.what = r.Total, fmt.Sprintf("contacts in pass %d", r.Pass)
					bar.at(r.Seen, r.Seen)
				})
				bar.end()
				return errors.Join(err, a.printReindexing(state))
			})
		},
	}
	cmd.Flags().BoolVar(&status, "status", false, "only show how far it is")
	return cmd
}

func (a *app) printReindexing(r accounts.Reindexing) error {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return a.print.one(r, [][2]string{
		{"done", strconv.FormatBool(r.Done)}, {"pass", strconv.Itoa(r.Pass)}, {"seen", n(r.Seen) + " of " + n(r.Total)}, {"changed", n(r.Changed)}, {"unreadable", n(r.Unreadable)},
	})
}

// reseal moves what else outlives a change of the secret key.
func (t *tools) reseal(ctx context.Context) error {
	return errors.Join(
		t.clients.ResealPartnerKeys(ctx), t.social.Connectors.Reseal(ctx), t.signin.ResealTOTP(ctx), t.social.Reseal(ctx), t.custody.Reseal(ctx, t.store),
		oidc.ResealSubjects(ctx, t.store, t.keyring), t.webhooks.Reseal(ctx), t.chain.Reseal(ctx))
}

// reindex moves contacts to the current key. Where a server and a command do the same batch, one of them goes on after it.
func (t *tools) reindex(ctx context.Context, progress func(accounts.Reindexing)) (accounts.Reindexing, error) {
	for {
		state, err := t.accounts.Reindex(ctx, progress)
		if !errors.Is(err, storage.ErrConflict) {
			return state, err
		}
		if !pause(ctx, 100*time.Millisecond) {
			return state, ctx.Err()
		}
	}
}

// reindexer moves contacts and what else is sealed to the current secret key, a while at a time.
func (s *running) reindexer() func(ctx context.Context) error {
	resealed := false
	return s.leased("reindex", func(ctx context.Context) error {
		if !resealed {
			if err := s.reseal(ctx); err != nil {
				return err
			}
			resealed = true
		}
		turn, cancel := context.WithTimeout(ctx, reindexTurn)
		defer cancel()
		if state, err := s.accounts.ReindexState(ctx); err != nil || state.Done {
			return err
		}
		state, err := s.reindex(turn, func(accounts.Reindexing) {})
		s.log.Info("contacts move to the current secret key", "event", "reindex.progress", "done", state.Done, "pass", state.Pass,
			"seen", state.Seen, "total", state.Total, "unreadable", state.Unreadable)
		if turn.Err() != nil && ctx.Err() == nil {
			return nil // the next turn goes on
		}
		return err
	})
}
