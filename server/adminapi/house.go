package adminapi

import (
	"context"
	"net/http"
	"strconv"

	"pratu/flows/keys"
	"pratu/flows/office"
)

// houseOperations are those about the installation itself: roles, signing keys, settings.
var houseOperations = []operation{
	{id: "listRoles", method: "GET", path: "/roles", summary: "Who has which role.", action: office.ReadRoles, out: page[Holder]{}, status: http.StatusOK, do: listRoles},
	{id: "grantRole", method: "PUT", path: "/accounts/{account}/roles/{role}", summary: "Give an account a role; a title_owner of a title.", action: office.WriteRoles, query: []string{"title"}, status: http.StatusNoContent, do: grantRole},
	{id: "revokeRole", method: "DELETE", path: "/accounts/{account}/roles/{role}", summary: "Take a role from an account; from a title_owner one title, or all.", action: office.WriteRoles, query: []string{"title"}, status: http.StatusNoContent, do: revokeRole},
	{id: "listKeys", method: "GET", path: "/keys", summary: "The published signing keys.", action: office.ReadKeys, out: page[keys.Info]{}, status: http.StatusOK, do: listKeys},
	{id: "rotateKeys", method: "POST", path: "/keys", summary: "Publish new signing keys, of all algorithms or of one. They sign after 15 minutes; now and compromised have them sign at once, the latter refuses what the old ones signed.", action: office.RotateKeys, body: jsonType, in: replacement{}, out: page[keys.Info]{}, status: http.StatusCreated, repeatable: true, do: rotateKeys},
	{id: "retireKey", method: "DELETE", path: "/keys/{kid}", summary: "Take a key that was replaced out of the key set before its time; what it signed is refused.", action: office.RotateKeys, status: http.StatusNoContent, do: retireKey},
	{id: "listSettings", method: "GET", path: "/settings", summary: "The settings as the program runs. A secret has no value, only whether it is set.", action: office.ReadSettings, out: page[office.Setting]{}, status: http.StatusOK, do: listSettings},
}

// Holder is an account with what it may do here.
type Holder struct {
	SSOID  string   `json:"ssoid"`
	Status string   `json:"status"`
	Roles  []string `json:"roles"`
	Titles []string `json:"titles,omitempty"`
}

func listRoles(s *Server, c *call) error {
	list, err := s.Office.Holders(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	var items []Holder
	for _, h := range list {
		items = append(items, Holder{strconv.FormatInt(h.SSOID, 10), h.Status, h.Roles, h.Titles})
	}
	return paged(c, items, "")
}

func grantRole(s *Server, c *call) error { return c.role(s, s.Office.Grant) }

func revokeRole(s *Server, c *call) error { return c.role(s, s.Office.Revoke) }

func (c *call) role(s *Server, change func(ctx context.Context, a office.Actor, accountID string, r office.Role) error) error {
	n, err := c.account()
	if err != nil {
		return err
	}
	id, err := s.Office.HolderID(c.r.Context(), c.actor, n)
	if err == nil {
		err = change(c.r.Context(), c.actor, id, office.Role{Name: c.r.PathValue("role"), Title: c.r.URL.Query().Get("title")})
	}
	return c.nothing(err)
}

// nothing answers what has no answer but whether it worked.
func (c *call) nothing(err error) error {
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func listKeys(s *Server, c *call) error {
	list, err := s.Office.SigningKeys(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	return paged(c, list, "")
}

// replacement is the body of a rotation of keys.
type replacement struct {
	Alg         string `json:"alg"`  // "" for all
	Bits        int    `json:"bits"` // of an RSA key
	Now         bool   `json:"now"`
	Compromised bool   `json:"compromised"`
}

func rotateKeys(s *Server, c *call) error {
	var in replacement
	if err := decode(c.body, &in); err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) ([]keys.Info, error) {
		return s.Office.RotateKeys(c.r.Context(), c.actor, keys.RotateOptions{Alg: in.Alg, Bits: in.Bits, Now: in.Now, Compromised: in.Compromised})
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusCreated, page[keys.Info]{Items: made})
}

func retireKey(s *Server, c *call) error {
	return c.nothing(s.Office.RetireKey(c.r.Context(), c.actor, c.r.PathValue("kid")))
}

func listSettings(s *Server, c *call) error {
	if err := s.Office.Settings(c.actor); err != nil {
		return err
	}
	return paged(c, s.Settings(), "")
}
