package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"pratu/flows/outbound"
	"pratu/flows/outbox"
)

// ErrDestination says what a destination of texts looks like.
var ErrDestination = errors.New("sms goes to file:DIR, log (localhost only) or an https:// webhook")

// DefaultBody is what a webhook gets unless configuration says otherwise.
const DefaultBody = `{"id":{{json .ID}},"to":{{json .To}},"text":{{json .Text}}}`

// Webhook says how a gateway wants to be spoken to. Body is a Go template over Text, with json to quote a value;
// Authorization is that header.
type Webhook struct {
	Body, Authorization string
	Client              *outbound.Client
}

// Open makes the sender of a destination: file:DIR writes one .json per text, an https URL gets each as a POST, log is
// for a developer's own machine only. Nil for "": no text can be sent, and phones are no way in.
func Open(destination string, hook Webhook, logger *slog.Logger) (Sender, error) {
	switch {
	case destination == "":
		return nil, nil //nolint:nilnil // the absence of a sender is what was configured
	case destination == "log":
		return logSender{logger}, nil
	case strings.HasPrefix(destination, "https://"), strings.HasPrefix(destination, "http://"):
		return newWebhook(destination, hook)
	}
	dir, ok := strings.CutPrefix(destination, "file:")
	if !ok || dir == "" {
		return nil, ErrDestination
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sms directory: %w", err)
	}
	return fileSender{dir}, nil
}

type fileSender struct{ dir string }

// Send writes a file that appears complete, mode 0600: it holds a code.
func (s fileSender) Send(_ context.Context, t Text) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("sms: %w", err)
	}
	tmp, err := os.CreateTemp(s.dir, ".sms-*")
	if err != nil {
		return fmt.Errorf("sms: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("sms: %w", err)
	}
	return os.Rename(tmp.Name(), filepath.Join(s.dir, t.ID+".json")) // UUIDv7: the names sort by time
}

type logSender struct{ logger *slog.Logger }

// Send shows the text in the log, whose purpose this is: configuration allows it with a localhost issuer only.
func (s logSender) Send(ctx context.Context, t Text) error {
	s.logger.InfoContext(ctx, "sms", "event", "sms.logged", "to", t.To, "text", t.Text)
	return nil
}

// webhook hands texts to a gateway. Their id is also the Idempotency-Key, since a text whose answer was lost is sent again.
type webhook struct {
	url  string
	hook Webhook
	body *template.Template
}

func newWebhook(url string, hook Webhook) (Sender, error) {
	if hook.Body == "" {
		hook.Body = DefaultBody
	}
	body, err := template.New("sms").Option("missingkey=error").Funcs(template.FuncMap{"json": quote}).Parse(hook.Body)
	if err != nil {
		return nil, fmt.Errorf("the body of sms can't be read: %w", err)
	}
	if err := body.Execute(io.Discard, Text{}); err != nil {
		return nil, fmt.Errorf("the body of sms can't be filled in: %w", err)
	}
	return webhook{url, hook, body}, nil
}

func quote(text string) (string, error) {
	raw, err := json.Marshal(text)
	return string(raw), err
}

func (s webhook) Send(ctx context.Context, t Text) error {
	var body bytes.Buffer
	if err := s.body.Execute(&body, t); err != nil {
		return outbox.Permanent(fmt.Errorf("sms: %w", err))
	}
	header := map[string]string{"Content-Type": "application/json", "Idempotency-Key": t.ID}
	if s.hook.Authorization != "" {
		header["Authorization"] = s.hook.Authorization
	}
	r, err := s.hook.Client.Post(ctx, s.url, header, body.Bytes())
	switch {
	case err != nil:
		return fmt.Errorf("sms: %w", err)
	case r.Status/100 == 2:
		return nil
	case r.Status == 400, r.Status == 404, r.Status == 422: // it is this text, and not this moment
		return outbox.Permanent(fmt.Errorf("sms: the gateway answered %d", r.Status))
	}
	return fmt.Errorf("sms: the gateway answered %d", r.Status)
}
