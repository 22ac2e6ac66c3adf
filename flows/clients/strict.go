package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Member is one of a JSON object's, as it was written.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Members reads a JSON object, members that are given twice included.
func Members(raw []byte) (list []Member, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		var value json.RawMessage
		if err != nil || !isName || dec.Decode(&value) != nil {
			return nil, false
		}
		list = append(list, Member{name, value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	_, err := dec.Token()
	return list, err == io.EOF //nolint:errorlint // a decoder returns it bare
}

// Strict reports what documents of a type don't have, what is given twice and what is of another type, each with its place:
// encoding/json stops at the first of these, and takes the last of two. A misspelt require_pkce would silently be something
// else.
func (ps *Problems) Strict(pointer string, raw []byte, t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if what := wrongType(raw, t); what != "" {
		ps.add(pointer, "document.type", "is %s", what)
		return
	}
	switch t.Kind() {
	case reflect.Slice:
		var items []json.RawMessage
		if t.Elem().Kind() == reflect.Uint8 || json.Unmarshal(raw, &items) != nil {
			return
		}
		for i, item := range items {
			ps.Strict(fmt.Sprintf("%s/%d", pointer, i), item, t.Elem())
		}
	case reflect.Struct:
		ps.strictMembers(pointer, raw, t)
	}
}

func (ps *Problems) strictMembers(pointer string, raw []byte, t reflect.Type) {
	members, _ := Members(raw) // the real decoder says what is wrong
	types, seen := membersOf(t), map[string]bool{}
	for _, m := range members {
		if ps.full() {
			return
		}
		at := pointer + "/" + m.Name
		switch of, known := types[m.Name]; {
		case !known:
			ps.add(at, "document.unknown", "unknown member%s", DidYouMean(m.Name, JSONNames(t)))
		case seen[m.Name]:
			ps.add(at, "document.twice", "given twice")
		default:
			ps.Strict(at, m.Value, of)
		}
		seen[m.Name] = true
	}
}

// wrongType tells what a value should be, or "" when it may be that. A type that reads itself knows better, unless it is an
// object.
func wrongType(raw []byte, t reflect.Type) string {
	raw = bytes.TrimSpace(raw)
	own := reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
	if len(raw) == 0 || string(raw) == "null" || own && t.Kind() != reflect.Struct {
		return ""
	}
	for _, x := range []struct {
		kinds []reflect.Kind
		first string // characters that such a value begins with
		what  string
	}{
		{[]reflect.Kind{reflect.String}, `"`, "a text: put it into quotes"},
		{[]reflect.Kind{reflect.Bool}, "tf", "true or false"},
		{[]reflect.Kind{reflect.Int, reflect.Int64}, "-0123456789", "a number"},
		{[]reflect.Kind{reflect.Slice}, "[", "a list"},
		{[]reflect.Kind{reflect.Struct, reflect.Map}, "{", "an object"},
	} {
		if slices.Contains(x.kinds, t.Kind()) && !strings.Contains(x.first, string(raw[0])) {
			return x.what
		}
	}
	return ""
}

// JSONNames lists the members of a struct in their order, embedded ones included.
func JSONNames(t reflect.Type) (names []string) {
	eachMember(t, func(name string, _ reflect.Type) { names = append(names, name) })
	return names
}

func membersOf(t reflect.Type) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	eachMember(t, func(name string, of reflect.Type) { types[name] = of })
	return types
}

func eachMember(t reflect.Type, do func(name string, of reflect.Type)) {
	for f := range t.Fields() {
		if f.Anonymous {
			eachMember(f.Type, do)
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.IsExported() {
			do(name, f.Type)
		}
	}
}

// DidYouMean is ", did you mean …?" for the nearest of the known names, or nothing when none is near.
func DidYouMean(name string, known []string) string {
	if len(name) > maxPointer { // no misspelt word, and it would take long to compare
		return ""
	}
	best, at := "", len(name)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
