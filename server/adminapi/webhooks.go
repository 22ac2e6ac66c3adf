package adminapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pratu/flows/office"
	"pratu/flows/webhooks"
	"pratu/storage"
)

// webhookOperations are those about who is told of events.
var webhookOperations = []operation{
	{id: "listWebhooks", method: "GET", path: "/webhooks", summary: "All webhooks.", action: office.ReadWebhooks, out: page[*webhooks.Webhook]{}, status: http.StatusOK, do: listWebhooks},
	{id: "createWebhook", method: "POST", path: "/webhooks", summary: "Set a webhook up. Its secret is in this answer only.", action: office.WriteWebhooks, body: jsonType, in: webhooks.Settings{}, out: madeWebhook{}, status: http.StatusCreated, repeatable: true, do: createWebhook},
	{id: "getWebhook", method: "GET", path: "/webhooks/{webhook}", summary: "One webhook.", action: office.ReadWebhooks, out: webhooks.Webhook{}, status: http.StatusOK, do: getWebhook},
	{id: "changeWebhook", method: "PATCH", path: "/webhooks/{webhook}", summary: "Change the members that are named (RFC 7396).", action: office.WriteWebhooks, body: patchType, in: webhooks.Settings{}, out: webhooks.Webhook{}, status: http.StatusOK, versioned: true, do: changeWebhook},
	{id: "deleteWebhook", method: "DELETE", path: "/webhooks/{webhook}", summary: "Delete a webhook; what waits for it isn't sent.", action: office.WriteWebhooks, status: http.StatusNoContent, versioned: true, do: deleteWebhook},
	{id: "rotateWebhookSecret", method: "POST", path: "/webhooks/{webhook}/secrets", summary: "Give a webhook a new secret; the one before signs as well for the overlap.", action: office.WriteWebhooks, body: jsonType, in: rotation{}, out: webhookSecret{}, status: http.StatusCreated, repeatable: true, do: rotateWebhookSecret},
	{id: "listDeliveries", method: "GET", path: "/webhooks/{webhook}/deliveries", summary: "What a webhook was told in the last week, the newest first.", action: office.ReadWebhooks, query: []string{"limit", "cursor"}, out: page[webhooks.Delivery]{}, status: http.StatusOK, do: listDeliveries},
	{id: "testWebhook", method: "POST", path: "/webhooks/{webhook}/test", summary: "Send a signed webhook.test, which shows among the deliveries.", action: office.WriteWebhooks, out: webhooks.Delivery{}, status: http.StatusAccepted, do: testWebhook},
	{id: "replayDelivery", method: "POST", path: "/webhooks/{webhook}/deliveries/{delivery}/replay", summary: "Send a delivery once more, under the same webhook-id.", action: office.WriteWebhooks, status: http.StatusNoContent, do: replayDelivery},
}

// madeWebhook is a webhook with its secret.
type madeWebhook struct {
	webhooks.Webhook
	Secret string `json:"secret"`
}

// webhookSecret answers a rotation.
type webhookSecret struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

func listWebhooks(s *Server, c *call) error {
	list, err := s.Office.WebhookList(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	return paged(c, list, "")
}

func getWebhook(s *Server, c *call) error {
	hook, err := s.Office.Webhook(c.r.Context(), c.actor, c.r.PathValue("webhook"))
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(hook.UpdatedAt))
	return write(c, http.StatusOK, hook)
}

// keptWebhook is what is kept of the answer to a creation, for whoever repeats the request.
type keptWebhook struct {
	Made    madeWebhook     `json:"made"`
	Version storage.Instant `json:"version"`
}

func createWebhook(s *Server, c *call) error {
	var in webhooks.Settings
	if err := decode(c.body, &in); err != nil {
		return err
	}
	kept, err := once(s, c, func(c *call) (keptWebhook, error) {
		hook, plain, err := s.Office.CreateWebhook(c.r.Context(), c.actor, in)
		if err != nil {
			return keptWebhook{}, err
		}
		return keptWebhook{madeWebhook{*hook, plain}, hook.UpdatedAt}, nil
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(kept.Version))
	c.w.Header().Set("Location", s.Web.Issuer.URL(Base+"/webhooks/")+url.PathEscape(kept.Made.ID))
	return write(c, http.StatusCreated, kept.Made)
}

// changeWebhook is PATCH: the members that are named, and nothing else.
func changeWebhook(s *Server, c *call) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	hook, err := s.Office.ChangeWebhook(c.r.Context(), c.actor, c.r.PathValue("webhook"), version, func(in *webhooks.Settings) error {
		shown, err := json.Marshal(in)
		if err != nil {
			return err
		}
		whole, err := merge(shown, c.body)
		if err != nil {
			return err
		}
		*in = webhooks.Settings{}
		return decode(whole, in)
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag(hook.UpdatedAt))
	return write(c, http.StatusOK, hook)
}

func deleteWebhook(s *Server, c *call) error {
	version, err := c.version()
	if err == nil {
		err = s.Office.DeleteWebhook(c.r.Context(), c.actor, c.r.PathValue("webhook"), version)
	}
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func rotateWebhookSecret(s *Server, c *call) error {
	var in rotation
	if err := decode(c.body, &in); err != nil {
		return err
	}
	id := c.r.PathValue("webhook")
	raw, err := s.once(c, func(c *call) ([]byte, error) {
		plain, err := s.Office.RotateWebhookSecret(c.r.Context(), c.actor, id, in.Overlap.Duration())
		return []byte(plain), err
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusCreated, webhookSecret{id, string(raw)})
}

func listDeliveries(s *Server, c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	var after webhooks.Cursor
	if c.r.URL.Query().Has("cursor") {
		if after.At, after.ID, err = moment(c.r.URL.Query().Get("cursor")); err != nil {
			return err
		}
	}
	list, next, err := s.Office.Deliveries(c.r.Context(), c.actor, c.r.PathValue("webhook"), after, limit)
	if err != nil {
		return err
	}
	cursor := ""
	if next.At > 0 {
		cursor = sealed(strconv.FormatInt(int64(next.At), 10) + "." + next.ID)
	}
	return paged(c, list, cursor)
}

// moment reads a cursor of an instant and an id.
func moment(cursor string) (storage.Instant, string, error) {
	text, err := opened(cursor)
	if err != nil {
		return 0, "", err
	}
	at, id, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n <= 0 {
		return 0, "", invalid("query.cursor", "", "cursor is a next_cursor of this list")
	}
	return storage.Instant(n), id, nil
}

func testWebhook(s *Server, c *call) error {
	sent, err := s.Office.TestWebhook(c.r.Context(), c.actor, c.r.PathValue("webhook"))
	if err != nil {
		return err
	}
	return write(c, http.StatusAccepted, sent)
}

func replayDelivery(s *Server, c *call) error {
	err := s.Office.ReplayDelivery(c.r.Context(), c.actor, c.r.PathValue("webhook"), c.r.PathValue("delivery"))
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
