package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Each command teaches with an example, and each example is one that the program takes.
func TestExamples(t *testing.T) {
	a := &app{}
	seen := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			walk(c)
		}
		name := nameOf(cmd)
		if len(examples[name]) > 0 {
			seen++
		} else if cmd.Runnable() && !cmd.HasSubCommands() {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for _, line := range examples[name] {
			if !strings.Contains(cmd.Example, line) {
				t.Errorf("%s: the help lacks %s", name, line)
			}
			taken(t, a, cmd, line)
		}
	}
	walk(a.root())
	if seen != len(examples) {
		t.Errorf("examples of %d commands, %d of them exist", len(examples), seen)
	}
}

// taken finds the command of a line and lets it read flags and arguments, without running it.
func taken(t *testing.T, a *app, owner *cobra.Command, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " #")
	line, _, _ = strings.Cut(line, " >")
	line, _, _ = strings.Cut(line, " <")
	_, words, found := strings.Cut(" "+line, " pratu ")
	if !found {
		t.Fatalf("no command in %q", line)
	}
	cmd, rest, err := a.root().Find(strings.Fields(words))
	if err != nil || nameOf(owner) != "" && nameOf(cmd) != nameOf(owner) {
		t.Errorf("%q calls %s: %v", line, cmd.CommandPath(), err)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%q: %v", line, err)
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Errorf("%q: %v", line, err)
	}
}
