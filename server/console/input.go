package console

import (
	"net/url"
	"strings"

	"pratu/flows/clients"
)

// Input is a field of a form. Its words are console.field.NAME, and console.field.NAME_hint where there is one.
type Input struct {
	Name, Value string
	Mode        string // inputmode
	Lines       bool   // one of its values on each line
	Tick        bool   // a box
	Checked     bool
	Options     []Option
	Required    bool
	Wrong       []Wrong
}

// Option is one of a list to choose from. Words is a message id, Text what needs no translation.
type Option struct {
	Value, Words, Text string
	Chosen             bool
}

// Wrong is what is the matter with a value. Detail is the exact sentence, in English; Words its message id in other
// languages; About the value of several that is meant.
type Wrong struct{ About, Words, Detail string }

// Describe is the ids of what explains the input.
func (i Input) Describe(hint bool) string {
	ids := []string{}
	if hint {
		ids = append(ids, i.Name+"-hint")
	}
	if len(i.Wrong) > 0 {
		ids = append(ids, i.Name+"-problem")
	}
	return strings.Join(ids, " ")
}

// lines are the values of an input that has one on each line.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// marked puts each problem of a document to the input that it is about, and returns those that are about none.
func marked(ps clients.Problems, form url.Values, groups ...[]Input) (rest []Wrong) {
	for _, p := range ps {
		whole := strings.TrimPrefix(strings.TrimPrefix(p.Pointer, "/"), "settings/")
		name, index, _ := strings.Cut(whole, "/")
		wrong := Wrong{Words: "wrong." + p.Code, Detail: p.Detail}
		in := find(name, groups)
		if in == nil {
			in, index = find(whole, groups), ""
		}
		if in == nil {
			wrong.About = name
			rest = append(rest, wrong)
			continue
		}
		if in.Lines && index != "" {
			wrong.About = at(lines(form.Get(name)), index)
		}
		in.Wrong = append(in.Wrong, wrong)
	}
	return rest
}

func find(name string, groups [][]Input) *Input {
	for _, g := range groups {
		for i := range g {
			if g[i].Name == name {
				return &g[i]
			}
		}
	}
	return nil
}

func at(values []string, index string) string {
	n := 0
	for _, r := range index {
		if r < '0' || r > '9' || n > len(values) {
			return ""
		}
		n = n*10 + int(r-'0')
	}
	if n < len(values) {
		return values[n]
	}
	return ""
}
