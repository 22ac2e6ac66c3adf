package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"pratu/storage"
)

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the embedded database into a new file", Args: args(cobra.ExactArgs(1)),
		Long: "Copy the embedded database into a new file, as it is at this moment, beside a running server. To restore it, stop the\n" +
			"server, take pratu.db-wal and pratu.db-shm away if they are there, and put the file in the place of pratu.db: what a\n" +
			"server that crashed left in them would be written over it. Keep the secret key too, and elsewhere: without it nothing\n" +
			"that is sealed can be opened. PostgreSQL is backed up by pg_dump.",
		RunE: func(cmd *cobra.Command, list []string) error {
			return a.withStore(cmd, func(t *tools) error {
				err := t.store.Backup(t.ctx, list[0])
				switch {
				case errors.Is(err, storage.ErrUnsupported):
					return errors.New("the data is in PostgreSQL: pg_dump --format=custom makes a backup")
				case errors.Is(err, fs.ErrExist):
					return fmt.Errorf("%s, or %[1]s.part, is there already: name another file", list[0])
				case err != nil:
					return fmt.Errorf("%s can't be written (%w)", list[0], reason(err))
				}
				a.say("The database is in %s. What is sealed in it needs the secret key.", list[0])
				return nil
			})
		},
	}
}
