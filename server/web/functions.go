package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// functions are what templates of a locale can call:
//
//	t "id" "arg" value …    the words, escaped where they stand
//	words "id" args         the same with a map
//	mark "id" "arg" value … the same as HTML, with each value in <bdi>: names of strangers don't turn the sentence around
//	problem p               the words of a *Problem
//	initial name            the letter that stands for it
//	either "id" "other id"  the first id that has words
//	number n                a whole number, its thousands apart: 12,345
//	date, day               an instant in words inside <time datetime>
//	asset "style.css"       the fingerprinted address of a static file
//	path "/login"           an address of ours below the issuer's own path
//	registered uri          an address of a client, of whatever scheme its registration allowed
func (r *Renderer) functions(locale string) template.FuncMap {
	return template.FuncMap{
		"t": func(id string, pairs ...any) (string, error) {
			args, err := arguments(pairs)
			return r.words.text(locale, id, args), err
		},
		"words": func(id string, args map[string]any) string { return r.words.text(locale, id, args) },
		"mark": func(id string, pairs ...any) (template.HTML, error) {
			args, err := arguments(pairs)
			return r.marked(locale, id, args), err
		},
		"problem": func(p *Problem) string { return r.problem(locale, p) },
		"initial": Initial,
		"either": func(id, other string) string {
			if r.words.has(id) {
				return id
			}
			return other
		},
		"has":    r.words.has,
		"number": Number,
		"date":   func(t time.Time) template.HTML { return timeElement(t, Moment(locale, t)) },
		"day":    func(t time.Time) template.HTML { return timeElement(t, Day(locale, t)) },
		"asset":  r.assets.url,
		"path":   r.path,

		"registered": func(uri string) template.URL { return template.URL(uri) }, //nolint:gosec // flows/clients let no scheme in that executes
	}
}

func (r *Renderer) path(p string) string { return r.base + p }

func arguments(pairs []any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("message arguments come in pairs")
	}
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("message argument %v has no name", pairs[i])
		}
		args[name] = pairs[i+1]
	}
	return args, nil
}

// marked puts private-use characters where the values go, escapes the whole and then puts the values in, so that neither
// a value nor a message can bring markup.
func (r *Renderer) marked(locale, id string, args map[string]any) template.HTML {
	stand := make(map[string]any, len(args))
	var swap []string
	for name, value := range args {
		if _, isNumber := value.(int); isNumber {
			stand[name] = value
			continue
		}
		holder := string([]rune{0xE000 + rune(len(swap)), 0xF8FF})
		stand[name] = holder
		swap = append(swap, holder, "<bdi>"+template.HTMLEscapeString(fmt.Sprint(value))+"</bdi>")
	}
	text := template.HTMLEscapeString(r.words.text(locale, id, stand))
	if len(swap) == 2 { // as nearly always; a replacer would make tables for it
		text = strings.ReplaceAll(text, swap[0], swap[1])
	} else {
		text = strings.NewReplacer(swap...).Replace(text)
	}
	return template.HTML(text) //nolint:gosec // both halves are escaped above
}

// problem says what is wrong. A reason of its own has words of its own: password.blocked.common.
func (r *Renderer) problem(locale string, p *Problem) string {
	if reason, ok := p.Args["reason"].(string); ok && r.words.has(p.Code+"."+reason) {
		return r.words.text(locale, p.Code+"."+reason, p.Args)
	}
	if !r.words.has(p.Code) {
		return r.words.text(locale, "error.form", nil)
	}
	return r.words.text(locale, p.Code, p.Args)
}

// Number sets the thousands of a whole number apart, as English and Thai do.
func Number(n any) string {
	digits := fmt.Sprint(n)
	sign := len(digits) - len(strings.TrimPrefix(digits, "-"))
	for i := len(digits) - 3; i > sign; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

var thaiMonths = [...]string{"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม",
	"กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"}

// buddhist is how far the Buddhist era is ahead.
const buddhist = 543

// thailand has had no other offset since 1920.
var thailand = time.FixedZone("ICT", 7*3600)

// Zone is where days of a locale begin.
func Zone(locale string) *time.Location {
	if locale == Thai {
		return thailand
	}
	return time.UTC
}

// Day is a date in words: 29 July 2026, 29 กรกฎาคม 2569.
func Day(locale string, t time.Time) string {
	if locale == Thai {
		t = t.In(thailand)
		return strconv.Itoa(t.Day()) + " " + thaiMonths[t.Month()-1] + " " + strconv.Itoa(t.Year()+buddhist)
	}
	return t.UTC().Format("2 January 2006")
}

// Moment is a date and a time with its zone, since the server doesn't know the reader's.
func Moment(locale string, t time.Time) string {
	if locale == Thai {
		return Day(locale, t) + " เวลา " + t.In(thailand).Format("15:04") + "\u00a0น. (เวลา\u2060ไทย)" // no line may end within
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

func timeElement(t time.Time, words string) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(words) + `</time>`) //nolint:gosec // escaped
}
