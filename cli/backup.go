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
			"server and put the file in the place of pratu.db. Keep the secret key too, and elsewhere: without it nothing that is\n" +
			"sealed can be opened. PostgreSQL is backed up by pg_dump.",
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
