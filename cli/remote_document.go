package cli

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

func (r *remote) flag(name string) string { return r.cmd.Flags().Lookup(name).Value.String() }

// flags are members of a body by the flags of their name, or as member=flag. A duration is in seconds there.
func (r *remote) flags(names ...string) map[string]any {
	body := map[string]any{}
	for _, name := range names {
		member, flag, other := strings.Cut(name, "=")
		if !other {
			member, flag = strings.ReplaceAll(name, "-", "_"), name
		}
		body[member] = flagValue(r.cmd.Flags(), flag)
	}
	return body
}

func flagValue(fs *pflag.FlagSet, name string) any {
	f := fs.Lookup(name)
	switch f.Value.Type() {
	case "bool":
		return f.Value.String() == "true"
	case "int":
		n, _ := strconv.Atoi(f.Value.String())
		return n
	case "int64":
		n, _ := fs.GetInt64(name)
		return n
	case "duration":
		d, _ := time.ParseDuration(f.Value.String())
		return int64(d / time.Second)
	case "stringArray":
		list, _ := fs.GetStringArray(name)
		return append([]string{}, list...)
	}
	return f.Value.String()
}

func (r *remote) create(path string) error {
	document, err := r.documents[r.cmd](nil)
	if err != nil {
		return err
	}
	return r.made(path, document)
}

// update changes what the flags say in the version that it read.
func (r *remote) update(path string) error {
	before, etag, err := r.ask(http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	after, err := r.documents[r.cmd](before)
	if err != nil {
		return err
	}
	patch, err := patchOf(before, after)
	if err != nil {
		return err
	}
	return r.one(http.MethodPatch, path, patch, "If-Match", etag)
}

// patchOf is the merge patch from one document to another (RFC 7396).
func patchOf(before []byte, after any) (map[string]any, error) {
	raw, err := json.Marshal(after)
	if err != nil {
		return nil, err
	}
	var from, to map[string]any
	if err := json.Unmarshal(before, &from); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &to); err != nil {
		return nil, err
	}
	return difference(from, to), nil
}

func difference(from, to map[string]any) map[string]any {
	patch := map[string]any{}
	for name, old := range from {
		value, stays := to[name]
		inner, one := old.(map[string]any)
		object, two := value.(map[string]any)
		switch {
		case !stays:
			patch[name] = nil
		case one && two:
			if d := difference(inner, object); len(d) > 0 {
				patch[name] = d
			}
		case !reflect.DeepEqual(old, value):
			patch[name] = value
		}
	}
	for name, value := range to {
		if _, was := from[name]; !was {
			patch[name] = value
		}
	}
	return patch
}
