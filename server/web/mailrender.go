package web

import (
	"bytes"
	"errors"
	"fmt"
	html "html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
	text "text/template"

	"pratu/flows/mail"
)

// mailTemplate is one mail in one language. Mails are written out in each language, since a letter is more than its
// sentences.
type mailTemplate struct {
	text *text.Template
	html *html.Template
}

// parseMails reads mails/NAME.LOCALE.txt and .html; the HTML ones share mails/layout.html.
func (r *Renderer) parseMails(templates fs.FS) (map[string]*mailTemplate, error) {
	set := map[string]*mailTemplate{}
	for _, name := range slices.Sorted(maps.Keys(mail.Templates)) {
		for _, locale := range Locales {
			file := name + "." + locale
			plain, err := text.New(file+".txt").Funcs(text.FuncMap{"inert": Inert}).ParseFS(templates, "mails/"+file+".txt")
			if err != nil {
				return nil, fmt.Errorf("mail templates: %w", err)
			}
			rich, err := html.New(file).Funcs(html.FuncMap{"inert": Inert}).ParseFS(templates, "mails/layout.html", "mails/"+file+".html")
			if err != nil {
				return nil, fmt.Errorf("mail templates: %w", err)
			}
			set[file] = &mailTemplate{text: plain, html: rich}
		}
	}
	return set, nil
}

const subjectPrefix = "Subject: "

var errSubject = errors.New("a mail's text begins with a line “Subject: …” and an empty line")

// Mail implements mail.Renderer. Data is what mail.Templates names.
func (r *Renderer) Mail(name, locale string, data any) (subject, plain, rich string, err error) {
	if !KnownLocale(locale) {
		locale = DefaultLocale
	}
	t, known := r.mails[name+"."+locale]
	if !known {
		return "", "", "", fmt.Errorf("mail %q doesn't exist in %q", name, locale)
	}
	var b bytes.Buffer
	if err := t.text.Execute(&b, data); err != nil {
		return "", "", "", fmt.Errorf("mail %s: %w", name, err)
	}
	head, body, ok := strings.Cut(b.String(), "\n\n")
	subject, named := strings.CutPrefix(head, subjectPrefix)
	if !ok || !named || strings.ContainsAny(subject, "\r\n") {
		return "", "", "", errSubject
	}
	var h bytes.Buffer
	if err := t.html.ExecuteTemplate(&h, "layout.html", letter{Locale: locale, Subject: subject, Data: data}); err != nil {
		return "", "", "", fmt.Errorf("mail %s: %w", name, err)
	}
	return subject, body, h.String(), nil
}

// letter is the data of mails/layout.html.
type letter struct {
	Locale, Subject string
	Data            any
}
