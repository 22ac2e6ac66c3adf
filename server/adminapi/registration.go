package adminapi

import (
	"net/http"
	"time"

	"pratu/flows/clients"
	"pratu/flows/office"
	"pratu/storage"
)

// registrationOperations are those about who may register applications without an administrator.
var registrationOperations = []operation{
	{id: "listRegistrationTokens", method: "GET", path: "/registration-tokens", summary: "Tokens that applications are registered with at the registration endpoint, the newest first, those that are over for 30 days among them.", action: office.ReadClients, out: page[RegistrationToken]{}, status: http.StatusOK, do: listRegistrationTokens},
	{id: "createRegistrationToken", method: "POST", path: "/registration-tokens", summary: "Make a token for so many applications (one unless said otherwise, for a day). It is in this answer only.", action: office.WriteClients, body: jsonType, in: tokenRequest{}, out: RegistrationToken{}, status: http.StatusCreated, repeatable: true, do: createRegistrationToken},
	{id: "deleteRegistrationToken", method: "DELETE", path: "/registration-tokens/{token}", summary: "End a token, by its id; applications that it registered stay.", action: office.WriteClients, status: http.StatusNoContent, do: deleteRegistrationToken},
}

// RegistrationToken is an initial access token (RFC 7591 section 1.2).
type RegistrationToken struct {
	ID        string    `json:"id"`
	Token     string    `json:"token,omitempty"` // once
	Note      string    `json:"note"`
	Uses      int64     `json:"uses"` // how many applications are left
	ExpiresAt time.Time `json:"expires_at"`
}

// ViewRegistrationToken is a token as programs see it, with its text or "".
func ViewRegistrationToken(t storage.RegistrationToken, plain string) RegistrationToken {
	return RegistrationToken{t.ID, plain, t.Note, t.Uses, t.ExpiresAt.Time().UTC()}
}

func listRegistrationTokens(s *Server, c *call) error {
	list, err := s.Office.RegistrationTokens(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	var items []RegistrationToken
	for _, t := range list {
		items = append(items, ViewRegistrationToken(t, ""))
	}
	return paged(c, items, "")
}

// tokenRequest is the body of a creation.
type tokenRequest struct {
	Note      string          `json:"note"`
	Uses      int64           `json:"uses"`
	ExpiresIn clients.Seconds `json:"expires_in"`
}

func createRegistrationToken(s *Server, c *call) error {
	in := tokenRequest{Uses: 1, ExpiresIn: clients.Seconds(24 * time.Hour / time.Second)}
	if err := decode(c.body, &in); err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) (RegistrationToken, error) {
		t, plain, err := s.Office.CreateRegistrationToken(c.r.Context(), c.actor, in.Note, in.Uses, in.ExpiresIn.Duration())
		return ViewRegistrationToken(t, plain), err
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusCreated, made)
}

func deleteRegistrationToken(s *Server, c *call) error {
	return c.nothing(s.Office.DeleteRegistrationToken(c.r.Context(), c.actor, c.r.PathValue("token")))
}
