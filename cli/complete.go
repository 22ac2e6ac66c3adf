package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/office"
	"pratu/storage"
)

// maxSuggestions bounds what a shell is offered.
const maxSuggestions = 100

// suggestions are ids that begin with a text, each with its name.
type suggestions func(ctx context.Context, t *tools, text string) ([]cobra.Completion, error)

// addCompletion tells the shell's completion (pratu completion bash|zsh|fish) which ids and words can stand where.
func (a *app) addCompletion(root *cobra.Command) {
	client, title, connector := a.suggest(clientsLike("")), a.suggest(clientsLike(clients.KindGame)), a.suggest(connectorsLike)
	for path, of := range map[string]cobra.CompletionFunc{
		"client get": client, "client update": client, "client delete": client, "client rotate-secret": client, "client claims-preview": client, "client test": client,
		"client usage": client, "title get": title, "connector get": connector, "connector update": connector, "connector delete": connector,
		"role grant": second(office.Roles()), "role revoke": second(office.Roles()),
	} {
		command(root, path).ValidArgsFunction = of
	}
	for path, of := range map[string]cobra.CompletionFunc{
		" output": fixed("table", "json", "yaml"), "client create kind": fixed(clients.Kinds()...), "connector create kind": fixed(connectors.Kinds()...),
		"api-key create client": client, "api-key list client": client, "partner encrypt client": client, "partner verify client": client,
		"player title": title, "role grant title": title, "role revoke title": title,
	} {
		at := strings.LastIndex(path, " ")
		if err := command(root, path[:at]).RegisterFlagCompletionFunc(path[at+1:], of); err != nil {
			panic(err) // no such flag: every test of a command would find it
		}
	}
}

func command(root *cobra.Command, path string) *cobra.Command {
	cmd, _, err := root.Find(strings.Fields(path))
	if err != nil {
		panic(err)
	}
	return cmd
}

func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// second are words for the second argument; what the first is only people know.
func second(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, before []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(before) == 1 {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// suggest asks the database, and says nothing where there is none: pressing a key makes neither a file nor a message.
func (a *app) suggest(of suggestions) cobra.CompletionFunc {
	return func(cmd *cobra.Command, before []string, text string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
		c, ps := loadConfig(cmd, a.environ)
		if len(before) > 0 || ps.err() != nil || !c.hasDatabase() || c.check().err() != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		_ = a.on(cmd.Context(), c, func(t *tools) (err error) {
			found, err = of(t.ctx, t, text)
			return err
		})
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// hasDatabase tells whether there is something to ask.
func (c *Config) hasDatabase() bool {
	path, embedded := strings.CutPrefix(c.DatabaseURL, "sqlite:")
	if c.DatabaseURL != "" && !embedded {
		return true
	}
	if path == "" {
		path = filepath.Join(c.DataDir, databaseFile)
	}
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func clientsLike(kindName string) suggestions {
	return func(ctx context.Context, t *tools, text string) (found []cobra.Completion, err error) {
		list, err := t.clients.Search(ctx, storage.ClientFilter{Text: text, Limit: maxSuggestions})
		for _, c := range list {
			if strings.HasPrefix(c.ID, text) && (kindName == "" || kindName == c.Kind) {
				found = append(found, cobra.CompletionWithDesc(c.ID, c.Name))
			}
		}
		return found, err
	}
}

func connectorsLike(ctx context.Context, t *tools, text string) (found []cobra.Completion, err error) {
	list, err := t.social.Connectors.List(ctx)
	for _, c := range list {
		if strings.HasPrefix(c.ID, text) {
			found = append(found, cobra.CompletionWithDesc(c.ID, c.Name))
		}
	}
	return found, err
}
