package identity

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/directory"
	"pratu/server/web"
)

// account is the data of GET /accounts/{id}. What the scopes don't open is left out; what is opened and empty isn't.
type account struct {
	Mobile   *string                       `json:"mobile,omitempty"`
	Email    *string                       `json:"email,omitempty"`
	Verified bool                          `json:"verified"`
	Bindings *map[string]map[string]string `json:"bindings,omitempty"`
	Contacts *[]accountContact             `json:"contacts,omitempty"`
	RegDate  string                        `json:"reg_date"`
}

type accountContact struct {
	Type         string `json:"type"`
	Identifier   string `json:"identifier"`
	Verified     bool   `json:"verified"`
	Preferred    bool   `json:"preferred"`
	AddedDate    string `json:"added_date"`
	LastVerified string `json:"last_verified"`
}

// seconds is a time as the API spells it; "0" is never.
func seconds(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// Account is GET /accounts/{id}.
func (s *Server) Account(w http.ResponseWriter, r *http.Request) error {
	c := call{s, "accounts.get", moduleAccount}
	var q directory.ReadRequest
	_, err := refuseQuery(r)
	if err == nil {
		q.Credentials, err = credentials(r)
	}
	if err == nil {
		err = headers(r, map[*string][]string{&q.APIKey: nameAPIKey, &q.Token: nameToken})
	}
	if err != nil {
		return c.fail(w, r, err)
	}
	q.ID = r.PathValue("id")
	a, caller, err := s.Directory.Read(r.Context(), q)
	s.note(r.Context(), caller, c.name)
	if err != nil {
		return c.fail(w, r, err)
	}
	return c.succeed(w, envelope{Data: s.account(a)})
}

// note tells log and counters who asked.
func (s *Server) note(ctx context.Context, caller *clients.Client, call string) {
	if caller == nil {
		return
	}
	web.EventOf(ctx).Set("client_id", caller.ID)
	s.Directory.Presence.Called(caller.ID, call)
}

func (s *Server) account(a *directory.Account) account {
	v := account{Verified: a.Verified, RegDate: seconds(a.RegisteredAt)}
	if a.Opens(directory.ScopeMobile) {
		v.Mobile = a.Mobile
	}
	if a.Opens(directory.ScopeEmail) {
		v.Email = a.Email
	}
	if a.Opens(directory.ScopeReferences) {
		bindings := map[string]map[string]string{}
		for _, b := range a.Bindings {
			bindings[b.Partner] = map[string]string{
				s.prefix(b.Partner) + "_id": b.ExternalID, "status": "1",
				"created_at": seconds(b.CreatedAt.Time()), "updated_at": seconds(b.UpdatedAt.Time()),
			}
		}
		v.Bindings = &bindings
	}
	if a.Opens(directory.ScopeContacts) {
		contacts := []accountContact{}
		for _, c := range a.Contacts {
			contacts = append(contacts, accountContact{
				contactType(c.Kind), c.Value, !c.VerifiedAt.IsZero(), c.Preferred, seconds(c.AddedAt), seconds(c.VerifiedAt),
			})
		}
		v.Contacts = &contacts
	}
	return v
}

// prefix is what the ids of a partner are called before _id.
func (s *Server) prefix(partner string) string {
	if p, ok := s.Prefixes[partner]; ok {
		return p
	}
	return partner
}

func contactType(contactKind string) string {
	if contactKind == contact.Phone {
		return "mobile"
	}
	return contactKind
}
