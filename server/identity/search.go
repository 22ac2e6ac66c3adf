package identity

import (
	"encoding/json"
	"net/http"
	"strconv"

	"pratu/flows/clients"
	"pratu/flows/directory"
	"pratu/server/web"
)

// match is an account that was found.
type match struct {
	UID        string             `json:"uid"`
	Status     string             `json:"status"`
	RegisterBy string             `json:"register_by"`
	LastAccess *map[string]string `json:"last_access,omitempty"`
}

func matches(list []directory.Match) []match {
	out := []match{}
	for _, m := range list {
		v := match{UID: strconv.FormatInt(m.SSOID, 10), Status: m.Status, RegisterBy: m.RegisterBy}
		if m.LastAccess != nil {
			at := map[string]string{}
			for channel, t := range m.LastAccess {
				at[channel] = seconds(t)
			}
			v.LastAccess = &at
		}
		out = append(out, v)
	}
	return out
}

const lastAccessFlag = "last_access_flag"

// Search is GET /accounts.
func (s *Server) Search(w http.ResponseWriter, r *http.Request) error {
	c := call{s, "accounts.search", moduleSearch}
	query, err := refuseQuery(r, lastAccessFlag)
	if err != nil {
		return c.fail(w, r, err)
	}
	caller, err := s.caller(r, c.name, clients.PermissionSearch)
	if err != nil {
		return c.fail(w, r, err)
	}
	identifier, err := header(r, nameContact)
	if err != nil {
		return c.fail(w, r, err)
	}
	if query.Has(lastAccessFlag) && query.Get(lastAccessFlag) == "" {
		return c.fail(w, r, malformed(lastAccessFlag))
	}
	list, err := s.Directory.Search(r.Context(), caller, identifier, query.Get(lastAccessFlag))
	if err != nil {
		return c.fail(w, r, err)
	}
	none := 0
	return c.succeed(w, envelope{Reported: &none, Data: matches(list)})
}

// caller proves who asks and notes it.
func (s *Server) caller(r *http.Request, call, permission string) (*clients.Client, error) {
	who, err := credentials(r)
	if err != nil {
		return nil, err
	}
	caller, err := s.Directory.Caller(r.Context(), who, permission)
	s.note(r.Context(), caller, call)
	return caller, err
}

// maxSearch bounds the body of a search for many.
const maxSearch = 64 << 10

// many is the body of POST /accounts/search.
type many struct {
	Identifiers []string `json:"identifiers"`
	LastAccess  string   `json:"last_access_flag"`
}

// answered is what was found for one of many.
type answered struct {
	Identifier string  `json:"identifier"`
	Code       int     `json:"code"`
	Accounts   []match `json:"accounts"`
}

// SearchMany is POST /accounts/search: GET /accounts for up to 100 at once.
func (s *Server) SearchMany(w http.ResponseWriter, r *http.Request) error {
	c := call{s, "accounts.search_many", moduleSearch}
	if _, err := refuseQuery(r); err != nil {
		return c.fail(w, r, err)
	}
	caller, err := s.caller(r, c.name, clients.PermissionSearch)
	if err != nil {
		return c.fail(w, r, err)
	}
	var q many
	members, err := web.ReadJSON(w, r, maxSearch)
	if err != nil {
		return c.fail(w, r, malformed("body"))
	}
	for name, into := range map[string]any{"identifiers": &q.Identifiers, lastAccessFlag: &q.LastAccess} {
		if raw, given := members[name]; given && json.Unmarshal(raw, into) != nil {
			return c.fail(w, r, malformed(name))
		}
	}
	list, err := s.Directory.SearchMany(r.Context(), caller, q.Identifiers, q.LastAccess)
	if err != nil {
		return c.fail(w, r, err)
	}
	data := []answered{}
	for _, a := range list {
		v := answered{a.Identifier, codeSuccess, matches(a.Matches)}
		if a.Malformed {
			v.Code = 40001
		}
		data = append(data, v)
	}
	none := 0
	return c.succeed(w, envelope{Reported: &none, Data: data})
}
