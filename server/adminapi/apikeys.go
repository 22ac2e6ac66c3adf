package adminapi

import (
	"net/http"
	"time"

	"pratu/flows/clients"
	"pratu/storage"
)

// APIKey is a key of an application for the Identity API.
type APIKey struct {
	ID         string     `json:"id"`
	Key        string     `json:"key,omitempty"` // once
	Prefix     string     `json:"prefix"`
	ClientID   string     `json:"client_id"`
	Note       string     `json:"note"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
}

func apiKeyOf(k storage.APIKey, plain string) APIKey {
	return APIKey{k.ID, plain, k.Prefix, k.ClientID, k.Note, k.CreatedAt.Time(), maybe(k.ExpiresAt), maybe(k.LastUsedAt), maybe(k.RevokedAt)}
}

func listAPIKeys(s *Server, c *call) error {
	list, err := s.Office.FindAPIKeys(c.r.Context(), c.actor, c.r.PathValue("client"))
	if err != nil {
		return err
	}
	var items []APIKey
	for _, k := range list {
		items = append(items, apiKeyOf(k, ""))
	}
	return paged(c, items, "")
}

// keyRequest is the body of a creation.
type keyRequest struct {
	Note      string          `json:"note"`
	ExpiresIn clients.Seconds `json:"expires_in"` // 0: never
}

func createAPIKey(s *Server, c *call) error {
	var in keyRequest
	if err := decode(c.body, &in); err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) (APIKey, error) {
		row, plain, err := s.Office.CreateAPIKey(c.r.Context(), c.actor, c.r.PathValue("client"), in.Note, in.ExpiresIn.Duration())
		return apiKeyOf(row, plain), err
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusCreated, made)
}

func revokeAPIKey(s *Server, c *call) error {
	err := s.Office.RevokeAPIKey(c.r.Context(), c.actor, c.r.PathValue("client"), c.r.PathValue("key"))
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
