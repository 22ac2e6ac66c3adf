package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of what aliases may unfold into; one may be in itself.
const (
	maxNodes = 1_000_000
	maxDepth = 100
)

// documentJSON is a document of JSON or YAML as JSON: members in their order, those that are given twice included, so that
// whoever reads it strictly sees what was written. Texts that look like numbers stay what they are.
func documentJSON(raw []byte) ([]byte, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed) {
		return trimmed, nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty")
	case err != nil:
		return nil, fmt.Errorf("neither JSON nor YAML: %w", err)
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	w := &unfolding{left: maxNodes, deeper: maxDepth}
	err := w.node(doc.Content[0])
	return []byte(w.out.String()), err
}

type unfolding struct {
	out          strings.Builder
	left, deeper int
}

func (w *unfolding) node(n *yaml.Node) error {
	w.left--
	w.deeper--
	defer func() { w.deeper++ }()
	if w.left < 0 || w.deeper < 0 {
		return errors.New("the file unfolds into too much")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.node(n.Alias)
	case yaml.MappingNode:
		return w.all('{', '}', n, func(i int) error {
			if i%2 == 0 && n.Content[i].Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: a name is a text", n.Content[i].Line)
			}
			if i%2 == 0 {
				return w.value(n.Content[i].Value)
			}
			return w.node(n.Content[i])
		})
	case yaml.SequenceNode:
		return w.all('[', ']', n, func(i int) error { return w.node(n.Content[i]) })
	}
	switch n.ShortTag() {
	case "!!null", "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		return w.value(v)
	}
	return w.value(n.Value)
}

func (w *unfolding) all(open, end byte, n *yaml.Node, write func(i int) error) error {
	w.out.WriteByte(open)
	for i := range n.Content {
		switch {
		case i == 0:
		case n.Kind == yaml.MappingNode && i%2 == 1:
			w.out.WriteByte(':')
		default:
			w.out.WriteByte(',')
		}
		if err := write(i); err != nil {
			return err
		}
	}
	w.out.WriteByte(end)
	return nil
}

func (w *unfolding) value(v any) error {
	raw, err := json.Marshal(v)
	w.out.Write(raw)
	return err
}
