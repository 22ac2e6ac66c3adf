package adminapi

import "encoding/json"

// merge applies a merge patch to a document (RFC 7396): a member that is null goes, an object is merged, the rest replaces.
func merge(document, patch []byte) ([]byte, error) {
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
