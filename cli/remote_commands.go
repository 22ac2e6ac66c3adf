package cli

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pratu/flows/keys"
	"pratu/flows/record"
)

// remoteCommands are the commands that the admin API has, by name: what is asked, and how the answer is shown. Their JSON is
// what the API answers.
var remoteCommands map[string]func(r *remote) error

func init() { //nolint:gochecknoinits // reroute reads it, and what it holds comes from commands: a circle otherwise
	remoteCommands = map[string]func(r *remote) error{
		"client list":           func(r *remote) error { return r.list("/clients?", "client_id", "kind", "client_name") },
		"client get":            func(r *remote) error { return r.one(http.MethodGet, r.path("/clients/%s"), nil) },
		"client create":         func(r *remote) error { return r.create("/clients") },
		"client update":         func(r *remote) error { return r.update(r.path("/clients/%s")) },
		"client delete":         func(r *remote) error { return r.remove(r.path("/clients/%s"), "Client %s is deleted.") },
		"client claims-preview": remoteClientPreview,
		"client usage":          remoteClientUsage,
		"client rotate-secret":  func(r *remote) error { return r.made(r.path("/clients/%s/secrets"), r.flags("overlap")) },
		"api-key list": func(r *remote) error {
			return r.list("/clients/"+url.PathEscape(r.flag("client"))+"/api-keys", "id", "prefix", "note", "expires_at")
		},
		"api-key create": func(r *remote) error {
			return r.made("/clients/"+url.PathEscape(r.flag("client"))+"/api-keys", r.flags("note", "expires-in"))
		},
		"connector list":            func(r *remote) error { return r.list("/connectors", "id", "kind", "name") },
		"connector get":             func(r *remote) error { return r.one(http.MethodGet, r.path("/connectors/%s"), nil) },
		"connector create":          func(r *remote) error { return r.create("/connectors") },
		"connector update":          func(r *remote) error { return r.update(r.path("/connectors/%s")) },
		"connector delete":          func(r *remote) error { return r.remove(r.path("/connectors/%s"), "Connector %s is deleted.") },
		"binding create":            remoteBindingCreate,
		"binding list":              remoteBindingList,
		"binding end":               func(r *remote) error { return r.remove(r.path("/bindings/%s"), "Binding %s has ended.") },
		"registration-token list":   remoteTokenList,
		"registration-token create": remoteTokenCreate,
		"registration-token delete": func(r *remote) error {
			return r.remove(r.path("/registration-tokens/%s"), "Registration token %s is deleted.")
		},
		"webhook list":          func(r *remote) error { return r.list("/webhooks", "id", "url", "events", "disabled") },
		"webhook get":           func(r *remote) error { return r.one(http.MethodGet, r.path("/webhooks/%s"), nil) },
		"webhook create":        func(r *remote) error { return r.made("/webhooks", r.flags("url", "events=event", "description")) },
		"webhook update":        remoteWebhookUpdate,
		"webhook delete":        func(r *remote) error { return r.remove(r.path("/webhooks/%s"), "Webhook %s is deleted.") },
		"webhook rotate-secret": func(r *remote) error { return r.made(r.path("/webhooks/%s/secrets"), r.flags("overlap")) },
		"webhook deliveries": func(r *remote) error {
			return r.list(r.path("/webhooks/%s/deliveries?"), "id", "event", "state", "attempts", "created_at", "last_error")
		},
		"webhook test": func(r *remote) error { return r.one(http.MethodPost, r.path("/webhooks/%s/test"), nil) },
		"webhook replay": func(r *remote) error {
			return r.done(http.MethodPost, r.path("/webhooks/%s/deliveries/%s/replay"), nil, "The delivery is sent once more.")
		},
		"title list": func(r *remote) error { return r.list("/titles?", "client_id", "client_name") },
		"player get": func(r *remote) error { return r.onPlayer(http.MethodGet, "", nil, "") },
		"player ban": func(r *remote) error {
			return r.onPlayer(http.MethodPut, "/ban", r.flags("reason"), "The player is banned.")
		},
		"player unban": func(r *remote) error { return r.onPlayer(http.MethodDelete, "/ban", nil, "The player may play.") },
		"api-key revoke": func(r *remote) error {
			if r.flag("client") == "" {
				return usage("--client is missing: the admin API knows a key by whose it is")
			}
			return r.remove("/clients/"+url.PathEscape(r.flag("client"))+r.path("/api-keys/%s"), "API key %s works no more.")
		},
		"account create":         remoteAccountCreate,
		"account list":           remoteAccountList,
		"account import":         remoteAccountImport,
		"account get":            remoteAccountGet,
		"account sessions":       remoteAccountSessions,
		"account disable":        func(r *remote) error { return r.onAccount("/disable", r.flags("reason"), "is disabled") },
		"account enable":         func(r *remote) error { return r.onAccount("/enable", nil, "is enabled") },
		"account reset-factors":  func(r *remote) error { return r.onAccount("/reset-factors", nil, "has a password alone") },
		"account reset-password": func(r *remote) error { return r.onAccount("/send-recovery", nil, "gets a link by mail") },
		"account delete":         remoteAccountDelete,
		"account merge":          remoteAccountMerge,
		"account export":         remoteAccountExport,
		"role list":              func(r *remote) error { return r.list("/roles", "ssoid", "status", "roles", "titles") },
		"role grant":             func(r *remote) error { return r.onRole(http.MethodPut) },
		"role revoke":            func(r *remote) error { return r.onRole(http.MethodDelete) },
		"key list":               remoteKeyList,
		"key rotate":             remoteKeyRotate,
		"key retire":             func(r *remote) error { return r.remove(r.path("/keys/%s"), "Key %s is published no more.") },
		"outbox list":            func(r *remote) error { return r.list("/messages", "id", "kind", "state", "attempts", "last_error") },
		"outbox retry":           remoteRetry,
		"outbox get":             func(r *remote) error { return r.message(http.MethodGet, r.path("/messages/%s"), nil) },
		"outbox test":            remoteOutboxTest,
		"audit export":           remoteAuditExport,
	}
}

