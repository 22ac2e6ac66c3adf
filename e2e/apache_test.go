package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	apacheBinary = "/usr/sbin/apache2"
	apacheModule = "/usr/lib/apache2/modules/mod_auth_openidc.so"
)

// apacheConfig is a site with one page behind mod_auth_openidc: directory, port, issuer, secret.
const apacheConfig = `
ServerRoot %[1]s
PidFile pid
ErrorLog %[1]s/log
LogLevel warn
Listen 127.0.0.1:%[2]d
ServerName localhost
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_openidc_module ` + apacheModule + `
DocumentRoot %[1]s/site
OIDCProviderMetadataURL %[3]s/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret %[4]s
OIDCRedirectURI http://localhost:%[2]d/inside/callback
OIDCCryptoPassphrase long-enough-for-a-test
OIDCScope "openid email"
OIDCPKCEMethod S256
<Location /inside>
  AuthType openid-connect
  Require valid-user
</Location>
`

// startApache serves that site until the test ends.
func startApache(t *testing.T, p *program) (site string) {
	t.Helper()
	for _, file := range []string{apacheBinary, apacheModule} {
		if _, err := os.Stat(file); err != nil {
			missing(t, "libapache2-mod-auth-openidc")
		}
	}
	dir, err := os.MkdirTemp("/tmp", "pratu-apache") // www-data has to get in, which it can't below a private TMPDIR
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := freePorts(t, 1)[0]
	site = fmt.Sprintf("http://localhost:%d", port)
	secret := p.client(map[string]any{
		"client_id": "apache", "kind": "web", "client_name": "Apache", "settings": map[string]any{"first_party": true},
		"redirect_uris": []string{site + "/inside/callback"}, "post_logout_redirect_uris": []string{site + "/bye"},
		"backchannel_logout_uri": site + "/inside/callback?logout=backchannel", "backchannel_logout_session_required": true,
	})
	for name, content := range map[string]string{
		"site/inside/index.html": "the inside", "site/bye": "bye", "apache.conf": fmt.Sprintf(apacheConfig, dir, port, p.Issuer, secret),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(apacheBinary, "-f", filepath.Join(dir, "apache.conf"), "-DFOREGROUND")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if raw, _ := os.ReadFile(filepath.Join(dir, "log")); t.Failed() {
			t.Logf("Apache's log:\n%s", tail(string(raw), 6000))
		}
	})
	eventually(t, "Apache doesn't listen", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(site, "http://"))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return site
}

// TestApache signs in by mod_auth_openidc, which then hears of a sign-out elsewhere by the back channel, and has one of its
// own.
func TestApache(t *testing.T) {
	p := startDev(t)
	p.account("mali@example.com")
	site := startApache(t, p)
	a := newAgent(t)
	inside := func() bool { t.Helper(); a.get(site + "/inside/index.html"); return a.body == "the inside" }
	enter := func() {
		t.Helper()
		if inside() {
			t.Fatal("nobody has to sign in")
		}
		a.submit("sign-in", map[string]string{"username": "mali@example.com", "password": password})
		if a.body != "the inside" || !inside() {
			t.Fatalf("at %s: %d %s", a.at, a.code, a.body)
		}
	}
	enter()
	a.get(p.Issuer + "/sign-out")
	a.submit("sign-out", a.button("sign-out-confirm"))
	eventually(t, "Apache never heard of it", func() bool { return !inside() })

	enter()
	a.get(site + "/inside/callback?logout=" + site + "/bye")
	if a.body != "bye" {
		t.Errorf("signed out at %s: %s", a.at, a.body)
	}
	a.get(p.Issuer + "/account")
	if a.at.Path != "/login" {
		t.Errorf("still signed in at %s", a.at)
	}
}
