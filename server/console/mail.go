package console

import (
	"net/http"
	"net/url"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/server/web"
	"pratu/storage"
)

// Mail is "console/mail" [action=retry with message, "" for all | test | test-text].
type Mail struct {
	Page
	Messages []Message
	Lost     int // given up
	MaySend  bool
	Texts    bool     // can be sent here
	Test     *Message // that somebody sent themselves
	Again    string   // the page that tells what became of it
}

// Message is one that waits, was given up or has left.
type Message struct {
	ID, Kind, Error     string
	Attempts            int
	Lost                bool
	CreatedAt, Next, At time.Time // At is when it left
}

// testAlone is how long a page of a test that nobody tried to deliver yet looks again by itself.
const testAlone = 30 * time.Second

// Mail is GET /admin/mail.
func (s *Server) Mail(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminMail)
	if err != nil || !ok {
		return err
	}
	page, err := s.mailView(d)
	if err != nil {
		return err
	}
	if err := s.tested(d, page, query(r, "test")); err != nil {
		return err
	}
	return s.show(d, http.StatusOK, "mail", page)
}

func (s *Server) mailView(d desk) (*Mail, error) {
	list, err := s.Office.Messages(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Mail{Page: s.page(d), MaySend: d.actor.May(office.SendMail), Texts: s.Office.Texts()}
	for _, m := range list {
		row := message(m)
		if row.Lost {
			page.Lost++
		}
		page.Messages = append(page.Messages, row)
	}
	return page, nil
}

func message(m storage.Message) Message {
	row := Message{
		ID: m.ID, Kind: m.Kind, Error: web.Inert(m.LastError), Attempts: int(m.Attempts), Lost: !m.ParkedAt.IsZero(), CreatedAt: m.CreatedAt.Time(),
		Next: m.NextAttemptAt.Time(),
	}
	if !m.DeliveredAt.IsZero() {
		row.At, row.Error = m.DeliveredAt.Time(), ""
	}
	return row
}

// tested puts what became of a test into its page, which looks again by itself as long as that will be known in a moment.
func (s *Server) tested(d desk, page *Mail, id string) error {
	if id == "" {
		return nil
	}
	m, err := s.Office.Message(d.r.Context(), d.actor, id)
	if kind.Is(err, "message.unknown") {
		return nil
	}
	if err != nil {
		return err
	}
	row := message(m)
	page.Test, page.Again = &row, page.Action+"?"+url.Values{"test": {id}}.Encode()
	if row.At.IsZero() && !row.Lost && row.Attempts == 0 && s.Now().Sub(row.CreatedAt) < testAlone {
		d.w.Header().Set("Refresh", "2")
	}
	return nil
}

// MailPost is POST /admin/mail.
func (s *Server) MailPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminMail)
	if err != nil || !ok {
		return err
	}
	var test string
	switch r.PostForm.Get("action") {
	case "test":
		test, err = s.Office.TestMail(r.Context(), d.actor)
	case "test-text":
		test, err = s.Office.TestText(r.Context(), d.actor)
	case "retry":
		_, err = s.Office.RetryMessage(r.Context(), d.actor, r.PostForm.Get("message"))
	default:
		err = kind.New(kind.Invalid, "form")
	}
	switch {
	case err == nil && test != "":
		return s.Web.Redirect(w, issuer.PathAdminMail, url.Values{"test": {test}})
	case err == nil:
		return s.done(d, issuer.PathAdminMail, "mail_retried")
	}
	return s.again(d, "mail", err)(s.mailView(d))
}
