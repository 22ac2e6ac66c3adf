package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/server/adminapi"
	"pratu/server/web"
)

const (
	// tokenVariable holds an access token of the admin API; with _FILE appended, a file that does.
	tokenVariable = "PRATU_TOKEN"

	maxAnswer     = 32 << 20
	remoteTimeout = time.Minute
	maxWait       = 3600 // seconds that a server may ask for
)

// remote is the admin API of a server elsewhere, for the commands that it has: see remoteCommands.
type remote struct {
	*app
	cmd   *cobra.Command
	args  []string
	base  string
	token string
	http  *http.Client
}

// addRemote has each command go to the server that --server names, if one is named.
func (a *app) addRemote(root *cobra.Command) {
	root.PersistentFlags().StringVar(&a.server, "server", "", "address of a running server, whose admin API is asked instead of a database; the token comes by PRATU_TOKEN or --token-stdin")
	root.PersistentFlags().BoolVar(&a.tokenStdin, "token-stdin", false, "with --server: read the access token from stdin")
	a.reroute(root)
}

// document says what the flags of a command make of a document, which is nil for a new one.
func (a *app) document(cmd *cobra.Command, of func(before []byte) (any, error)) {
	if a.documents == nil {
		a.documents = map[*cobra.Command]func([]byte) (any, error){}
	}
	a.documents[cmd] = of
}

func (a *app) reroute(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		a.reroute(c)
	}
	here := cmd.RunE
	if here == nil || cmd.HasSubCommands() {
		return
	}
	cmd.RunE = func(cmd *cobra.Command, list []string) error {
		if a.server == "" {
			return here(cmd, list)
		}
		there := remoteCommands[nameOf(cmd)]
		if there == nil {
			return usage("the admin API has no %s: run it where the server runs, without --server", nameOf(cmd))
		}
		r, err := a.connect(cmd, list)
		if err != nil {
			return err
		}
		return there(r)
	}
}

// connect reads the address and the token. A token is sent to nobody in the clear, but on this machine.
func (a *app) connect(cmd *cobra.Command, list []string) (*remote, error) {
	u, err := url.Parse(strings.TrimSuffix(a.server, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !ofThisMachine(u.String())) {
		return nil, usage("--server %q: write the issuer's address, such as https://id.example.com (http for this machine only)", a.server)
	}
	r := &remote{app: a, cmd: cmd, args: list, base: u.String() + adminapi.Base, http: &http.Client{
		Timeout:       remoteTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, TLSHandshakeTimeout: 10 * time.Second},
	}}
	if a.tokenStdin {
		r.token, err = a.tokenFromStdin()
		return r, err
	}
	for _, pair := range a.environ {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case value == "":
		case name == tokenVariable:
			r.token = value
		case name == tokenVariable+"_FILE":
			raw, err := os.ReadFile(value)
			if err != nil {
				return nil, unreadable(name, value, err)
			}
			r.token = string(raw)
		}
	}
	if r.token = strings.TrimSpace(r.token); r.token == "" {
		return nil, usage("the admin API wants an access token of a machine, see docs/admin-api.md: give it as %s, or with --token-stdin", tokenVariable)
	}
	return r, nil
}

// refusal is an answer that refuses (RFC 9457).
type refusal struct {
	web.ProblemBody
	after time.Duration // which it asks to wait; 0 where it doesn't
}

func (p *refusal) Error() string { return strings.Join(p.lines(), "\n") }

func (p *refusal) lines() (list []string) {
	if text, own := p.sentence(); own {
		return []string{text}
	}
	for _, part := range p.Errors {
		list = append(list, strings.TrimPrefix(part.Pointer+": "+part.Detail, ": "))
	}
	if list == nil {
		list = []string{cmp.Or(p.Detail, p.Code, p.Title, "the server refuses, and doesn't say why")}
	}
	for i := range list {
		list[i] = cell(list[i]) // another machine's words
	}
	return list
}

// sentence is what the command says where the server runs, if it can: pages name no flags. An answer hasn't the arguments of an
// error, so a sentence that needs some is the server's.
func (p *refusal) sentence() (text string, own bool) {
	text, own = sentences[p.Code]
	if len(p.Errors) > 1 || len(p.Errors) == 1 && p.Errors[0].Code != p.Code || p.Code == "office.forbidden" { // its detail names the scope
		return "", false
	}
	if strings.Contains(text, "{") {
		return cell(p.Detail), own && p.Detail != ""
	}
	return text, own
}

// exit is the exit code of a refusal: that of the same error where the server runs.
func (p *refusal) exit() int {
	switch {
	case asksAmiss[p.Code]:
		return exitUsage
	case p.Code == "role.last_owner":
		return exitError
	case p.Status == http.StatusNotFound, p.Code == "account.unknown": // also one that a member names
		return exitNotFound
	case p.Status == http.StatusConflict, p.Status == http.StatusPreconditionFailed:
		return exitConflict
	}
	return exitError
}

// open sends a request. headers are names and values.
func (r *remote) open(ctx context.Context, method, path string, body any, headers ...string) (*http.Response, error) {
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case []byte: // as it is
		content = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(raw)
	}
	q, err := http.NewRequestWithContext(ctx, method, r.base+path, content)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+r.token)
	q.Header.Set("User-Agent", "pratu "+nameOf(r.cmd)) // the record there says by what
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPatch {
		q.Header.Set("Content-Type", "application/merge-patch+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	answer, err := r.http.Do(q)
	if err != nil {
		return nil, fmt.Errorf("%s doesn't answer (%w): is it the right address, and is the server running?", r.server, reason(errors.Unwrap(err)))
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	p := &refusal{}
	if raw, err := io.ReadAll(io.LimitReader(answer.Body, maxInput)); err != nil || json.Unmarshal(raw, p) != nil || p.Status == 0 {
		return nil, fmt.Errorf("%s answers %s: is there an admin API?", r.server, answer.Status)
	}
	p.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= maxWait {
		p.after = time.Duration(seconds) * time.Second
	}
	return nil, p
}

// ask sends a request and reads the answer, which is nil where there is none, with its version.
func (r *remote) ask(method, path string, body any, headers ...string) (answer json.RawMessage, etag string, err error) {
	got, err := r.open(r.cmd.Context(), method, path, body, headers...)
	if err != nil {
		return nil, "", err
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	if err == nil && len(raw) > 0 && !json.Valid(raw) {
		err = fmt.Errorf("%s answers something that isn't JSON", r.server)
	}
	return raw, got.Header.Get("ETag"), err
}

// pages collects a list, page by page, at most limit items; 0 for all. With a body it is a search.
func (r *remote) pages(path string, search map[string]any, limit int) (items []json.RawMessage, err error) {
	items = []json.RawMessage{}
	method, q := http.MethodGet, url.Values{"limit": {"200"}}
	if !strings.HasSuffix(path, "?") && !strings.HasSuffix(path, "&") { // a list of one page
		q = url.Values{}
	}
	for {
		var body any
		at := path + q.Encode()
		if search != nil {
			method, at, body = http.MethodPost, path, search
		}
		raw, _, err := r.ask(method, at, body)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next_cursor"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		switch {
		case limit > 0 && len(items) >= limit:
			return items[:limit], nil
		case page.Next == "":
			return items, nil
		case search != nil:
			search["cursor"] = page.Next
		default:
			q.Set("cursor", page.Next)
		}
	}
}
