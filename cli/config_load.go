package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"pratu/flows/clients"
)

// problems are the reasons not to start: one line each, cause and remedy, all reported together.
type problems []string

func (ps *problems) add(format string, args ...any) {
	*ps = append(*ps, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
}

func (ps problems) Error() string { return strings.Join(ps, "\n") }

func (ps problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// addFlags declares a flag for every option; what was not given on the command line has no weight. They are hidden: each
// command takes all of them, and its help would be about nothing else.
func addFlags(cmd *cobra.Command) {
	flags := configFlags()
	flags.VisitAll(func(f *pflag.Flag) { f.Hidden = true })
	cmd.PersistentFlags().AddFlagSet(flags)
}

func configFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("configuration", pflag.ContinueOnError)
	flags.String("config", "", "YAML file with configuration keys (PRATU_CONFIG)")
	for _, o := range options() {
		if !o.noFlag {
			flags.String(o.flag(), o.def, o.doc)
		}
		if o.secret {
			flags.String(o.flag()+"-file", "", "file whose content is "+o.key)
		}
	}
	return flags
}

// globalFlags stands in the help of each command for all that they have in common.
const globalFlags = "\n\nConfiguration, such as --data-dir and --config, is taken by each command: pratu help flags"

// flagsTopic is what pratu help flags says.
func flagsTopic() *cobra.Command {
	return &cobra.Command{
		Use: "flags", Short: "The flags of configuration, which each command takes",
		Long: "Each command takes these, and the same from PRATU_… variables and a YAML file: docs/configuration.md.\n\n" + configFlags().FlagUsagesWrapped(110),
	}
}

// Kubernetes puts these into every container when a service is called pratu; they aren't ours to refuse. A token is for
// commands with --server.
var notOurs = regexp.MustCompile(`^PRATU_(TOKEN|TOKEN_FILE|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT|PORT_\d+_(TCP|UDP)(_.*)?|TEST_.*)$`)

// loadConfig merges the four sources. It returns the configuration together with every problem of the merge.
func loadConfig(cmd *cobra.Command, environ []string) (*Config, problems) {
	var ps problems
	flags := cmd.Flags()
	env := environment(&ps, environ)
	path := env["PRATU_CONFIG"]
	if f := flags.Lookup("config"); f != nil && f.Changed {
		path = f.Value.String()
	}
	file := readYAML(&ps, path)
	c := &Config{}
	for _, o := range options() {
		value, from := o.def, "default"
		use := func(v, source string) { value, from = v, source }
		given := func(name string) string {
			if f := flags.Lookup(name); f != nil && f.Changed {
				return f.Value.String()
			}
			return ""
		}
		read := layer(&ps, o.secret, o.key, o.key+"_file", file[o.key], file[o.key+"_file"], path, use)
		read = layer(&ps, o.secret, o.env(), o.env()+"_FILE", env[o.env()], env[o.env()+"_FILE"], "environment", use) && read
		read = layer(&ps, o.secret, "--"+o.flag(), "--"+o.flag()+"-file", given(o.flag()), given(o.flag()+"-file"), "flag", use) && read
		if !read {
			c.unread, from = append(c.unread, o.key), "its file"
		}
		c.placed = c.placed || from != "default" && (o.key == "data_dir" || o.key == "database_url")
		if err := assign(reflect.ValueOf(c).Elem().Field(o.index), value); err != nil {
			ps.add("%s from %s: %v", o.key, from, err)
			_ = assign(reflect.ValueOf(c).Elem().Field(o.index), o.def) // which has no problem of its own
		}
	}
	return c, ps
}

// layer takes the value of one source, or the content of the file it names instead. Problems name what the
// person wrote; after one the answer is false.
func layer(ps *problems, secret bool, name, fileName, value, file, source string, use func(string, string)) (read bool) {
	if !secret || file == "" {
		if value != "" {
			use(value, source)
		}
		return true
	}
	if value != "" {
		ps.add("%s and %s are both set: keep one", name, fileName)
		return false
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		ps.add("%s %s can't be read (%v): correct the path or its permissions", fileName, file, reason(err))
		return false
	}
	content := strings.TrimRight(string(raw), "\r\n")
	if content == "" {
		ps.add("%s %s is empty: write the value into it", fileName, file)
		return false
	}
	use(content, source)
	return true
}

func environment(ps *problems, environ []string) map[string]string {
	known := []string{"PRATU_CONFIG"}
	for _, o := range options() {
		known = append(known, o.env())
		if o.secret {
			known = append(known, o.env()+"_FILE")
		}
	}
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "PRATU_") || notOurs.MatchString(name) {
			continue
		}
		if !slices.Contains(known, name) {
			if value == "" { // counts as not set: compose files can't leave one out
				continue
			}
			ps.add("unknown environment variable %s%s: correct or unset it", name, nearestVariable(name, known))
			continue
		}
		env[name] = value
	}
	return env
}

// readYAML returns the file's keys as texts.
func readYAML(ps *problems, path string) map[string]string {
	if path == "" {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		ps.add("the configuration file can't be read (%v): correct --config or PRATU_CONFIG", err)
		return nil
	}
	var doc map[string]yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		ps.add("%s is not valid YAML (%v): correct it", path, err)
		return nil
	}
	known := []string{}
	for _, o := range options() {
		known = append(known, o.key)
		if o.secret {
			known = append(known, o.key+"_file")
		}
	}
	values := map[string]string{}
	for key, node := range doc {
		switch {
		case !slices.Contains(known, key):
			ps.add("unknown key %s in %s, line %d%s: correct or remove it", key, path, node.Line, clients.DidYouMean(key, known))
		case node.Kind == yaml.SequenceNode:
			var list []string
			if err := node.Decode(&list); err != nil {
				ps.add("%s in %s, line %d: not a list of texts", key, path, node.Line)
			}
			values[key] = strings.Join(list, ",")
		case node.Kind == yaml.ScalarNode:
			if node.Tag != "!!null" {
				values[key] = node.Value
			}
		default:
			ps.add("%s in %s, line %d: must be a single value or a list", key, path, node.Line)
		}
	}
	slices.Sort(*ps)
	return values
}

// unset marks a duration that no source gave.
const unset = -1

func assign(field reflect.Value, text string) error {
	switch field.Interface().(type) {
	case string:
		field.SetString(text)
	case bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("is true or false, not %q", text)
		}
		field.SetBool(text == "true")
	case int:
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return fmt.Errorf("is a number from 0 on, not %q", text)
		}
		field.SetInt(int64(n))
	case time.Duration:
		if text == "" {
			field.SetInt(unset)
			return nil
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("is a duration such as 5s, from 0 on, not %q", text)
		}
		field.SetInt(int64(d))
	case []string:
		list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
		field.Set(reflect.ValueOf(list))
	default:
		return fmt.Errorf("has no reader for %s", field.Type())
	}
	return nil
}

// nearestVariable suggests a variable by what follows PRATU_: with what all have in common, any short name is near.
func nearestVariable(name string, known []string) string {
	ends := make([]string, len(known))
	for i, k := range known {
		ends[i] = strings.TrimPrefix(k, "PRATU_")
	}
	near := clients.DidYouMean(strings.TrimPrefix(name, "PRATU_"), ends)
	return strings.Replace(near, "mean ", "mean PRATU_", 1)
}
