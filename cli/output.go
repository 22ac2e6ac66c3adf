package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"pratu/flows/record"
)

// printer writes data to stdout in the format of -o. Table is for people, json and yaml are stable for scripts.
type printer struct {
	format string
	quiet  bool // ids alone, one in each line
	out    io.Writer
}

func addOutput(cmd *cobra.Command, p *printer) {
	cmd.PersistentFlags().StringVarP(&p.format, "output", "o", "table", "table, json or yaml")
	cmd.PersistentFlags().BoolVarP(&p.quiet, "quiet", "q", false, "print ids alone, and no messages")
}

func (p *printer) check() error {
	switch p.format {
	case "table", "json", "yaml":
		return nil
	}
	return usage("--output %q: one of table, json, yaml", p.format)
}

// one prints a value; rows are its name-value pairs on a terminal.
func (p *printer) one(v any, rows [][2]string) error {
	if p.quiet || p.format != "table" {
		return p.encode(v)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		if r[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", r[0], cell(r[1]))
		}
	}
	return w.Flush()
}

// list prints many values, one row each.
func (p *printer) list(v any, header []string, rows [][]string) error {
	if p.quiet || p.format != "table" {
		return p.encode(v)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(header, "\t")))
	for _, r := range rows {
		for i, text := range r {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell(text))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// text prints a value; on a terminal a text stands for it.
func (p *printer) text(v any, text string) error {
	if p.quiet || p.format != "table" {
		return p.encode(v)
	}
	for line := range strings.Lines(text) {
		if _, err := fmt.Fprintln(p.out, cell(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// document prints what has no table: as YAML, unless JSON is asked for.
func (p *printer) document(v any) error {
	if p.format == "table" {
		p.format = "yaml"
	}
	return p.encode(v)
}

// encode goes through JSON for YAML too, so that both have the same names and order.
func (p *printer) encode(v any) error {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	if p.quiet {
		if ids, have := idsOf(raw.Bytes()); have {
			for _, id := range ids {
				if _, err := fmt.Fprintln(p.out, id); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if p.format == "json" {
		_, err := p.out.Write(record.Inert(raw.Bytes()))
		return err
	}
	var node yaml.Node // JSON is YAML; a node keeps the order of members
	if err := yaml.Unmarshal([]byte(inertYAML(raw.String())), &node); err != nil {
		return err
	}
	blockStyle(&node)
	var text bytes.Buffer
	out := yaml.NewEncoder(&text)
	out.SetIndent(2)
	if err := errors.Join(out.Encode(&node), out.Close()); err != nil {
		return err
	}
	_, err := io.WriteString(p.out, inertYAML(text.String()))
	return err
}

// obeyed is a character within a text that a terminal obeys; those that end lines are the format's own.
func obeyed(r rune) bool { return r != '\n' && record.Obeyed(r) }

// inertYAML escapes what blockStyle put between quotes for it.
func inertYAML(text string) string {
	if !strings.ContainsFunc(text, obeyed) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if obeyed(r) {
			fmt.Fprintf(&b, `\U%08x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cell is a text in a table: what a terminal obeys, or what turns the text around it, isn't printed. Somebody could call
// themselves so that the line of another account reads as theirs.
func cell(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case record.Obeyed(r):
			return -1
		}
		return r
	}, text)
}

// idsOf are the ids of a value or of a list of values, if they have any.
func idsOf(raw []byte) (ids []string, have bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, item := range list {
		var v map[string]any
		if json.Unmarshal(item, &v) != nil {
			return nil, false
		}
		for _, name := range []string{"id", "client_id", "ssoid", "kid"} {
			if id, has := v[name].(string); has {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids, len(ids) == len(list)
}

func blockStyle(n *yaml.Node) {
	n.Style &^= yaml.FlowStyle | yaml.DoubleQuotedStyle
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = 0
		if strings.ContainsFunc(n.Value, obeyed) {
			n.Style = yaml.DoubleQuotedStyle // the only one that has escapes
		}
		var v any
		if yaml.Unmarshal([]byte(n.Value), &v) == nil {
			if _, text := v.(string); !text {
				n.Style = yaml.DoubleQuotedStyle // "1331" must stay a text
			}
		}
	}
	for _, child := range n.Content {
		blockStyle(child)
	}
}
