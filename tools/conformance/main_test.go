package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake answers as the suite does to its own script: conformance.py of its repository. That it does what the suite does with
// the answers is shown only by a suite that runs.
type fake struct {
	t       *testing.T
	rotated string // the file that says so

	mu     sync.Mutex
	looks  map[string]int
	config map[string]any
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer t0ken" || r.Header.Get("Content-Type") != "application/json" {
		f.t.Errorf("%s %s: %v", r.Method, r.URL, r.Header)
	}
	q, body := r.URL.Query(), ""
	raw, _ := io.ReadAll(r.Body)
	last := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	status := http.StatusOK
	switch r.Method + " " + strings.TrimSuffix(r.URL.Path, last) {
	case "POST /api/":
		status = http.StatusCreated
		if last == "plan" {
			if json.Unmarshal(raw, &f.config) != nil || variant(q)["client_registration"] != "dynamic_client" {
				f.t.Errorf("plan %v %s", q, raw)
			}
			body = `{"id":"P1","name":"x","modules":[{"testModule":"oidcc-server","variant":{"response_type":"code"}},{"testModule":"oidcc-server-rotate-keys"},{"testModule":"oidcc-broken"}]}`
			break
		}
		if q.Get("plan") != "P1" || (q.Get("test") == "oidcc-server") != (variant(q)["response_type"] == "code") || len(raw) > 0 {
			f.t.Errorf("runner %v %s", q, raw)
		}
		body = `{"id":"` + q.Get("test") + `","name":"x","url":"https://suite.test/test/a/pratu"}`
	case "POST /api/runner/":
		if _, err := os.Stat(f.rotated); last == "oidcc-server-rotate-keys" && err != nil {
			f.t.Error("started before the keys were rotated")
		}
		f.looks[last] = 100
		body = `{}`
	case "GET /api/info/":
		f.looks[last]++
		body = `{"status":"` + map[bool]string{true: "FINISHED", false: "RUNNING"}[f.looks[last] > 2] + `","result":"PASSED"}`
		switch {
		case last == "oidcc-server-rotate-keys" && f.looks[last] < 100:
			body = `{"status":"CONFIGURED"}`
		case last == "oidcc-broken":
			body = `{"status":"INTERRUPTED","result":"FAILED"}`
		}
	case "GET /api/log/":
		body = `[{"src":"a","msg":"fine","result":"SUCCESS"},{"msg":"no result"}]`
		if last == "oidcc-broken" {
			body = `[{"src":"CheckIt","msg":"it was wrong","result":"FAILURE"}]`
		}
	default:
		f.t.Errorf("%s %s", r.Method, r.URL)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func variant(q url.Values) map[string]string {
	v := map[string]string{}
	_ = json.Unmarshal([]byte(q.Get("variant")), &v)
	return v
}

func TestDrivesASuite(t *testing.T) {
	f := &fake{t: t, looks: map[string]int{}, rotated: filepath.Join(t.TempDir(), "rotated")}
	server := httptest.NewServer(f)
	defer server.Close()
	s := &suite{base: server.URL, token: "t0ken", http: server.Client(), pause: time.Millisecond, patience: 10 * time.Second}
	p := provider{issuer: "https://op.test", username: "mali@example.com", password: "pass", rotate: []string{"touch", f.rotated}}
	rows, err := p.run(t.Context(), s, regexp.MustCompile(`oidcc-basic`), io.Discard)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v %v", rows, err)
	}
	var out strings.Builder
	if !table(&out, rows) || table(io.Discard, rows[:2]) || !table(io.Discard, nil) {
		t.Error("what failed isn't told from what passed")
	}
	for _, want := range []string{"PASSED  oidcc-basic  oidcc-server              response_type=code", "FAILED  oidcc-basic  oidcc-broken", "oidcc-broken: FAILURE CheckIt: it was wrong", "3 modules: 2 passed 1 failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if f.config["alias"] != alias || f.config["server"].(map[string]any)["discoveryUrl"] != "https://op.test/.well-known/openid-configuration" || len(f.config["browser"].([]any)) != 2 {
		t.Errorf("%v", f.config)
	}
}

// The pages that the suite's browser fills in have what its configuration names.
func TestBrowserKnowsOurPages(t *testing.T) {
	pages := ""
	for _, name := range []string{"sign-in", "consent", "sign-out"} {
		raw, err := os.ReadFile("../../templates/pages/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		pages += string(raw)
	}
	found := regexp.MustCompile(`\["(?:text|click)","id","([a-z-]+)"`).FindAllStringSubmatch(asJSON(provider{issuer: "https://op.test"}.config()), -1)
	for _, id := range found {
		if !strings.Contains(pages, `id="`+id[1]+`"`) {
			t.Errorf("no page has the id %s", id[1])
		}
	}
	if len(found) < 5 {
		t.Errorf("found %d only", len(found))
	}
}
