package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pratu/flows/clients"
)

// check shows the form of an application again with what is wrong with it, or worth a look, and writes nothing. With scripts
// it is asked after each change. id is "" for an application that is new.
func (s *Server) check(d desk, id string, kind string) error {
	warnings, err := s.Office.CheckClient(d.r.Context(), d.actor, id, func(doc *clients.Document) error {
		if id == "" {
			doc.Kind, doc.ClientID = kind, d.r.PostForm.Get("client_id")
		}
		return read(doc, d.r.PostForm)
	})
	if id == "" {
		page := s.newClient(d, kind, d.r.PostForm)
		page.Wrong = mark(err, d.r.PostForm, page.First, page.More)
		page.Warnings = about(warnings, d.r.PostForm)
		if err != nil {
			return s.refuse(d, newClientPage, page, err)
		}
		page.Notice = "console.notice.checked"
		return s.show(d, http.StatusOK, newClientPage, page)
	}
	c, failure := s.Office.Client(d.r.Context(), d.actor, id)
	if failure != nil {
		return failure
	}
	page := s.clientView(d, c, d.r.PostForm)
	page.Wrong = mark(err, d.r.PostForm, page.First, page.More)
	page.Warnings = about(warnings, d.r.PostForm)
	if err != nil {
		return s.refuse(d, clientPage, page, err)
	}
	page.Notice = "console.notice.checked"
	return s.show(d, http.StatusOK, clientPage, page)
}

// about are warnings, with the value of several that each is about.
func about(ps clients.Problems, form url.Values) []Wrong {
	return warned(ps, lines(strings.ReplaceAll(form.Get("redirect_uris"), "\r\n", "\n")))
}

// warned are warnings about an application with these redirect URIs.
func warned(ps clients.Problems, redirectURIs []string) (list []Wrong) {
	for _, p := range ps {
		w := Wrong{Words: "wrong." + p.Code, Detail: plain(p.Detail)}
		if index, found := strings.CutPrefix(p.Pointer, "/redirect_uris/"); found {
			if n, err := strconv.Atoi(index); err == nil && n < len(redirectURIs) {
				w.About = plain(redirectURIs[n])
			}
		}
		list = append(list, w)
	}
	return list
}
