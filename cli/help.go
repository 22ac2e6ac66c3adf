package cli

import "github.com/spf13/cobra"

// strictHelp has help and completion refuse what isn't there, as other commands do: the library's answer with help and 0. It
// comes after the outputs are set, since the library's commands keep the one that they find.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	of := command(root, "help")
	show := of.Run
	of.Run, of.RunE = nil, func(cmd *cobra.Command, list []string) error {
		topic, rest, _ := root.Find(list) //nolint:errcheck // what it doesn't know is the rest
		if err := args(cobra.NoArgs)(topic, rest); err != nil {
			return err
		}
		show(cmd, list)
		return nil
	}
	shells := command(root, "completion")
	shells.Args, shells.RunE = args(cobra.NoArgs), help
}