// path fills arguments in.
func (r *remote) path(format string) string {
	escaped := make([]any, len(r.args))
	for i, a := range r.args {
		escaped[i] = url.PathEscape(a)
	}
	return fmt.Sprintf(format, escaped...)
}

// list shows a list by members; a path that ends with ? is read page by page.
func (r *remote) list(path string, columns ...string) error {
	limit := 0
	if r.cmd.Flags().Lookup("limit") != nil {
		if limit, _ = r.cmd.Flags().GetInt("limit"); limit < 1 {
			return usage("--limit is at least 1")
		}
	}
	items, err := r.pages(path, nil, limit)
	if err != nil {
		return err
	}
	rows := make([][]string, len(items))
	for i, item := range items {
		values := map[string]string{}
		for _, m := range settingRows(item) {
			values[m[0]] = m[1]
		}
		for _, name := range columns {
			rows[i] = append(rows[i], values[name])
		}
	}
	header := make([]string, len(columns))
	for i, name := range columns {
		header[i] = strings.ReplaceAll(name, "_", " ")
	}
	return r.print.list(items, header, rows)
}

// one shows what is answered.
func (r *remote) one(method, path string, body any, headers ...string) error {
	raw, _, err := r.ask(method, path, body, headers...)
	if err != nil {
		return err
	}
	return r.print.one(raw, memberRows(raw))
}

// done says that it was done.
func (r *remote) done(method, path string, body any, said string, headers ...string) error {
	_, _, err := r.ask(method, path, body, headers...)
	if err == nil {
		r.say("%s", said)
	}
	return err
}

// made is a creation. With its key it is done once, whatever happens on the way.
func (r *remote) made(path string, body any) error {
	return r.one(http.MethodPost, path, body, "Idempotency-Key", rand.Text())
}

func (r *remote) remove(path, said string) error {
	return r.done(http.MethodDelete, path, nil, fmt.Sprintf(said, r.args[0]), "If-Match", "*")
}

func remoteWebhookUpdate(r *remote) error {
	if r.flag("disable") == "true" && r.flag("enable") == "true" {
		return usage("--disable and --enable exclude each other")
	}
	patch := map[string]any{}
	for member, flag := range map[string]string{"url": "url", "events": "event", "description": "description"} {
		if r.cmd.Flags().Changed(flag) {
			patch[member] = flagValue(r.cmd.Flags(), flag)
		}
	}
	for flag, disabled := range map[string]bool{"disable": true, "enable": false} {
		if r.flag(flag) == "true" {
			patch["disabled"] = disabled
		}
	}
	return r.one(http.MethodPatch, r.path("/webhooks/%s"), patch, "If-Match", "*")
}

func remoteKeyList(r *remote) error {
	items, err := r.pages("/keys", nil, 0)
	if err != nil {
		return err
	}
	list, err := as[[]keys.Info](items)
	if err != nil {
		return err
	}
	return r.printKeys(list)
}

func remoteKeyRotate(r *remote) error {
	raw, _, err := r.ask(http.MethodPost, "/keys", r.flags("alg", "bits", "now", "compromised"), "Idempotency-Key", rand.Text())
	if err != nil {
		return err
	}
	made, err := as[struct{ Items []keys.Info }](raw)
	if err != nil {
		return err
	}
	return r.printKeys(made.Items)
}

func remoteRetry(r *remote) error {
	path := "/messages/retry"
	if len(r.args) > 0 {
		path = r.path("/messages/%s/retry")
	} else if r.flag("all") != "true" {
		return usage("which message? pratu outbox list shows them; --all is for all")
	}
	return r.done(http.MethodPost, path, nil, "It is tried once more.")
}

// remoteAuditExport copies lines as they come.
func remoteAuditExport(r *remote) error {
	q := url.Values{}
	for _, name := range []string{"event", "client"} {
		if v := r.flag(name); v != "" {
			q.Set(name, v)
		}
	}
	for _, name := range []string{"since", "until"} {
		at, err := instant(name, r.flag(name), r.now())
		if err != nil {
			return err
		}
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	if name := r.flag("account"); name != "" {
		one, err := r.account(name)
		if err != nil {
			return err
		}
		q.Set("account", one.SSOID)
	}
	r.http.Timeout = 0 // it is as long as the record
	answer, err := r.open(r.cmd.Context(), http.MethodGet, "/audit/export?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxInput)
	for lines.Scan() {
		if _, err := fmt.Fprintf(r.stdout, "%s\n", record.Inert(lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

// as reads JSON as what it is.
func as[T any](raw any) (v T, err error) {
	text, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
}
