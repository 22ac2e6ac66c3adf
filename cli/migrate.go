package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"pratu/storage"
)

func (a *app) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database schema up to date", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(
		&cobra.Command{
			Use: "up", Short: "Apply the migrations that are missing", Args: args(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, ps := loadConfig(cmd, a.environ)
				if err := append(ps, c.check()...).err(); err != nil {
					return err
				}
				return a.on(cmd.Context(), c, func(t *tools) error {
					applied, err := t.store.Migrate(t.ctx)
					if err != nil {
						return newerSchema(err)
					}
					for _, name := range applied {
						a.say("applied %s", name)
					}
					return a.printSchema(t)
				})
			},
		},
		&cobra.Command{
			Use: "status", Short: "Show the schema's version and the program's", Args: args(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.withStore(cmd, a.printSchema) },
		},
	)
	return cmd
}

func (a *app) printSchema(t *tools) error {
	current, latest, err := t.store.MigrationStatus(t.ctx)
	if err != nil {
		return newerSchema(err)
	}
	v := struct {
		Engine  string `json:"engine"`
		Current int64  `json:"current"`
		Latest  int64  `json:"latest"`
		Pending int64  `json:"pending"`
	}{t.store.Engine(), current, latest, max(0, latest-current)}
	return a.print.one(v, [][2]string{
		{"engine", v.Engine}, {"schema", fmt.Sprint(current)}, {"program", fmt.Sprint(latest)}, {"pending", fmt.Sprint(v.Pending)},
	})
}

func newerSchema(err error) error {
	if errors.Is(err, storage.ErrNewerSchema) {
		return fmt.Errorf("the database has a newer schema than this program knows: run the newer program, or restore a backup made before the upgrade")
	}
	return err
}
