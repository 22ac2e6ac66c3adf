package web

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pratu/flows/mail"
)

var update = flag.Bool("update", false, "write the snapshots anew")

var sampleMails = map[string]any{
	mail.TemplateVerify: &mail.Verify{
		Product: "Pratu", Host: "id.example.com", Code: "042137", Token: "pratu_lt_Zm9vYmFy",
		Link: "https://id.example.com/sign-up/link?token=pratu_lt_Zm9vYmFy", Hours: 24, Client: "บ้าน<b>ดอกไม้\u202e & Co",
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
	if _, _, _, err := r.Mail("no-such", "en", nil); err == nil {
		t.Error("a mail that doesn't exist")
	}
	if _, plain, _, err := r.Mail(mail.TemplateVerify, "fr", sampleMails[mail.TemplateVerify]); err != nil || !strings.HasPrefix(plain, "Hello") {
		t.Errorf("a language we don't have: %v", err)
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
	if data := sampleMails[mail.TemplateVerify].(*mail.Verify); strings.HasPrefix(subject, data.Code) {
		words := strings.Fields(plain)
		if !slices.Contains(words, data.Code) || !slices.Contains(words, data.Token) || !slices.Contains(words, data.Link) {
			t.Error("code, token and link have to stand by themselves")
		}
		if !strings.Contains(rich, data.Code) || !strings.Contains(rich, "> "+data.Token) && !strings.Contains(rich, " "+data.Token+"<") {
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
