package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Locales of pages and mails. Every message exists in each of them: there is no falling back.
const (
	Thai          = "th"
	English       = "en"
	DefaultLocale = English
)

// Locales is all of them, the default first.
var Locales = [...]string{English, Thai}

var localeNames = map[string]string{English: "English", Thai: "ไทย"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Thai})

// LocaleCookie keeps the language that a person chose by hand.
const LocaleCookie = "pratu_locale"

type localeKey struct{}

// WithLocale sets the language of an answer.
func WithLocale(ctx context.Context, locale string) context.Context {
	return context.WithValue(ctx, localeKey{}, locale)
}

// LocaleOf is the language of an answer.
func LocaleOf(ctx context.Context) string {
	if l, ok := ctx.Value(localeKey{}).(string); ok {
		return l
	}
	return DefaultLocale
}

// Spelled is a language with its own name, where there are pages in it.
func Spelled(locale string) string {
	if name, known := localeNames[locale]; known {
		return name + " (" + locale + ")"
	}
	return locale
}

// KnownLocale tells whether there are pages in it.
func KnownLocale(locale string) bool {
	_, known := localeNames[locale]
	return known
}

// ChooseLocale weighs what is known: a choice made by hand, then what the relying party asked for (ui_locales), then the
// browser's languages, then the default.
func ChooseLocale(stored string, uiLocales []string, acceptLanguage string) string {
	if KnownLocale(stored) {
		return stored
	}
	for _, tag := range uiLocales[:min(len(uiLocales), 20)] {
		if wanted, err := language.Parse(tag); err == nil {
			if l, ok := matching(wanted); ok {
				return l
			}
		}
	}
	if len(acceptLanguage) <= 1024 {
		if tags, _, err := language.ParseAcceptLanguage(acceptLanguage); err == nil && len(tags) > 0 {
			if l, ok := matching(tags...); ok {
				return l
			}
		}
	}
	return DefaultLocale
}

func matching(wanted ...language.Tag) (string, bool) {
	_, i, confidence := matcher.Match(wanted...)
	return Locales[i], confidence > language.Low // Low is a related language, which need not be understood
}

// words are the messages of all locales.
type words struct {
	localizers map[string]*i18n.Localizer
	ids        map[string]bool // in every locale
}

func loadWords(templates fs.FS) (*words, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	w := &words{localizers: map[string]*i18n.Localizer{}, ids: map[string]bool{}}
	count := map[string]int{}
	for _, locale := range Locales {
		file, err := loadMessages(bundle, templates, locale)
		if err != nil {
			return nil, fmt.Errorf("messages %s: %w", locale, err)
		}
		w.localizers[locale] = i18n.NewLocalizer(bundle, locale)
		for _, m := range file.Messages {
			count[m.ID]++
			w.ids[m.ID] = count[m.ID] == len(Locales)
		}
	}
	return w, nil
}

func loadMessages(bundle *i18n.Bundle, templates fs.FS, locale string) (*i18n.MessageFile, error) {
	name := "messages/" + locale + ".json"
	raw, err := fs.ReadFile(templates, name)
	if err != nil {
		return nil, err
	}
	if locale == Thai {
		raw = []byte(gluedThai.Replace(string(raw)))
	}
	return bundle.ParseMessageFileBytes(raw, name)
}

func (w *words) has(id string) bool { return w.ids[id] }

// text never fails: an id without words shows as ⟦id⟧, which no test lets pass, and a page with a mark in it is better
// than none.
func (w *words) text(locale, id string, args map[string]any) string {
	l, known := w.localizers[locale]
	if !known || !w.has(id) {
		return "⟦" + id + "⟧"
	}
	data := w.withWait(locale, args)
	config := &i18n.LocalizeConfig{MessageID: id}
	if n, ok := args["count"]; ok { // the number that decides between singular and plural
		config.PluralCount = n
		data = maps.Clone(data)
		data["count"] = Number(n)
	}
	config.TemplateData = data
	s, err := l.Localize(config)
	if err != nil {
		return "⟦" + id + "⟧"
	}
	return s
}

// withWait puts how long to wait into words, for messages that say it: minutes, and from two hours on hours.
func (w *words) withWait(locale string, args map[string]any) map[string]any {
	minutes, ok := args["minutes"].(int)
	if !ok {
		return args
	}
	unit, n := "wait.minutes", minutes
	if minutes >= 120 {
		unit, n = "wait.hours", (minutes+59)/60 // coming back too early is worse than too late
	}
	more := maps.Clone(args)
	more["wait"] = w.text(locale, unit, map[string]any{"count": n})
	return more
}
