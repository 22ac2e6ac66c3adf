// Package cli owns the commands: it reads configuration, wires the program together, starts and stops it, and
// administers its data beside a running server. It holds no rule of the protocol or the directory (flows) and no SQL
// (storage).
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/kind"
)

// Exit codes, stable for scripts.
const (
	exitOK       = 0
	exitError    = 1
	exitUsage    = 2
	exitNotFound = 3
	exitConflict = 4
	exitChanges  = 5 // of apply --dry-run: there is something to write
	exitTampered = 6 // of audit verify
)

// app is what commands share: the process's surroundings, so that tests can be one.
type app struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	print          printer

	server     string // whose admin API is asked; "" for the database
	tokenStdin bool
	documents  map[*cobra.Command]func(before []byte) (any, error) // what a command's flags say, for the admin API
}

// Run executes one command line and returns the exit code. Cancelling ctx stops a server cleanly.
func Run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}
	a.print.out = stdout
	root := a.root() //nolint:contextcheck // commands get ctx from ExecuteContext
	root.SetArgs(args[1:])
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	strictHelp(root)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errChanges) {
		return exitChanges
	}
	a.report(err)
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "pratu",
		Short:             "Pratu is a self-hosted OpenID Connect provider",
		Long:              "Pratu (ประตู, Thai for door) is a self-hosted OpenID Connect provider with hosted pages and an account directory.\nTry it out with: pratu dev",
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              args(cobra.NoArgs),
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.print.check() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s%s; see %s --help", flagError(err), nearestFlag(cmd, err), cmd.CommandPath())
	})
	addFlags(root)
	addOutput(root, &a.print)
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .HasHelpSubCommands}}", globalFlags+"{{if .HasHelpSubCommands}}", 1))
	root.AddCommand(
		a.devCommand(), a.serveCommand(),
		a.clientCommand(), a.apiKeyCommand(), a.connectorCommand(), a.registrationTokenCommand(), a.tokenCommand(),
		a.accountCommand(), a.roleCommand(), a.bindingCommand(), a.titleCommand(), a.playerCommand(), a.partnerCommand(),
		a.applyCommand(), a.exportCommand(), a.openapiCommand(),
		a.keyCommand(), a.outboxCommand(), a.auditCommand(), a.webhookCommand(), a.migrateCommand(), a.backupCommand(), a.configCommand(),
		a.adminCommand(), a.doctorCommand(), a.healthcheckCommand(), a.versionCommand(), a.manCommand(), flagsTopic(),
	)
	addExamples(root)
	a.addCompletion(root)
	a.addRemote(root)
	return root
}

// usageError makes the exit code 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usage(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// args wraps cobra's argument checks, which are usage errors too and say what would have been right.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		err := check(cmd, list)
		if err == nil {
			return nil
		}
		if len(list) > 0 && cmd.HasSubCommands() {
			names := []string{}
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return usage("%v%s; see %s --help", err, clients.DidYouMean(list[0], names), cmd.CommandPath())
		}
		return usage("%v: write %s; see %s --help", err, strings.TrimSuffix(cmd.UseLine(), " [flags]"), cmd.CommandPath())
	}
}

// flagError says what a flag takes that couldn't be read; the library would say which function of Go's refused it.
func flagError(err error) string {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	takes := map[string]string{
		"int": "a whole number", "int64": "a whole number", "bool": "true or false", "duration": "a duration with its unit, such as 24h or 90m",
	}[invalid.GetFlag().Value.Type()]
	if takes == "" {
		return err.Error()
	}
	return fmt.Sprintf("--%s %q: write %s", invalid.GetFlag().Name, invalid.GetValue(), takes)
}

// nearestFlag suggests a flag for one that doesn't exist; the command's own come before those that all have.
func nearestFlag(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	name := unknown.GetSpecifiedName()
	for _, set := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.InheritedFlags()} {
		var names []string
		longer := ""
		set.VisitAll(func(f *pflag.Flag) {
			names = append(names, f.Name)
			if longer == "" && strings.HasPrefix(f.Name, name+"-") {
				longer = ", did you mean --" + f.Name + "?"
			}
		})
		if longer != "" {
			return longer
		}
		if near := clients.DidYouMean(name, names); near != "" {
			return strings.Replace(near, "mean ", "mean --", 1)
		}
	}
	return ""
}

// asksAmiss are the codes of flows that make the exit code 2: a filter that nothing can fit.
var asksAmiss = map[string]bool{"audit.event": true, "audit.until": true}

func exitCode(err error) int {
	var u usageError
	switch {
	case errors.As(err, &u), strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"):
		return exitUsage
	}
	if errors.Is(err, errTampered) {
		return exitTampered
	}
	if there := (*refusal)(nil); errors.As(err, &there) {
		return there.exit()
	}
	if asksAmiss[kind.Code(err)] {
		return exitUsage
	}
	switch kind.Of(err) {
	case kind.NotFound:
		return exitNotFound
	case kind.Exists, kind.Conflict:
		return exitConflict
	}
	return exitError
}

// report writes one line for each cause to stderr.
func (a *app) report(err error) {
	for _, cause := range causes(err) {
		fmt.Fprintln(a.stderr, "error:", cause)
	}
}

// causes are the lines that an error has to say.
func causes(err error) []string {
	var (
		ps problems
		cs clients.Problems
		ns connectors.Problems
		as accounts.ClaimProblems
		rs *refusal
	)
	switch {
	case errors.As(err, &ps):
		return ps
	case errors.As(err, &cs):
		return strings.Split(cs.Error(), "\n")
	case errors.As(err, &ns):
		return strings.Split(ns.Error(), "\n")
	case errors.As(err, &rs):
		return rs.lines()
	case errors.As(err, &as):
		return strings.Split(as.Error(), "\n")
	}
	return []string{strings.ReplaceAll(scrub(plain(err)), "\n", "; ")}
}

// say writes a message for people; data goes to stdout.
func (a *app) say(format string, args ...any) {
	if !a.print.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}
