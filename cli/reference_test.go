package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestReference holds docs/cli.md to the commands: UPDATE_DOCS=1 writes it.
func TestReference(t *testing.T) {
	const path = "../docs/cli.md"
	var b strings.Builder
	b.WriteString("# Commands\n\nWritten by `UPDATE_DOCS=1 go test ./cli -run Reference` from the commands themselves. Each also takes `-o table|json|yaml`, " +
		"`--quiet` and the flags of [configuration](configuration.md); exit codes are there too.\n")
	describe(&b, (&app{}).root())
	if os.Getenv("UPDATE_DOCS") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(path)
	if err != nil || string(written) != b.String() {
		t.Errorf("docs/cli.md isn't what the commands say (%v): UPDATE_DOCS=1 go test ./cli -run Reference", err)
	}
}

func describe(b *strings.Builder, cmd *cobra.Command) {
	switch {
	case cmd.Runnable() && !cmd.HasSubCommands():
		about := strings.ReplaceAll(cmd.Long, "\n", " ")
		if !strings.HasPrefix(about, cmd.Short) {
			about = strings.TrimSpace(cmd.Short + ". " + about)
		}
		fmt.Fprintf(b, "\n### %s\n\n%s\n\n```\n%s\n```\n", cmd.CommandPath(), about, strings.Join(examples[nameOf(cmd)], "\n"))
		flags := ""
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) { flags += flagRow(f) })
		if cmd.HasParent() && cmd.Parent().HasParent() {
			cmd.Parent().PersistentFlags().VisitAll(func(f *pflag.Flag) { flags += flagRow(f) })
		}
		if flags != "" {
			b.WriteString("\n| flag | meaning |\n|---|---|\n" + flags)
		}
	case cmd.HasParent() && cmd.HasSubCommands():
		fmt.Fprintf(b, "\n## %s\n\n%s.\n", cmd.CommandPath(), cmd.Short)
	}
	for _, c := range cmd.Commands() {
		describe(b, c)
	}
}

func flagRow(f *pflag.Flag) string {
	if f.Hidden || f.Name == "help" {
		return ""
	}
	name := "`--" + f.Name + "`"
	if f.Shorthand != "" {
		name = "`-" + f.Shorthand + "`, " + name
	}
	usage := strings.ReplaceAll(f.Usage, "|", "\\|")
	if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" && d != "0s" {
		usage += " (" + d + " when left out)"
	}
	return "| " + name + " | " + usage + " |\n"
}
