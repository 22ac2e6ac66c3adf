package main

import (
	"html"
	"net/url"
	"regexp"
)

// The driver reads forms of the hosted pages and of the floor, not all of HTML. Regular expressions keep its own share
// of the machine small.
var (
	formRE   = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	inputRE  = regexp.MustCompile(`<input\b([^>]*)>`)
	buttonRE = regexp.MustCompile(`<button\b([^>]*)>`)
	attrRE   = regexp.MustCompile(`([a-z-]+)\s*=\s*"([^"]*)"`)
)

type form struct {
	action  string
	values  url.Values
	buttons []map[string]string
}

// formWithID returns the form with this id, with the values a browser would send for its inputs.
func formWithID(page []byte, id string) (form, bool) {
	for _, m := range formRE.FindAllSubmatch(page, -1) {
		a := attributes(m[1])
		if a["id"] != id {
			continue
		}
		f := form{action: a["action"], values: url.Values{}}
		for _, in := range inputRE.FindAllSubmatch(m[2], -1) {
			if i := attributes(in[1]); i["name"] != "" && i["type"] != "submit" && i["type"] != "checkbox" {
				f.values.Set(i["name"], i["value"])
			}
		}
		for _, b := range buttonRE.FindAllSubmatch(m[2], -1) {
			f.buttons = append(f.buttons, attributes(b[1]))
		}
		return f, true
	}
	return form{}, false
}

// press adds what pressing the button with this id adds.
func (f form) press(id string) {
	for _, b := range f.buttons {
		if b["id"] == id && b["name"] != "" {
			f.values.Set(b["name"], b["value"])
		}
	}
}

func attributes(tag []byte) map[string]string {
	m := map[string]string{}
	for _, a := range attrRE.FindAllSubmatch(tag, -1) {
		m[string(a[1])] = html.UnescapeString(string(a[2]))
	}
	return m
}
