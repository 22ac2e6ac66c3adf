package apply

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is one value that differs: From is missing where there was none, To where there will be none. Secrets are never in
// it, only that there is another.
type Change struct {
	Pointer string `json:"pointer"`
	From    any    `json:"from,omitempty"`
	To      any    `json:"to,omitempty"`
}

// hidden stands for a secret in a change.
const hidden = "(another secret)"

// diff compares two documents value by value. What is empty is the same as what isn't there.
func diff(before, after any) ([]Change, error) {
	was, err := flat(before)
	if err != nil {
		return nil, err
	}
	is, err := flat(after)
	if err != nil {
		return nil, err
	}
	places := maps.Clone(was)
	maps.Copy(places, is)
	var list []Change
	for _, pointer := range slices.Sorted(maps.Keys(places)) {
		if was[pointer] != is[pointer] {
			list = append(list, Change{pointer, was[pointer], is[pointer]})
		}
	}
	return list, nil
}

// flat is a document as its values by pointer (RFC 6901); nil has none.
func flat(doc any) (map[string]any, error) {
	values := map[string]any{}
	if doc == nil {
		return values, nil
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var tree any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	flatten(values, "", tree)
	return values, nil
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

func flatten(values map[string]any, at string, node any) {
	switch v := node.(type) {
	case map[string]any:
		for name, child := range v {
			flatten(values, at+"/"+escape.Replace(name), child)
		}
	case []any:
		for i, child := range v {
			flatten(values, fmt.Sprintf("%s/%d", at, i), child)
		}
	case nil:
	default:
		values[at] = v
	}
}
