package adminapi

import (
	"net/http"
	"strconv"
	"time"

	"pratu/flows/office"
	"pratu/storage"
)

// bindingOperations are those about what accounts are called at partners'.
var bindingOperations = []operation{
	{id: "listBindings", method: "GET", path: "/accounts/{account}/bindings", summary: "What an account is called at partners'; with ended=true those that ended, too.", action: office.ReadAccounts, query: []string{"ended"}, out: page[Binding]{}, status: http.StatusOK, do: listBindings},
	{id: "createBinding", method: "POST", path: "/accounts/{account}/bindings", summary: "Say what an account is called at a partner's. Said twice, it is said once.", action: office.WriteBindings, body: jsonType, in: bindingRequest{}, out: Binding{}, status: http.StatusCreated, repeatable: true, do: createBinding},
	{id: "endBinding", method: "DELETE", path: "/bindings/{binding}", summary: "End a binding; its owner can do so as well.", action: office.WriteBindings, status: http.StatusNoContent, do: endBinding},
}

// Binding is what an account is called at a partner's.
type Binding struct {
	ID         string     `json:"id"`
	Account    string     `json:"account"` // ssoid
	Partner    string     `json:"partner"`
	ExternalID string     `json:"external_id"`
	Status     string     `json:"status"` // 1 while it holds, 0 when it has ended
	CreatedAt  time.Time  `json:"created_at"`
	EndedAt    *time.Time `json:"ended_at"`
}

// ViewBinding is a binding of an account as programs see it.
func ViewBinding(ssoid int64, b storage.Binding) Binding {
	status := "1"
	if !b.EndedAt.IsZero() {
		status = "0"
	}
	return Binding{b.ID, strconv.FormatInt(ssoid, 10), b.Partner, b.ExternalID, status, b.CreatedAt.Time(), maybe(b.EndedAt)}
}

func listBindings(s *Server, c *call) error {
	n, err := c.account()
	if err != nil {
		return err
	}
	ended := c.r.URL.Query().Get("ended")
	if c.r.URL.Query().Has("ended") && ended != "true" && ended != "false" {
		return invalid("query.ended", "", "ended is true or false")
	}
	list, err := s.Office.FindBindings(c.r.Context(), c.actor, n, ended == "true")
	if err != nil {
		return err
	}
	var items []Binding
	for _, b := range list {
		items = append(items, ViewBinding(n, b))
	}
	return paged(c, items, "")
}

// bindingRequest is the body of a creation.
type bindingRequest struct {
	Partner    string `json:"partner"`
	ExternalID string `json:"external_id"`
}

func createBinding(s *Server, c *call) error {
	var in bindingRequest
	n, err := c.account()
	if err == nil {
		err = decode(c.body, &in)
	}
	if err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) (Binding, error) {
		b, err := s.Office.Bind(c.r.Context(), c.actor, n, in.Partner, in.ExternalID)
		return ViewBinding(n, b), err
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusCreated, made)
}

func endBinding(s *Server, c *call) error {
	_, err := s.Office.EndBinding(c.r.Context(), c.actor, c.r.PathValue("binding"))
	return c.nothing(err)
}
