package pages

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pratu/flows/issuer"
	"pratu/flows/kind"
)

// Development writes mails to files; these pages read them. They exist only in development, which listens on loopback.

const (
	maxMails = 100
	maxMail  = 1 << 20
)

var (
	mailFile = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,120}\.eml$`)
	mailLink = regexp.MustCompile(`https?://[^\s<>"]+`)
)

func (s *Server) noMail() error { return kind.New(kind.NotFound, "not_found") }

// DevMails is GET /dev/mail: the newest mails first.
func (s *Server) DevMails(w http.ResponseWriter, r *http.Request) error {
	if !s.Web.Dev || s.MailDir == "" {
		return s.noMail()
	}
	entries, err := os.ReadDir(s.MailDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	page := &DevMails{}
	for _, e := range slices.Backward(entries) { // names begin with the time
		if len(page.Mails) == maxMails {
			break
		}
		if m, err := s.readMail(e.Name()); err == nil {
			page.Mails = append(page.Mails, *m)
		}
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, "dev-mails", page)
}

// DevMail is GET /dev/mail/{name}.
func (s *Server) DevMail(w http.ResponseWriter, r *http.Request) error {
	if !s.Web.Dev || s.MailDir == "" {
		return s.noMail()
	}
	m, err := s.readMail(r.PathValue("name"))
	if err != nil {
		return s.noMail()
	}
	return s.show(visit{w: w, r: r}, http.StatusOK, "dev-mail", m)
}

func (s *Server) readMail(name string) (*DevMail, error) {
	if !mailFile.MatchString(name) {
		return nil, fs.ErrNotExist
	}
	f, err := os.Open(filepath.Join(s.MailDir, name)) //nolint:gosec // the name matches mailFile
	if err != nil {
		return nil, err
	}
	defer f.Close()
	message, err := netmail.ReadMessage(io.LimitReader(f, maxMail))
	if err != nil {
		return nil, err
	}
	decode := new(mime.WordDecoder).DecodeHeader
	subject, err := decode(message.Header.Get("Subject"))
	if err != nil {
		return nil, err
	}
	text, err := plainText(message)
	if err != nil {
		return nil, err
	}
	m := &DevMail{
		URL: s.Web.Issuer.Path() + issuer.PathDevMail + "/" + name, To: strings.Trim(message.Header.Get("To"), "<>"),
		Subject: subject, Text: text, Links: mailLink.FindAllString(text, 10),
	}
	m.At, _ = message.Header.Date()
	return m, nil
}

// plainText is the text part of a mail.
func plainText(m *netmail.Message) (string, error) {
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(media, "multipart/") {
		return decoded(m.Body, m.Header.Get("Content-Transfer-Encoding"))
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // quoted-printable is undone by it
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			return decoded(part, part.Header.Get("Content-Transfer-Encoding"))
		}
	}
}

func decoded(body io.Reader, encoding string) (string, error) {
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	raw, err := io.ReadAll(body)
	return string(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))), err
}
