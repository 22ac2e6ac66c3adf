package adminapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/kind"
	"pratu/storage"
)

// once is office.Once for a request with an Idempotency-Key; without one it just does it. The call that do gets is in the
// transaction of the answer.
func (s *Server) once(c *call, do func(c *call) ([]byte, error)) ([]byte, error) {
	key := c.r.Header.Get("Idempotency-Key")
	switch {
	case key == "":
		return do(c)
	case len(key) > 255:
		return nil, invalid("key.too_long", "", "an Idempotency-Key has at most 255 characters")
	}
	fingerprint := c.r.Method + " " + c.r.URL.EscapedPath() + "\x00" + string(c.body)
	return s.Office.Once(c.r.Context(), c.actor, key, fingerprint, func(ctx context.Context) ([]byte, error) {
		in := *c
		in.r = c.r.WithContext(ctx)
		return do(&in)
	})
}

// once is the same for what is answered as JSON.
func once[T any](s *Server, c *call, do func(c *call) (T, error)) (made T, err error) {
	raw, err := s.once(c, func(c *call) ([]byte, error) {
		v, err := do(c)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	})
	if err == nil {
		err = json.Unmarshal(raw, &made)
	}
	return made, err
}

// Account is an account as programs see it.
type Account struct {
	SSOID      string         `json:"ssoid"`
	OID        string         `json:"oid"`
	Subject    string         `json:"sub"`
	Status     string         `json:"status"`
	RegisterBy string         `json:"register_by"`
	Locale     string         `json:"locale"`
	Profile    map[string]any `json:"profile"`
	Contacts   []Contact      `json:"contacts"`
	Roles      []string       `json:"roles"`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

// Contact is a way to reach a person.
type Contact struct {
	Type       string `json:"type"`
	Identifier string `json:"identifier"`
	Verified   bool   `json:"verified"`
	Preferred  bool   `json:"preferred"`
}

// ViewAccount is an account as programs see it.
func ViewAccount(a *accounts.Account) Account {
	subject := strconv.FormatInt(a.SSOID, 10)
	v := Account{
		SSOID: subject, OID: a.OID, Subject: subject, Status: a.Status, RegisterBy: a.RegisterBy, Locale: a.Locale, Profile: a.Profile,
		Contacts: []Contact{}, Roles: append([]string{}, a.Roles...), CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(),
	}
	for _, x := range a.Contacts {
		v.Contacts = append(v.Contacts, Contact{x.Kind, x.Value, x.Verified, x.Preferred})
	}
	return v
}

// sealed is a cursor as programs carry it: they needn't know what it says.
func sealed(text string) string {
	if text == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func opened(text string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || strings.ContainsRune(string(raw), 0) {
		return "", invalid("query.cursor", "", "cursor is a next_cursor of this list")
	}
	return strings.ToValidUTF8(string(raw), ""), nil
}

func listAccounts(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	return s.people(c, "", c.r.URL.Query().Get("cursor"), limit)
}

// search is the body of a search: an address has no place in a URL.
type search struct {
	Text   string `json:"text"` // a contact, a number or an id, in full; or how a word of a name begins
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// maxSearch is longer than any address: each word of a text costs a look at each account that has the first.
const maxSearch = 300

func searchAccounts(s *Server, c *call) error {
	in := search{Limit: 50}
	if err := decode(c.body, &in); err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(in.Text) == "":
		return invalid("search.empty", "/text", "is missing")
	case len(in.Text) > maxSearch:
		return invalid("search.too_long", "/text", "is longer than what it finds")
	case in.Limit < 1 || in.Limit > 200:
		return invalid("query.limit", "/limit", "between 1 and 200")
	}
	return s.people(c, in.Text, in.Cursor, in.Limit)
}

func (s *Server) people(c *call, text, cursor string, limit int) error {
	after, err := opened(cursor)
	if err != nil {
		return err
	}
	found, err := s.Office.FindAccounts(c.r.Context(), c.actor, text, after, limit)
	if err != nil {
		return err
	}
	var items []Account
	for _, a := range found.Accounts {
		items = append(items, ViewAccount(a))
	}
	if text != "" { // what is looked for isn't repeated in a link
		if items == nil {
			items = []Account{}
		}
		return write(c, http.StatusOK, page[Account]{items, sealed(found.Next)})
	}
	return paged(c, items, sealed(found.Next))
}

func (c *call) account() (int64, error) {
	text := c.r.PathValue("account")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != text {
		return 0, kind.New(kind.NotFound, "account.unknown")
	}
	return n, nil
}

func getAccount(s *Server, c *call) error {
	n, err := c.account()
	if err != nil {
		return err
	}
	p, err := s.Office.Account(c.r.Context(), c.actor, n)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(storage.At(p.UpdatedAt)))
	return write(c, http.StatusOK, ViewPerson(p))
}

// why is the body of what needs a reason.
type why struct {
	Reason string `json:"reason"`
}

func disableAccount(s *Server, c *call) error {
	var in why
	if err := decode(c.body, &in); err != nil {
		return err
	}
	return c.done(func(ctx context.Context, n int64) error { return s.Office.DisableAccount(ctx, c.actor, n, in.Reason) })
}

func enableAccount(s *Server, c *call) error {
	return c.done(func(ctx context.Context, n int64) error { return s.Office.EnableAccount(ctx, c.actor, n) })
}

func endSessions(s *Server, c *call) error {
	return c.done(func(ctx context.Context, n int64) error { return s.Office.EndSessions(ctx, c.actor, n) })
}

func resetFactors(s *Server, c *call) error {
	return c.done(func(ctx context.Context, n int64) error { return s.Office.ResetFactors(ctx, c.actor, n) })
}

func sendRecovery(s *Server, c *call) error {
	return c.done(func(ctx context.Context, n int64) error { return s.Office.SendRecovery(ctx, c.actor, n) })
}

func deleteAccount(s *Server, c *call) error {
	return c.done(func(ctx context.Context, n int64) error { return s.Office.DeleteAccount(ctx, c.actor, n) })
}

func (c *call) done(do func(ctx context.Context, n int64) error) error {
	n, err := c.account()
	if err == nil {
		err = do(c.r.Context(), n)
	}
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
