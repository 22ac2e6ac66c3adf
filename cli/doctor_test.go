package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// diagnose runs the doctor and returns what it found, by check.
func diagnose(t *testing.T, environ ...string) (states map[string]finding, code int) {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	environ = append(environ, "PRATU_DATA_DIR="+t.TempDir(), "PRATU_SECRET_KEY="+base64.StdEncoding.EncodeToString(key))
	var out, log bytes.Buffer
	code = Run(t.Context(), []string{"pratu", "doctor", "-o", "json"}, environ, strings.NewReader(""), &out, &log)
	var list []finding
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatalf("%v: %s %s", err, out.String(), log.String())
	}
	states = map[string]finding{}
	for _, f := range list {
		f.Detail += " " + states[f.Check].Detail // a check may find several things
		states[f.Check] = f
	}
	return states, code
}

func TestDoctorSeesWhatIsWrong(t *testing.T) {
	somebody := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"issuer":"http://localhost:1"}`))
	}))
	t.Cleanup(somebody.Close)
	port := somebody.URL[strings.LastIndex(somebody.URL, ":"):]
	for name, c := range map[string]struct {
		environ []string
		check   string
		state   string
		words   string
	}{
		"nobody answers":   {[]string{"PRATU_ISSUER=http://localhost:1"}, "issuer", "failed", "can't be reached"},
		"somebody else":    {[]string{"PRATU_ISSUER=http://localhost" + port}, "discovery", "failed", "calls itself http://localhost:1"},
		"no such setting":  {[]string{"PRATU_ISSUER=http://id.example.com"}, "configuration", "failed", "plain http"},
		"no mail":          {[]string{"PRATU_ISSUER=https://id.example.com"}, "configuration", "failed", "set PRATU_MAIL to smtp://host:587, with user:password@"},
		"a password in it": {[]string{"PRATU_ISSUER=ftp://pratu:c4n4ry@id.example.com"}, "configuration", "failed", "pratu:[redacted]@"},
		"untrusted proxy":  {[]string{"PRATU_ISSUER=https://localhost:1", "PRATU_MAIL=file:" + t.TempDir()}, "proxy headers", "warning", "PRATU_TRUSTED_PROXIES"},
		"public only":      {[]string{"PRATU_ISSUER=http://localhost:1"}, "outbound networks", "ok", "only public"},
		"private as well":  {[]string{"PRATU_ISSUER=http://localhost:1", "PRATU_OUTBOUND_NETWORKS=10.0.0.0/8"}, "outbound networks", "ok", "10.0.0.0/8"},
		"metadata":         {[]string{"PRATU_ISSUER=http://localhost:1", "PRATU_OUTBOUND_NETWORKS=169.254.0.0/16"}, "outbound networks", "warning", "metadata"},
		"trusted proxy":    {[]string{"PRATU_ISSUER=https://localhost:1", "PRATU_MAIL=file:" + t.TempDir(), "PRATU_TRUSTED_PROXIES=10.0.0.0/8"}, "proxy headers", "ok", "10.0.0.0/8"},
	} {
		states, code := diagnose(t, c.environ...)
		if got := states[c.check]; got.State != c.state || !strings.Contains(got.Detail, c.words) || code == 0 {
			t.Errorf("%s: exit %d, %+v", name, code, states)
		}
	}
}
