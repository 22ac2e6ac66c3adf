package adminapi

import (
	"net/http"
	"strconv"
	"strings"

	"pratu/flows/accounts"
	"pratu/flows/kind"
	"pratu/flows/office"
)

// mergeOperations are those about two accounts of one person, and about what is known of one.
var mergeOperations = []operation{
	{id: "previewMerge", method: "POST", path: "/accounts/{account}/merge-preview", summary: "What would become of an account that goes into another, which is named by a contact, a number or an id. Nothing changes; merging needs the ETag. Searches for contacts are recorded.", action: office.MergeAccounts, body: jsonType, in: destination{}, out: Merge{}, status: http.StatusOK, do: previewMerge},
	{id: "mergeAccounts", method: "POST", path: "/accounts/{account}/merge", summary: "Let an account go into another, as the preview showed it. It can't be undone.", action: office.MergeAccounts, body: jsonType, in: destination{}, out: Merged{}, status: http.StatusOK, versioned: true, repeatable: true, do: mergeAccounts},
	{id: "exportAccount", method: "POST", path: "/accounts/{account}/export", summary: "What we know of a person, as they could download it themselves. They are told.", action: office.ExportAccounts, out: accounts.Export{}, status: http.StatusOK, do: exportAccount},
}

// destination says into whom an account goes.
type destination struct {
	Into string `json:"into"`
}

// Merge is what becomes of two accounts when one goes into the other.
type Merge struct {
	From         Account        `json:"from"`
	Into         Account        `json:"into"`
	Claims       []string       `json:"claims"`       // of the profile that go over
	Logins       int            `json:"logins"`       // linked ones, which go over
	Applications int            `json:"applications"` // consents
	Partners     int            `json:"partners"`
	Players      []MergedPlayer `json:"players"`
	Sessions     int            `json:"sessions"` // that end
}

// MergedPlayer is one of the account that goes.
type MergedPlayer struct {
	Title   string `json:"title"`
	Name    string `json:"name"`
	Coin    int64  `json:"coin"`
	Diamond int64  `json:"diamond"`
	Stays   bool   `json:"stays"` // behind: the account that stays plays the title already
}

// ViewMerge is a preview as programs see it.
func ViewMerge(m *office.Merge) Merge {
	v := Merge{
		From: ViewAccount(m.From), Into: ViewAccount(m.Into), Claims: append([]string{}, m.Claims...), Logins: m.Logins, Applications: m.Applications,
		Partners: m.Partners, Players: []MergedPlayer{}, Sessions: m.Sessions,
	}
	for _, p := range m.Players {
		v.Players = append(v.Players, MergedPlayer{p.Title, p.Name, p.Coin, p.Diamond, p.Stays})
	}
	return v
}

// Merged is the answer to a merge. It is kept for whoever repeats the request, and names no contact.
type Merged struct {
	From string `json:"from"` // ssoid
	Into string `json:"into"`
}

func (c *call) preview(s *Server) (*office.Merge, error) {
	var in destination
	if err := decode(c.body, &in); err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Into) == "" {
		return nil, invalid("merge.into", "/into", "is missing")
	}
	from, err := c.account()
	if err != nil {
		return nil, err
	}
	return s.Office.PreviewMerge(c.r.Context(), c.actor, from, in.Into)
}

// seenTag is a validator of both accounts.
func seenTag(seen office.Seen) string {
	return `"` + strconv.FormatInt(int64(seen.From), 10) + "-" + strconv.FormatInt(int64(seen.Into), 10) + `"`
}

func previewMerge(s *Server, c *call) error {
	m, err := c.preview(s)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", seenTag(m.Seen()))
	return write(c, http.StatusOK, ViewMerge(m))
}

// mergeAccounts takes no "*": what can't be undone is done to what was looked at.
func mergeAccounts(s *Server, c *call) error {
	if _, err := c.version(); err != nil {
		return err
	}
	stale := &refusal{status: http.StatusPreconditionFailed, code: "account.changed", detail: "send the ETag of a preview, whose accounts haven't changed since"}
	done, err := once(s, c, func(in *call) (Merged, error) {
		m, err := c.preview(s) // by itself: who is looked for stays on the record where the merge is refused
		if err != nil {
			return Merged{}, err
		}
		if c.r.Header.Get("If-Match") != seenTag(m.Seen()) {
			return Merged{}, stale
		}
		number := func(a *accounts.Account) string { return strconv.FormatInt(a.SSOID, 10) }
		return Merged{number(m.From), number(m.Into)}, s.Office.MergeAccounts(in.r.Context(), c.actor, m.From.SSOID, m.Into.SSOID, m.Seen())
	})
	if kind.Is(err, "account.changed") {
		return stale
	}
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, done)
}

func exportAccount(s *Server, c *call) error {
	n, err := c.account()
	if err != nil {
		return err
	}
	export, err := s.Office.ExportAccount(c.r.Context(), c.actor, n)
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, export)
}
