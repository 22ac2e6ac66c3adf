package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"pratu/flows/outbox"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

var letter = Envelope{
	ID: "0198f0c2-a7d1-7b6e-9f53-a2d0c1e4b7f6", From: "ประตู <no-reply@id.example.com>", To: "nok@example.com",
	Subject: "123456 คือรหัสประตูของคุณ", Text: "รหัสของคุณคือ 123456\nlink token-abcdef\n.\nend", HTML: "<p>รหัสของคุณคือ <b>123456</b></p>",
	Locale: "th", Date: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC),
}

func open(t *testing.T, destination string) Sender {
	t.Helper()
	s, err := Open(destination, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parts reads a mail as a reader's program does.
func parts(t *testing.T, raw []byte) (header netmail.Header, bodies map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s %v", kind, err)
	}
	bodies = map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if p.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(p)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		bodies[kind] = strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
}

func check(t *testing.T, raw []byte) {
	t.Helper()
	header, bodies := parts(t, raw)
	if !bytes.Contains(raw, []byte("Subject: =?UTF-8?B?")) {
		t.Error("the subject's first line is empty")
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != letter.Subject {
		t.Errorf("subject %q %v", subject, err)
	}
	from, err := header.AddressList("From")
	if err != nil || from[0].Address != "no-reply@id.example.com" || from[0].Name != "ประตู" {
		t.Errorf("from %v %v", from, err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "Message-Id": "<" + letter.ID + "@id.example.com>", "Content-Language": "th",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if date, err := header.Date(); err != nil || !date.Equal(letter.Date) {
		t.Errorf("date %v %v", date, err)
	}
	if bodies["text/plain"] != letter.Text || bodies["text/html"] != letter.HTML {
		t.Errorf("bodies %q", bodies)
	}
}

func TestSMTP(t *testing.T) {
	r, port := serve(t, nil, false)
	s := open(t, "smtp://127.0.0.1:"+port)
	if err := s.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	got := r.got()
	if len(got) != 1 || got[0].to != letter.To || got[0].from != "no-reply@id.example.com" {
		t.Fatalf("%+v", got)
	}
	check(t, got[0].data)
}

func TestFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	if err := open(t, "file:"+dir).Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(found) != 1 || filepath.Ext(found[0]) != ".eml" {
		t.Fatalf("%q", found)
	}
	if info, _ := os.Stat(found[0]); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	raw, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	check(t, raw)
	if !strings.Contains(string(raw), "รหัสของคุณคือ 123456") {
		t.Error("the file isn't readable as it is")
	}
}

// Nobody writes headers of ours, and nonsense is refused before a server sees it.
func TestHeaderInjection(t *testing.T) {
	r, port := serve(t, nil, false)
	for name, change := range map[string]func(*Envelope){
		"recipient": func(e *Envelope) { e.To = "a@example.com\r\nBcc: eve@evil.example" },
		"subject":   func(e *Envelope) { e.Subject = "hi\nBcc: eve@evil.example" },
		"sender":    func(e *Envelope) { e.From = "a@example.com\r\nX: y" },
		"two":       func(e *Envelope) { e.To = "a@example.com, eve@evil.example" },
		"no one":    func(e *Envelope) { e.To = "not an address" },
	} {
		for _, destination := range []string{"smtp://127.0.0.1:" + port, "file:" + t.TempDir()} {
			e := letter
			change(&e)
			if err := open(t, destination).Send(t.Context(), e); err == nil || !outbox.IsPermanent(err) || strings.Contains(err.Error(), "eve") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := r.got(); len(got) != 0 {
		t.Errorf("%d mails", len(got))
	}
}

// A password and a mail go to another machine over TLS only; a server that has none isn't talked to.
func TestDestinations(t *testing.T) {
	for destination, good := range map[string]bool{
		"log": true, "file:" + t.TempDir(): true, "smtp://mail.example.com": true, "smtps://u:p@mail.example.com": true,
		"smtp://mail.example.com?tls=none": true, "smtp://u:p@mail.example.com?tls=none": false, "smtp://localhost:1025": true,
		"smtp://": false, "http://mail.example.com": false, "file:": false, "": false, "smtp://h:99999": false,
		"smtp://h?verify=no": false, "smtp://h/path": false, "smtp://u:s3cr3t@h:port": false,
	} {
		_, err := Open(destination, slog.Default())
		if (err == nil) != good {
			t.Errorf("%q: %v", destination, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

// plain renders without templates.
type plain struct{}

func (plain) Mail(name, locale string, _ any) (subject, text, html string, err error) {
	return name + " " + locale, "text", "<p>text</p>", nil
}

// From the change's transaction to the reader, through a server that is down, busy and slow on the way: nothing is
// lost, nothing comes twice.
func TestNothingLostNothingTwice(t *testing.T) {
	storagetest.Engines(t, func(t *testing.T, s *storage.Store) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		at := time.Now()
		now := func() time.Time { return at }
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		box := &outbox.Outbox{Store: s, Keyring: ring, Now: now}
		service := &Service{Outbox: box, Renderer: plain{}, Sender: open(t, "smtp://"+address), From: letter.From, Now: now}
		box.Handlers = map[string]outbox.Handler{Kind: service.Deliver}
		flush := func() {
			t.Helper()
			if err := box.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			at = at.Add(3 * time.Hour)
		}
		for range 3 {
			err := s.InTx(t.Context(), func(ctx context.Context) error {
				return service.Queue(ctx, Message{To: letter.To, Template: TemplateVerify, Locale: "th", Data: Verify{Code: "123456"}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		flush() // nobody listens
		r, _ := serveAt(t, address, nil, false)
		r.become(&smtp.SMTPError{Code: 451, Message: "later"}, 0)
		flush()
		if len(r.got()) != 0 {
			t.Fatal("delivered although refused")
		}
		r.become(nil, 300*time.Millisecond)
		flush()
		flush()
		got := r.got()
		if len(got) != 3 {
			t.Fatalf("%d mails", len(got))
		}
		ids := map[string]bool{}
		for _, m := range got {
			header, _ := parts(t, m.data)
			ids[header.Get("Message-Id")] = true
		}
		if len(ids) != 3 {
			t.Errorf("%d different mails", len(ids))
		}
	})
}

// RFC 2047: a subject begins in its first line, no line has more than 76 characters, and what is read is what was written.
func TestSubjects(t *testing.T) {
	for _, text := range []string{
		"123456 is your Pratu code", "", "An ASCII subject that is longer than the first line of a header may well be",
		"123456 คือรหัสยืนยัน Pratu ของคุณ", strings.Repeat("ประตู ", 30), "=?UTF-8?Q?not_a_word?=", "\U0001F6AA\U0001F6AA doors " + strings.Repeat("\U0001F6AA", 20),
		strings.Repeat("a", 39) + "ก",
	} {
		encoded := subject(text)
		for i, line := range strings.Split("Subject: "+encoded, "\r\n") {
			if len(line) > 76 || i > 0 && !strings.HasPrefix(line, " =?") {
				t.Errorf("%q: line %q", text, line)
			}
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(encoded, "\r\n", "")); err != nil || got != text {
			t.Errorf("%q is read as %q: %v", text, got, err)
		}
	}
}

// counting counts what is rendered and what is sent.
type counting struct{ rendered, sent int }

func (c *counting) Mail(name, locale string, data any) (subject, text, html string, err error) {
	c.rendered++
	return plain{}.Mail(name, locale, data)
}

func (c *counting) Send(context.Context, Envelope) error { c.sent++; return nil }

// Who has no account costs the rendering that everybody costs, and is written nothing.
func TestNobody(t *testing.T) {
	c := &counting{}
	service := &Service{Renderer: c, Sender: c, Now: time.Now}
	for nobody, want := range map[bool]counting{true: {1, 0}, false: {1, 1}} {
		*c = counting{}
		raw, err := json.Marshal(payload{To: letter.To, Nobody: nobody, Template: TemplateVerify, Data: json.RawMessage("{}")})
		if err != nil {
			t.Fatal(err)
		}
		if err := service.Deliver(t.Context(), raw); err != nil || *c != want {
			t.Errorf("nobody %t: %v %+v", nobody, err, *c)
		}
	}
}
