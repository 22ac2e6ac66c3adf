package adminapi

import (
	"encoding/json"

	"pratu/flows/audit"
	"pratu/flows/clients"
)

// maxDepth is how deep objects of a patch stand in each other at most: deeper than those of any document.
const maxDepth = 8

// twice is where an object has a member twice, or is too deep to tell; "" for nowhere.
func twice(raw []byte, pointer string, depth int) string {
	members, _ := clients.Members(raw) // none of what isn't an object
	seen := map[string]bool{}
	for _, m := range members {
		at := pointer + "/" + m.Name
		if seen[m.Name] || depth == maxDepth {
			return at
		}
		seen[m.Name] = true
		if below := twice(m.Value, at, depth+1); below != "" {
			return below
		}
	}
	return ""
}

// merge applies a merge patch to a document (RFC 7396): a member that is null goes, an object is merged, the rest replaces.
func merge(document, patch []byte) ([]byte, error) {
	if at := twice(patch, "", 0); at != "" {
		return nil, invalid("document.twice", audit.Printable(at, 200), "given twice, or too deep")
	}
	var to, from map[string]any
	if err := json.Unmarshal(document, &to); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(patch, &from); err != nil || from == nil {
		return nil, invalid("document.json", "", "a merge patch is one JSON object")
	}
	return json.Marshal(merged(to, from))
}

func merged(to, from map[string]any) map[string]any {
	if to == nil {
		to = map[string]any{}
	}
	for name, value := range from {
		switch v := value.(type) {
		case nil:
			delete(to, name)
		case map[string]any:
			inner, _ := to[name].(map[string]any)
			to[name] = merged(inner, v)
		default:
			to[name] = v
		}
	}
	return to
}
