package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check configuration without starting", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(
		&cobra.Command{
			Use: "validate", Short: "Report every problem that would stop the start", Args: args(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, ps := loadConfig(cmd, a.environ)
				if err := append(ps, c.check()...).err(); err != nil {
					return err
				}
				a.say("The configuration is valid.")
				return nil
			},
		},
		&cobra.Command{
			Use: "print-defaults", Short: "Print a commented YAML file with every key and its default", Args: args(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error {
				_, err := fmt.Fprint(a.stdout, defaultsYAML())
				return err
			},
		},
	)
	return cmd
}

// defaultsYAML is a file that may be given as it is: what has no default is commented out.
func defaultsYAML() string {
	var b strings.Builder
	b.WriteString("# Pratu: every key with its default. Flags and PRATU_… variables weigh more than this file.\n")
	for _, o := range options() {
		fmt.Fprintf(&b, "\n# %s\n", o.doc)
		line := o.key + ": " + o.def
		if o.def == "" {
			line = "# " + o.key + ":"
		}
		b.WriteString(line + "\n")
		if o.secret {
			b.WriteString("# " + o.key + "_file:\n")
		}
	}
	return b.String()
}
