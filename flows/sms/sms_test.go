package sms

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pratu/flows/outbound"
	"pratu/flows/outbox"
)

var text = Text{ID: "018f", To: "+66812345678", Text: "042137 \"is\" your code\n\n@id.example.com #042137"}

func TestWebhook(t *testing.T) {
	var body, idempotency, authorization string
	status := http.StatusAccepted
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body, idempotency, authorization = string(raw), r.Header.Get("Idempotency-Key"), r.Header.Get("Authorization")
		w.WriteHeader(status)
	}))
	defer gateway.Close()
	hook := Webhook{Authorization: "Bearer x", Client: outbound.New(outbound.Options{Development: true})}
	sender, err := Open(gateway.URL, hook, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	var got Text
	if err := json.Unmarshal([]byte(body), &got); err == nil {
		var m map[string]string
		_ = json.Unmarshal([]byte(body), &m)
		got = Text{m["id"], m["to"], m["text"]}
	}
	if got != text || idempotency != "018f" || authorization != "Bearer x" {
		t.Errorf("%s %s %s", body, idempotency, authorization)
	}
	for code, permanent := range map[int]bool{400: true, 422: true, 401: false, 429: false, 500: false, 302: false} {
		status = code
		if err := sender.Send(t.Context(), text); err == nil || outbox.IsPermanent(err) != permanent || strings.Contains(err.Error(), "042137") {
			t.Errorf("%d: %v", code, err)
		}
	}
	hook.Body = `to={{.To}}`
	if sender, err = Open(gateway.URL, hook, nil); err != nil {
		t.Fatal(err)
	}
	status = 200
	if err := sender.Send(t.Context(), text); err != nil || body != "to=+66812345678" {
		t.Errorf("%q %v", body, err)
	}
	for _, wrong := range []string{"{{.Nobody}}", "{{"} {
		hook.Body = wrong
		if _, err := Open(gateway.URL, hook, nil); err == nil {
			t.Errorf("%s", wrong)
		}
	}
	// Outside development the gateway is reached like any stranger's server.
	guarded, err := Open("https://127.0.0.1:1/", Webhook{Client: outbound.New(outbound.Options{})}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := guarded.Send(t.Context(), text); err == nil || outbox.IsPermanent(err) {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sms")
	sender, err := Open("file:"+dir, Webhook{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same text twice is one file
		if err := sender.Send(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := os.ReadDir(dir)
	info, err := os.Stat(filepath.Join(dir, "018f.json"))
	if err != nil || len(files) != 1 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", files, err)
	}
	if none, err := Open("", Webhook{}, nil); none != nil || err != nil {
		t.Error(none, err)
	}
	for _, wrong := range []string{"file:", "smtp://x", "nonsense"} {
		if _, err := Open(wrong, Webhook{}, nil); err == nil {
			t.Error(wrong)
		}
	}
}

// counting counts what is rendered and what is sent.
type counting struct{ rendered, sent int }

func (c *counting) SMS(Message) (string, error)      { c.rendered++; return "text", nil }
func (c *counting) Send(context.Context, Text) error { c.sent++; return nil }

// Who has no account costs the rendering that everybody costs, and is written nothing.
func TestNobody(t *testing.T) {
	c := &counting{}
	service := &Service{Renderer: c, Sender: c}
	for payload, want := range map[string]counting{`{"nobody":true}`: {1, 0}, `{}`: {1, 1}} {
		*c = counting{}
		if err := service.Deliver(t.Context(), []byte(payload)); err != nil || *c != want {
			t.Errorf("%s: %v %+v", payload, err, *c)
		}
	}
}
