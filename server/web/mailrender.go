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
	"sync"
	text "text/template"
	"time"

	"pratu/flows/mail"
	"pratu/flows/sms"
)

// mailTemplate is one mail in one language. Mails are written out in each language, since a letter is more than its
// sentences.
type mailTemplate struct {
	text *text.Template
	html *html.Template
}

// letterTemplate parses a mail the first time it is sent.
type letterTemplate func() (mailTemplate, error)

// letterTemplates are those of mails/NAME.LOCALE.txt and .html; the HTML ones share mails/layout.html.
func (r *Renderer) letterTemplates(templates fs.FS) map[string]letterTemplate {
	set := map[string]letterTemplate{}
	for _, name := range slices.Sorted(maps.Keys(mail.Templates)) {
		for _, locale := range Locales {
			file := name + "." + locale
			set[file] = sync.OnceValues(func() (mailTemplate, error) {
				plain, err := text.New(file+".txt").Funcs(text.FuncMap(r.letters(locale))).ParseFS(templates, "mails/"+file+".txt")
				if err != nil {
					return mailTemplate{}, err
				}
				rich, err := html.New(file).Funcs(html.FuncMap(r.letters(locale))).ParseFS(templates, "mails/layout.html", "mails/"+file+".html")
				return mailTemplate{text: plain, html: rich}, err
			})
		}
	}
	return set
}

// letters are the functions of mail templates.
func (r *Renderer) letters(locale string) map[string]any {
	return map[string]any{
		"inert": Inert,
		"say":   func(id string) string { return unglued(r.words.text(locale, id, nil)) },
		"when":  func(at time.Time) string { return Moment(locale, at) },
	}
}

// unglued takes out the word joiners that pages need: a subject and a text to a phone are plain, and each sign counts.
func unglued(text string) string { return strings.ReplaceAll(text, "\u2060", "") }

// SMS implements sms.Renderer. The last line binds the code to our host, so that phones offer it nowhere else.
func (r *Renderer) SMS(m sms.Message) (string, error) {
	id := "sms." + m.Purpose
	if !r.Has(id) {
		return "", fmt.Errorf("no words for a text of purpose %q", m.Purpose)
	}
	locale := m.Locale
	if !KnownLocale(locale) {
		locale = DefaultLocale
	}
	text := unglued(r.words.text(locale, id, map[string]any{"Code": m.Code, "Product": m.Product}))
	if m.Code == "" {
		return text, nil
	}
	if m.Spare != "" {
		text += "\n\n" + unglued(r.words.text(locale, "sms.spare", map[string]any{"Spare": inFours(m.Spare)}))
	}
	host, _, _ := strings.Cut(m.Host, ":")
	return text + "\n\n@" + host + " #" + m.Code, nil
}

// inFours is how people read and type long numbers.
func inFours(digits string) string {
	var groups []string
	for group := range slices.Chunk([]byte(digits), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

const subjectPrefix = "Subject: "

var errSubject = errors.New("a mail's text begins with a line “Subject: …” and an empty line")

// Mail implements mail.Renderer. Data is what mail.Templates names.
func (r *Renderer) Mail(name, locale string, data any) (subject, plain, rich string, err error) {
	if !KnownLocale(locale) {
		locale = DefaultLocale
	}
	parsed, known := r.mails[name+"."+locale]
	if !known {
		return "", "", "", fmt.Errorf("mail %q doesn't exist in %q", name, locale)
	}
	t, err := parsed()
	if err != nil {
		return "", "", "", fmt.Errorf("mail %s: %w", name, err)
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
