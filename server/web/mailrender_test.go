package web

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pratu/flows/codes"
	"pratu/flows/mail"
	"pratu/flows/sms"
)

var update = flag.Bool("update", false, "write the snapshots anew")

var sampleMails = map[string]any{
	mail.TemplateVerify: &mail.Verify{
		Product: "Pratu", Host: "id.example.com", Code: "042137", Token: "pratu_lt_Zm9vYmFy",
		Link: "https://id.example.com/sign-up/link?token=pratu_lt_Zm9vYmFy", Hours: 24, Client: "บ้าน<b>ดอกไม้\u202e & Co",
	},
	mail.TemplateCode: &mail.Code{
		Product: "Pratu", Host: "id.example.com", Purpose: "recovery", Code: "042137", Token: "pratu_lt_Zm9vYmFy",
		Link: "https://id.example.com/recover/link?token=pratu_lt_Zm9vYmFy", Minutes: 60, Client: "บ้าน<b>ดอกไม้\u202e & Co",
	},
	mail.TemplateNotice: &mail.Notice{
		Product: "Pratu", Host: "id.example.com", Event: mail.NewSignIn, At: time.Date(2026, 5, 17, 9, 30, 0, 0, time.UTC),
		Device: "Firefox · Android", IP: "192.0.2.7", What: "บ้าน<b>ดอกไม้\u202e & Co", Link: "https://id.example.com/end-session/pratu_lt_Zm9vYmFy",
	},
	mail.TemplateAccountExists: &mail.AccountExists{Product: "Pratu", Host: "id.example.com", Link: "https://id.example.com/login"},
}

func TestMails(t *testing.T) {
	r := newRenderer(t)
	for name := range mail.Templates {
		for _, locale := range mail.Locales {
			subject, plain, rich, err := r.Mail(name, locale, sampleMails[name])
			if err != nil {
				t.Errorf("%s in %s: %v", name, locale, err)
				continue
			}
			t.Run(name+"."+locale, func(t *testing.T) {
				checkMail(t, locale, subject, plain, rich)
				snapshot(t, name+"."+locale+".txt", "Subject: "+subject+"\n\n"+plain)
				snapshot(t, name+"."+locale+".html", rich)
			})
		}
	}
	for _, event := range mail.Events {
		if !r.Has("mail."+event+".subject") || !r.Has("mail."+event+".body") {
			t.Errorf("no words for the news %q", event)
		}
	}
	if _, _, _, err := r.Mail("no-such", "en", nil); err == nil {
		t.Error("a mail that doesn't exist")
	}
	if _, plain, _, err := r.Mail(mail.TemplateVerify, "fr", sampleMails[mail.TemplateVerify]); err != nil || !strings.HasPrefix(plain, "Hello") {
		t.Errorf("a language we don't have: %v", err)
	}
}

// How long a code works is told in what it is long in.
func TestMailedLife(t *testing.T) {
	r := newRenderer(t)
	for minutes, want := range map[int][2]string{60: {"60 minutes", "60 นาที"}, 24 * 60: {"24 hours", "24 ชั่วโมง"}} {
		for i, locale := range []string{English, Thai} {
			_, plain, rich, err := r.Mail(mail.TemplateCode, locale, mail.Code{Code: "042137", Purpose: codes.Recovery, Minutes: minutes})
			if err != nil || !strings.Contains(plain, want[i]) || !strings.Contains(rich, want[i]) {
				t.Errorf("%d in %s: %v\n%s", minutes, locale, err, plain)
			}
		}
	}
}

func TestSMS(t *testing.T) {
	r := newRenderer(t)
	for _, purpose := range []string{codes.SignIn, codes.Recovery, codes.AddContact, codes.Confirm} {
		for _, locale := range Locales {
			text, err := r.SMS(sms.Message{Purpose: purpose, Locale: locale, Product: "Pratu", Host: "id.example.com:8443", Code: "042137"})
			if err != nil || !strings.HasPrefix(text, "042137 ") || !strings.HasSuffix(text, "\n\n@id.example.com #042137") || strings.Contains(text, "⟦") {
				t.Errorf("%s in %s: %q, %v", purpose, locale, text, err)
			}
		}
	}
	text, err := r.SMS(sms.Message{Purpose: codes.Recovery, Host: "id.example.com", Code: "042137", Spare: "00112233445566778899"})
	if err != nil || !strings.Contains(text, ": 0011 2233 4455 6677 8899\n\n@id.example.com #042137") {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := r.SMS(sms.Message{Purpose: sms.Test, Product: "Pratu", Host: "id.example.com"}); err != nil || !strings.Contains(text, "Pratu") || strings.Contains(text, "@") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := r.SMS(sms.Message{Purpose: "no-such"}); err == nil {
		t.Error("a text that doesn't exist")
	}
}

func checkMail(t *testing.T, locale, subject, plain, rich string) {
	t.Helper()
	for _, text := range []string{subject, plain, rich} {
		if strings.ContainsAny(text, "\u202e⟦") || strings.Contains(text, "<no value>") {
			t.Errorf("unfinished or overriding: %q", text)
		}
	}
	if !strings.Contains(rich, `<html lang="`+locale+`">`) {
		t.Error("no lang")
	}
	if m := regexp.MustCompile(`(?i)<(img|link|script|iframe|object|form)\b|url\(|@import|src=`).FindString(rich); m != "" {
		t.Errorf("loads something: %q", m)
	}
	if strings.Contains(rich, "<b>ดอกไม้") {
		t.Error("a client's name became markup")
	}
	// The parts say the same: whatever is to be acted upon is in both.
	link := regexp.MustCompile(`https://\S+`).FindString(plain)
	if link == "" || !strings.Contains(rich, `href="`+link+`"`) {
		t.Errorf("link %q is in one part only", link)
	}
	const code, token = "042137", "pratu_lt_Zm9vYmFy"
	if strings.HasPrefix(subject, code) {
		words := strings.Fields(plain)
		if !slices.Contains(words, code) || !slices.Contains(words, token) || !slices.Contains(words, link) {
			t.Error("code, token and link have to stand by themselves")
		}
		if !strings.Contains(rich, code) || !strings.Contains(rich, "> "+token) && !strings.Contains(rich, " "+token+"<") {
			t.Error("the HTML part lacks the code or the token")
		}
	} else if strings.ContainsAny(subject, "0123456789") {
		t.Errorf("subject %q has a number, but doesn't begin with the code", subject)
	}
}

// snapshot compares with testdata, so that nobody changes a letter without seeing it.
func snapshot(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "mails", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s changed; look at it, then go test ./server/web -run TestMails -update\n%s", file, got)
	}
}
