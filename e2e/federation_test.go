package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The way a newcomer tries first, without any key and without a network: the button, the pretend provider, and the shop.
func TestDemoElsewhere(t *testing.T) {
	p := startDev(t)
	for name, off := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.scriptless(off)
			b.open(p.Demo)
			b.click(`#sign-in`)
			b.at(p.Issuer + "/login")
			b.click(`#door-demo button`)
			b.at(p.Demo + "/elsewhere/authorize")
			b.click(`button[value="1"]`)
			if off { // the first time only
				b.at(p.Demo + "/")
			} else {
				b.at(p.Issuer + "/consent")
				b.click(`#consent-allow`)
				b.at(p.Demo + "/")
			}
			b.claims("somchai@elsewhere.example")
		})
	}
}

const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

// startUpstreams runs pratu with connectors to providers that nobody here wrote, but for those that nobody fakes.
func startUpstreams(t *testing.T) *program {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node")
	}
	if _, err := os.Stat("node_modules/emulate"); err != nil {
		missing(t, "emulate (npm ci in e2e)")
	}
	ports := freePorts(t, 5)
	hosts := map[string]int{"accounts.google.com": ports[0], "login.microsoftonline.com": ports[1], "appleid.apple.com": ports[2], "corp.b2clogin.com": ports[4]}
	var pairs []string
	for host, port := range hosts {
		pairs = append(pairs, fmt.Sprintf("%s=http://127.0.0.1:%d", host, port))
	}
	others := unfaked(t)
	for _, host := range []string{"www.facebook.com", "graph.facebook.com", "access.line.me", "api.line.me"} {
		pairs = append(pairs, host+"="+others.URL)
	}
	p := startDev(t, "PRATU_UPSTREAM_HOSTS="+strings.Join(pairs, ","))
	told, err := json.Marshal(map[string]any{
		"issuer": p.Issuer, "google": ports[0], "microsoft": ports[1], "apple": ports[2], "oidc": ports[3], "b2c": ports[4], "tenant": tenant,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "upstreams/upstreams.mjs", string(told))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(stdout); ; {
		if !lines.Scan() {
			t.Fatalf("the upstreams ended: %v", lines.Err())
		}
		if lines.Text() == "ready" {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p.run("google-secret", "connector", "create", "--kind", "google", "--client-id", "at-google", "--secret-stdin")
	p.run("microsoft-secret", "connector", "create", "--kind", "azuread", "--client-id", "at-microsoft", "--secret-stdin", "--set", "tenants="+tenant)
	p.run(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"connector", "create", "--kind", "apple", "--client-id", "com.example.web", "--secret-stdin", "--set", "team=TEAM123456", "--set", "key=KEY1234567")
	p.run("b2c-secret", "connector", "create", "--kind", "b2c", "--client-id", "at-b2c", "--secret-stdin", "--set", "policies=B2C_1_in",
		"--set", "issuer=https://corp.b2clogin.com/"+tenant+"/v2.0/", "--set", "authority=https://corp.b2clogin.com/corp.onmicrosoft.com")
	p.run("facebook-secret", "connector", "create", "--kind", "facebook", "--client-id", "4711", "--secret-stdin")
	p.run("line-secret", "connector", "create", "--kind", "line", "--client-id", "1234567890", "--secret-stdin")
	p.run("oidc-secret", "connector", "create", "--kind", "oidc", "--id", "corp", "--name", "Corp", "--client-id", "pratu", "--secret-stdin",
		"--set", fmt.Sprintf("issuer=http://localhost:%d", ports[3]), "--set", "trusted_domains=corp.example")
	return p
}

// From the shop's button through each provider's own pages and back to the shop.
func TestUpstreams(t *testing.T) {
	p := startUpstreams(t)
	typed := func(b *tab) { // oidc-provider's pages
		b.fill(`[name=login]`, "malee")
		b.fill(`[name=password]`, "anything")
		b.click(`[type=submit]`)
		b.click(`[type=submit]`) // its consent
	}
	for _, c := range []struct {
		door, says string
		there      func(b *tab)
	}{
		{"google", "malee@gmail.com", func(b *tab) { b.click(`form:has([value="malee@gmail.com"]) button`) }},
		{"azuread", "Malee Corp", func(b *tab) { b.click(`form:has([value="malee@corp.example"]) button`) }},
		{"apple", "malee@icloud.com", func(b *tab) { b.click(`form:has([value="malee@icloud.com"]) button`) }},
		{"facebook", "Malee Friend", func(b *tab) { b.click(`#go-on`) }},
		{"line", "Malee Line", func(b *tab) { b.click(`#go-on`) }},
		{"b2c", "Customer malee", typed},
		{"corp", "malee@corp.example", typed},
	} {
		t.Run(c.door, func(t *testing.T) {
			b := newTab(t)
			b.open(p.Demo)
			b.click(`#sign-in`)
			b.click(`#door-` + c.door + ` button`)
			c.there(b)
			b.do("come back", chromedp.WaitVisible(chromedp.CSS(`#consent-allow`))) // Apple's page posts itself
			b.at(p.Issuer + "/consent")
			b.click(`#consent-allow`)
			b.at(p.Demo + "/")
			if info := b.text(`#userinfo-claims`); !strings.Contains(info, c.says) {
				t.Errorf("userinfo lacks %s: %s", c.says, info)
			}
		})
	}
}
