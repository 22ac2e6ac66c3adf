package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/apply"
)

// maxFile bounds a file for apply: some ten thousand clients.
const maxFile = 32 << 20

// errChanges ends apply --dry-run when there is something to write.
var errChanges = errors.New("there are changes")

// itemView is what became of an item, as scripts see it.
type itemView struct {
	List         string         `json:"list"`
	ID           string         `json:"id"`
	Action       apply.Action   `json:"action"`
	Changes      []apply.Change `json:"changes,omitempty"`
	ClientSecret string         `json:"client_secret,omitempty"` // once
	PartnerKey   string         `json:"partner_mobile_key,omitempty"`
}

// results are what actions are called afterwards.
var results = map[apply.Action]string{
	apply.Create: "created", apply.Update: "updated", apply.Unchanged: "unchanged", apply.Disable: "disabled", apply.Revoke: "revoked",
}

func (a *app) applyCommand() *cobra.Command {
	var file string
	var dry bool
	var o apply.Options
	cmd := &cobra.Command{
		Use: "apply -f FILE", Short: "Make clients, connectors, titles, roles and partners what a file says", Args: args(cobra.NoArgs),
		Long: "Make clients, connectors, titles, roles and partners what a file says, in YAML or JSON; - reads stdin. What the file doesn't\n" +
			"name stays, unless --prune. Twice is once. With --dry-run the exit code is 5 when there is something to write.\n" +
			"The file: docs/apply.md.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usage("-f is missing: a file, or - for stdin")
			}
			in, closeFile, err := a.openInput("-f", file)
			if err != nil {
				return err
			}
			defer closeFile()
			raw, err := io.ReadAll(io.LimitReader(in, maxFile+1))
			switch {
			case err != nil:
				return unreadable("-f", file, err)
			case len(raw) > maxFile:
				return fmt.Errorf("%s is longer than %d MiB: cut it into parts, see --part", file, maxFile>>20)
			}
			doc, err := documentJSON(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			o.Secret = a.secretOf(file)
			return a.withTools(cmd, func(t *tools) error {
				plan, err := t.apply.Plan(t.ctx, doc, o)
				if err != nil {
					return err
				}
				if dry {
					return a.showPlan(plan)
				}
				return a.apply(t, plan)
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&file, "file", "f", "", "the file; - reads it from stdin")
	fs.BoolVar(&dry, "dry-run", false, "show what would change, and write nothing")
	fs.BoolVar(&o.Prune, "prune", false, "disable clients and connectors, and revoke roles, that an earlier file made and this one hasn't")
	fs.StringVar(&o.Part, "part", "", "what of the installation the file is, where there are several: --prune concerns its own part")
	return cmd
}

// secretOf finds what a file refers to: another file, from where this one is, or a variable of the environment.
func (a *app) secretOf(file string) func(by, name string) (string, error) {
	return func(by, name string) (string, error) {
		if by == "env" {
			for _, pair := range a.environ {
				if value, found := strings.CutPrefix(pair, name+"="); found {
					return value, nil
				}
			}
			return "", fmt.Errorf("the environment has no %s", name)
		}
		if !filepath.IsAbs(name) && file != "-" {
			name = filepath.Join(filepath.Dir(file), name)
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("%s can't be read (%w)", name, reason(err))
		}
		return strings.TrimSpace(string(raw)), nil
	}
}

// apply writes a plan. What was written is told of even if it ends early: secrets are shown once.
func (a *app) apply(t *tools, plan *apply.Plan) error {
	views, rows := []itemView{}, [][]string{}
	failed := t.apply.Apply(t.ctx, plan, func(item *apply.Item) error {
		views = append(views, viewItem(item))
		rows = append(rows, []string{item.List + "/" + item.ID, results[item.Action]})
		for _, made := range [][]string{{"  client_secret", item.Secret}, {"  partner_mobile_key", item.PartnerKey}} {
			if made[1] != "" {
				rows = append(rows, made)
			}
		}
		return nil
	})
	if stopped := (apply.Stopped{}); errors.As(failed, &stopped) {
		a.say("%s/%s could not be written, and nothing after it was.", stopped.At.List, stopped.At.ID)
	}
	return errors.Join(failed, a.print.list(views, []string{"item", "result"}, rows))
}

func viewItem(item *apply.Item) itemView {
	return itemView{item.List, item.ID, item.Action, item.Changes, item.Secret, item.PartnerKey}
}

// showPlan prints a difference: values that would go with -, values that would come with +.
func (a *app) showPlan(plan *apply.Plan) error {
	views := []itemView{}
	var text strings.Builder
	for _, item := range plan.Items {
		views = append(views, viewItem(item))
		fmt.Fprintf(&text, "%s/%s: %s\n", item.List, item.ID, item.Action)
		for _, c := range item.Changes {
			for _, side := range []struct {
				sign  string
				value any
			}{{"-", c.From}, {"+", c.To}} {
				if side.value != nil {
					fmt.Fprintf(&text, "  %s %s: %v\n", side.sign, c.Pointer, side.value)
				}
			}
		}
	}
	if err := a.print.text(views, text.String()); err != nil || plan.Changes() == 0 {
		return err
	}
	a.say("%d of %d items would be written.", plan.Changes(), len(plan.Items))
	return errChanges
}

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print clients, connectors, titles, roles and partners as a file for apply", Args: args(cobra.NoArgs),
		Long: "Print clients, connectors, titles, roles and partners as a file for apply, YAML unless -o json. Secrets aren't in it, nor clients\n" +
			"that registered themselves.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				f, err := t.apply.Export(t.ctx)
				if err != nil {
					return err
				}
				return a.print.document(f)
			})
		},
	}
}
