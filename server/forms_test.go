package server_test

import (
	"strings"

	"pratu/server/formtest"
)

// submit posts a form of a page with changes, as the browser would.
func (b *browser) submit(page reply, id string, changes ...string) reply {
	b.w.t.Helper()
	f := formtest.Find(b.w.t, page.body, id)
	action := f.Action
	if action == "" {
		action = page.Request.URL.RequestURI()
	}
	return b.send(post(strings.TrimPrefix(action, op), changed(f.Values, changes...)))
}
