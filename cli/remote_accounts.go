package cli

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"

	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/server/adminapi"
)

// account is who somebody means by a number, an id, or a verified address. An address has no place in a URL, so it is looked
// for; a search like that is on the record there.
func (r *remote) account(text string) (one adminapi.Account, err error) {
	raw, _, err := r.ask(http.MethodPost, "/accounts/search", map[string]any{"text": text, "limit": 2})
	if err != nil {
		return one, err
	}
	found, err := as[struct{ Items []adminapi.Account }](raw)
	if err != nil {
		return one, err
	}
	if len(found.Items) != 1 || !names(found.Items[0], text) {
		return one, kind.New(kind.NotFound, "account.unknown")
	}
	return found.Items[0], nil
}

// names tells whether a text names an account in full: a search finds who is called so, too.
func names(a adminapi.Account, text string) bool {
	if text == a.SSOID || text == a.OID {
		return true
	}
	asked, err := contact.Parse(text)
	return err == nil && slices.ContainsFunc(a.Contacts, func(has adminapi.Contact) bool {
		c, err := contact.Parse(has.Identifier)
		return err == nil && has.Verified && c.Kind == asked.Kind && c.Canonical == asked.Canonical
	})
}

func (r *remote) accountPath(rest string) (string, adminapi.Account, error) {
	one, err := r.account(r.args[0])
	return "/accounts/" + url.PathEscape(one.SSOID) + rest, one, err
}

func (r *remote) onAccount(rest string, body any, done string) error {
	if reason, is := body.(map[string]any); is && reason["reason"] == "" {
		return usage("--reason is missing: it is written into the record")
	}
	path, one, err := r.accountPath(rest)
	if err != nil {
		return err
	}
	return r.done(http.MethodPost, path, body, "Account "+one.SSOID+" "+done+".")
}

func remoteAccountDelete(r *remote) error {
	path, one, err := r.accountPath("")
	if err != nil {
		return err
	}
	return r.done(http.MethodDelete, path, nil, "Account "+one.SSOID+" is closed; until it is erased its owner can come back.")
}

func remoteAccountList(r *remote) error {
	limit, _ := r.cmd.Flags().GetInt("limit")
	if limit < 1 {
		return usage("--limit is at least 1")
	}
	path, search := "/accounts?", map[string]any(nil)
	if len(r.args) > 0 {
		path, search = "/accounts/search", map[string]any{"text": r.args[0], "limit": 200}
	}
	items, err := r.pages(path, search, limit)
	if err != nil {
		return err
	}
	list, err := as[[]adminapi.Account](items)
	if err != nil {
		return err
	}
	return r.printAccounts(list)
}

func remoteAccountCreate(r *remote) error {
	claims, err := r.documents[r.cmd](nil)
	if err != nil {
		return err
	}
	raw, _, err := r.ask(http.MethodPost, "/accounts", claims, "Idempotency-Key", rand.Text())
	if err != nil {
		return err
	}
	made, err := as[adminapi.Account](raw)
	if err != nil {
		return err
	}
	return r.print.one(made, accountRows(made))
}

func remoteAccountGet(r *remote) error {
	path, _, err := r.accountPath("")
	if err != nil {
		return err
	}
	raw, _, err := r.ask(http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	one, err := as[adminapi.Detail](raw)
	if err != nil {
		return err
	}
	return r.printPerson(one)
}

func remoteAccountSessions(r *remote) error {
	if r.flag("end") == "true" {
		return r.onAccount("/end-sessions", nil, "is signed out everywhere")
	}
	path, _, err := r.accountPath("/sessions")
	if err != nil {
		return err
	}
	items, err := r.pages(path, nil, 0)
	if err != nil {
		return err
	}
	list, err := as[[]adminapi.Session](items)
	if err != nil {
		return err
	}
	return r.printSessions(list)
}

func remoteAccountMerge(r *remote) error {
	path, from, err := r.accountPath("")
	if err != nil {
		return err
	}
	into, err := r.account(r.args[1])
	if err != nil {
		return err
	}
	body := map[string]any{"into": into.SSOID}
	raw, etag, err := r.ask(http.MethodPost, path+"/merge-preview", body)
	if err != nil {
		return err
	}
	preview, err := as[adminapi.Merge](raw)
	if err != nil {
		return err
	}
	if r.flag("dry-run") != "true" {
		said := "Account " + from.SSOID + " went into " + into.SSOID + "."
		if err := r.done(http.MethodPost, path+"/merge", body, said, "If-Match", etag, "Idempotency-Key", rand.Text()); err != nil {
			return err
		}
	}
	return r.print.one(preview, mergeRows(preview))
}

func remoteAccountExport(r *remote) error {
	path, _, err := r.accountPath("/export")
	if err != nil {
		return err
	}
	raw, _, err := r.ask(http.MethodPost, path, nil)
	if err != nil {
		return err
	}
	if r.print.format == "table" {
		r.print.format = "json"
	}
	return r.print.encode(raw)
}

func (r *remote) onRole(method string) error {
	path, one, err := r.accountPath("/roles/" + url.PathEscape(r.args[1]))
	if err != nil {
		return err
	}
	if title := r.flag("title"); title != "" {
		path += "?" + url.Values{"title": {title}}.Encode()
	}
	said := map[string]string{http.MethodPut: "has the role", http.MethodDelete: "has lost the role"}[method]
	return r.done(method, path, nil, "Account "+one.SSOID+" "+said+" "+r.args[1]+".")
}

// onPlayer needs the title's name: what the default is, only the server's own configuration says.
func (r *remote) onPlayer(method, rest string, body any, said string) error {
	title := r.flag("title")
	if title == "" {
		return usage("--title is missing: pratu title list shows all")
	}
	one, err := r.account(r.args[0])
	if err != nil {
		return err
	}
	path := "/titles/" + url.PathEscape(title) + "/players/" + url.PathEscape(one.OID) + rest
	if method == http.MethodGet {
		return r.one(method, path, nil)
	}
	return r.done(method, path, body, said)
}
