//go:build calibration

package server_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pratu/flows/clients"
	"pratu/storage/storagetest"
)

// TestCalibration holds our modules against a provider that is certified: make calibrate. What only ours promises isn't asked.
func TestCalibration(t *testing.T) {
	w := newWorld(t, storagetest.SQLite(t))
	w.populate()
	w.wall, w.foreign = true, true
	s := newSite(w)
	w.handler = calibrator(t, os.Getenv("PRATU_TEST_CALIBRATION"))
	for _, responseType := range clients.ResponseTypes() {
		module := func(name string, run func(c *conf)) {
			if name == "oidcc-codereuse-30seconds" || !fits(name, responseType) {
				return
			}
			t.Run(strings.ReplaceAll(responseType, " ", "_")+"/"+name, func(t *testing.T) {
				w.t = t
				run(&conf{site: s, client: "conf1", secret: s1, auth: clients.AuthBasic, responseType: responseType})
			})
		}
		basicModules(module)
		promptModules(module)
		tokenModules(module)
	}
}

// calibrator is that provider.
func calibrator(t *testing.T, modules string) http.Handler {
	t.Helper()
	var list []map[string]any
	for id, method := range map[string]string{"conf1": clients.AuthBasic, "conf2": clients.AuthBasic, "confpost": clients.AuthPost} {
		list = append(list, map[string]any{
			"client_id": id, "client_secret": s1, "redirect_uris": []string{suite}, "token_endpoint_auth_method": method,
			"response_types": clients.ResponseTypes(), "grant_types": []string{"authorization_code", "implicit", "refresh_token"},
		})
	}
	raw, err := json.Marshal(list)
	must(t, err)
	cmd := exec.Command("node", "testdata/oidc-provider.mjs", modules, string(raw))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	var port string
	for lines := bufio.NewScanner(stdout); port == "" && lines.Scan(); port = strings.TrimSpace(lines.Text()) {
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: "127.0.0.1:" + port})
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}}
}
