package cli

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check configuration without starting", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(
		&cobra.Command{
			Use: "validate", Short: "Report every problem of the configuration, and make nothing", Args: args(cobra.NoArgs),
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, ps := loadConfig(cmd, a.environ)
				c.dry = true
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
		&cobra.Command{
			Use: "schema", Short: "Print a JSON Schema of the YAML file, for editors", Args: args(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error {
				if a.print.format == "table" {
					a.print.format = "json"
				}
				return a.print.encode(configSchema())
			},
		},
	)
	return cmd
}

// configSchema is what an editor needs to complete keys and to find slips (JSON Schema 2020-12).
func configSchema() map[string]any {
	properties := map[string]any{}
	for _, o := range options() {
		one := map[string]any{"description": o.doc}
		switch o.kind {
		case reflect.TypeFor[bool]():
			one["type"], one["default"] = "boolean", o.def == "true"
		case reflect.TypeFor[int]():
			one["type"], one["minimum"] = "integer", 0
		case reflect.TypeFor[[]string]():
			one["type"], one["items"] = []string{"array", "string"}, map[string]any{"type": "string"}
		case reflect.TypeFor[time.Duration]():
			one["type"], one["pattern"] = "string", `^([0-9.]+(ns|us|µs|ms|s|m|h))*$|^0$`
		default:
			one["type"] = "string"
		}
		if o.def != "" && one["default"] == nil {
			one["default"] = o.def
		}
		properties[o.key] = one
		if o.secret {
			properties[o.key+"_file"] = map[string]any{"type": "string", "description": "File whose content is " + o.key + "."}
		}
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Configuration of Pratu", "type": "object",
		"properties": properties, "additionalProperties": false,
	}
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
