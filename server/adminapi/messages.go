package adminapi

import (
	"net/http"
	"strconv"
	"time"

	"pratu/flows/office"
	"pratu/storage"
)

// messageOperations are those about mails and texts. What they say, and to whom, stays sealed.
var messageOperations = []operation{
	{id: "listMessages", method: "GET", path: "/messages", summary: "Mails and texts that wait or were given up, the newest hundred. What they say, and to whom, stays sealed.", action: office.ReadMail, out: page[Message]{}, status: http.StatusOK, do: listMessages},
	{id: "retryMessages", method: "POST", path: "/messages/retry", summary: "Have all messages that were given up tried once more.", action: office.SendMail, status: http.StatusNoContent, do: retryMessages},
	{id: "retryMessage", method: "POST", path: "/messages/{message}/retry", summary: "Have a message that was given up tried once more.", action: office.SendMail, status: http.StatusNoContent, do: retryMessages},
	{id: "getMessage", method: "GET", path: "/messages/{message}", summary: "What became of a mail or text, for as long as it is kept.", action: office.ReadMail, out: Message{}, status: http.StatusOK, do: getMessage},
	{id: "testMessage", method: "POST", path: "/messages/test", summary: "Send a mail or text by way of trial to an administrator who may send some, named by their ssoid; to their verified contact, and to nobody else. What became of it is told by its id.", action: office.SendMail, body: jsonType, in: testRequest{}, out: Message{}, status: http.StatusAccepted, repeatable: true, do: testMessage},
}

// Message is one that waits, was given up or has left.
type Message struct {
	ID            string     `json:"id"`
	Kind          string     `json:"kind"`
	State         string     `json:"state"` // waiting, given_up, delivered
	Attempts      int64      `json:"attempts"`
	CreatedAt     time.Time  `json:"created_at"`
	NextAttemptAt time.Time  `json:"next_attempt_at,omitzero"`
	DeliveredAt   *time.Time `json:"delivered_at,omitempty"`
	LastError     string     `json:"last_error"`
}

// ViewMessage is a message as programs see it.
func ViewMessage(m storage.Message) Message {
	v := Message{m.ID, m.Kind, "waiting", m.Attempts, m.CreatedAt.Time(), m.NextAttemptAt.Time(), maybe(m.DeliveredAt), m.LastError}
	switch {
	case !m.ParkedAt.IsZero():
		v.State, v.NextAttemptAt = "given_up", time.Time{}
	case !m.DeliveredAt.IsZero():
		v.State, v.NextAttemptAt, v.LastError = "delivered", time.Time{}, ""
	}
	return v
}

func listMessages(s *Server, c *call) error {
	list, err := s.Office.Messages(c.r.Context(), c.actor)
	if err != nil {
		return err
	}
	var items []Message
	for _, m := range list {
		items = append(items, ViewMessage(m))
	}
	return paged(c, items, "")
}

func getMessage(s *Server, c *call) error {
	m, err := s.Office.Message(c.r.Context(), c.actor, c.r.PathValue("message"))
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, ViewMessage(m))
}

// retryMessages is for one, or without one for all.
func retryMessages(s *Server, c *call) error {
	_, err := s.Office.RetryMessage(c.r.Context(), c.actor, c.r.PathValue("message"))
	return c.nothing(err)
}

// testRequest is the body of a test.
type testRequest struct {
	Account string `json:"account"` // ssoid
	Kind    string `json:"kind"`    // mail or sms
}

func testMessage(s *Server, c *call) error {
	in := testRequest{Kind: "mail"}
	if err := decode(c.body, &in); err != nil {
		return err
	}
	n, _ := strconv.ParseInt(in.Account, 10, 64) // 0 is nobody
	sent, err := once(s, c, func(c *call) (Message, error) {
		m, err := s.Office.TestFor(c.r.Context(), c.actor, n, in.Kind)
		return ViewMessage(m), err
	})
	if err != nil {
		return err
	}
	return write(c, http.StatusAccepted, sent)
}
