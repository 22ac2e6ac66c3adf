package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"pratu/flows/outbox"
)

// ErrDestination says what a mail destination looks like.
var ErrDestination = errors.New("mail goes to file:DIR, smtp://user:password@host:port, smtps://… or log")

// Open makes the sender of a destination: file:DIR writes one .eml per mail, smtp:// and smtps:// deliver, log writes
// the text to the log, which is for a developer's own machine only.
func Open(destination string, logger *slog.Logger) (Sender, error) {
	if destination == "log" {
		return logSender{logger}, nil
	}
	if dir, ok := strings.CutPrefix(destination, "file:"); ok && dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("mail directory: %w", err)
		}
		return fileSender{dir}, nil
	}
	u, err := url.Parse(destination)
	if err != nil || u.Host == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, ErrDestination // the parser's error would quote the password
	}
	return newSMTP(u)
}

// CheckFrom tells whether a sender line is usable: "Pratu <no-reply@id.example.com>" or a bare address.
func CheckFrom(from string) error {
	if _, err := netmail.ParseAddress(from); err != nil {
		return fmt.Errorf("mail sender %q is not an address such as Pratu <no-reply@id.example.com>", from)
	}
	return nil
}

// message builds the MIME message. In files the text stays as it is, for people and scripts to read; over SMTP it is
// quoted-printable, which every relay passes on.
func message(e Envelope, encoding gomail.Encoding) (*gomail.Msg, error) {
	if strings.ContainsAny(e.To+e.Subject+e.From, "\r\n") {
		return nil, outbox.Permanent(errors.New("mail: line break in a header"))
	}
	m := gomail.NewMsg(gomail.WithEncoding(encoding), gomail.WithNoDefaultUserAgent())
	if err := errors.Join(m.From(e.From), m.To(e.To)); err != nil {
		return nil, outbox.Permanent(errors.New("mail: sender or recipient isn't an address")) // theirs would quote it
	}
	m.SetGenHeaderPreformatted(gomail.HeaderSubject, subject(e.Subject))
	m.SetDateWithValue(e.Date)
	from := m.GetFrom()[0].Address
	m.SetMessageIDWithValue(e.ID + from[strings.LastIndex(from, "@"):])
	// RFC 3834: no vacation notices, please. Old Exchange servers know the second spelling only.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader(gomail.HeaderContentLang, e.Locale)
	m.SetBodyString(gomail.TypeTextPlain, e.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, e.HTML)
	return m, nil
}

// wordBytes of text make an encoded word of 64 characters, which fits into a line of 76 behind "Subject: ".
const wordBytes = 39

// subject encodes a subject line (RFC 2047) so that it begins in the header's first line. go-mail makes words that are
// too long for it and leaves that line empty, which is allowed and which many programs take for no subject.
func subject(text string) string {
	if mime.QEncoding.Encode("UTF-8", text) == text && len(text) <= wordBytes && !strings.Contains(text, "=?") {
		return text
	}
	var lines []string
	for len(text) > 0 {
		n := 0
		for n < len(text) { // whole characters only (section 5)
			_, size := utf8.DecodeRuneInString(text[n:])
			if n+size > wordBytes {
				break
			}
			n += size
		}
		lines = append(lines, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(lines, "\r\n ")
}

type fileSender struct{ dir string }

// Send writes the mail under a name that sorts by time. It appears complete: readers never see half of it.
func (s fileSender) Send(_ context.Context, e Envelope) error {
	m, err := message(e, gomail.NoEncoding)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	tmp, err := os.CreateTemp(s.dir, ".mail-*") // mode 0600: it holds codes
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b.Bytes())
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	name := fmt.Sprintf("%s-%s.eml", e.Date.UTC().Format("20060102T150405.000"), e.ID)
	return os.Rename(tmp.Name(), filepath.Join(s.dir, name))
}

type logSender struct{ logger *slog.Logger }

// Send shows the mail in the log: the one destination whose purpose is to be read there. Configuration allows it with a
// localhost issuer only.
func (s logSender) Send(ctx context.Context, e Envelope) error {
	s.logger.InfoContext(ctx, "mail", "event", "mail.logged", "to", e.To, "subject", e.Subject, "text", e.Text)
	return nil
}
