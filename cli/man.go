package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write manual pages of all commands into a directory", Args: args(cobra.ExactArgs(1)),
		Long: "Write manual pages of all commands into a directory, such as /usr/local/share/man/man1, for packages and images.",
		RunE: func(cmd *cobra.Command, list []string) error {
			if err := os.MkdirAll(list[0], 0o755); err != nil { //nolint:gosec // others read manuals
				return unwritable(list[0], err)
			}
			n, err := writeManuals(cmd.Root(), list[0])
			if err == nil {
				a.say("%d pages are in %s.", n, list[0])
			}
			return err
		},
	}
}

func unwritable(path string, err error) error {
	return fmt.Errorf("%s can't be written (%w): correct the path or its permissions", path, reason(err))
}

// writeManuals writes the page of a command and those of all below it.
func writeManuals(cmd *cobra.Command, dir string) (n int, err error) {
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return 0, nil
	}
	file := filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
	if err := os.WriteFile(file, []byte(manual(cmd)), 0o644); err != nil { //nolint:gosec // others read manuals
		return 0, unwritable(file, err)
	}
	n = 1
	for _, c := range cmd.Commands() {
		below, err := writeManuals(c, dir)
		if err != nil {
			return n, err
		}
		n += below
	}
	return n, nil
}

// manual is a page in the man macros, which every reader of manuals knows.
func manual(cmd *cobra.Command) string {
	var b strings.Builder
	section := func(title, text string) {
		if text = strings.TrimRight(text, "\n"); text != "" {
			fmt.Fprintf(&b, ".SH %s\n%s\n", title, text)
		}
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH \"%s\" \"1\" \"\" \"pratu\" \"Pratu\"\n", strings.ToUpper(roff(name)))
	section("NAME", roff(name)+` \- `+roff(cmd.Short))
	section("SYNOPSIS", `\fB`+roff(cmd.UseLine())+`\fR`)
	section("DESCRIPTION", roff(cmp.Or(cmd.Long, cmd.Short)))
	section("OPTIONS", roffFlags(cmd.NonInheritedFlags()))
	if cmd.Example != "" {
		section("EXAMPLES", ".nf\n"+roff(cmd.Example)+"\n.fi")
	}
	var others []string
	if cmd.HasParent() {
		others = append(others, cmd.Parent().CommandPath())
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			others = append(others, c.CommandPath())
		}
	}
	for i, o := range others {
		others[i] = `\fB` + roff(strings.ReplaceAll(o, " ", "-")) + `\fR(1)`
	}
	section("SEE ALSO", strings.Join(others, ", "))
	return b.String()
}

func roffFlags(fs *pflag.FlagSet) string {
	var b strings.Builder
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s\n", roff(name), roff(f.Usage))
	})
	return b.String()
}

// roff is a text in which nothing is a request: a line that begins with a point would be one, and a hyphen isn't a minus.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
