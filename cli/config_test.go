package cli

import (
	"bytes"
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// goodKey is 32 bytes that look random enough; it is nobody's key.
var goodKey = base64.StdEncoding.EncodeToString([]byte("\x01\xf9\x23\xa8\x45\x67\x89\xab\xcd\xef\x10\x32\x54\x76\x98\xba\xdc\xfe\x02\x13\x24\x35\x46\x57\x68\x79\x8a\x9b\xac\xbd\xce\xdf"))

func load(t *testing.T, flags, env []string) (*Config, problems) {
	t.Helper()
	var c *Config
	var ps problems
	cmd := &cobra.Command{Use: "x", RunE: func(cmd *cobra.Command, _ []string) error {
		c, ps = loadConfig(cmd, env)
		return nil
	}}
	addFlags(cmd)
	cmd.SetArgs(flags)
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	return c, ps
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	file := write(t, "c.yaml", "issuer: https://yaml.test\nlisten: 127.0.0.1:1\ndrain: 7s\ntrusted_proxies:\n  - 10.0.0.0/8\n  - 192.168.0.1\n")
	c, ps := load(t, []string{"--config", file, "--issuer", "https://flag.test"},
		[]string{"PRATU_ISSUER=https://env.test", "PRATU_LISTEN=127.0.0.1:2", "HOME=/x"})
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	got := []string{c.Issuer, c.Listen, c.OpsListen, c.Drain.String(), strings.Join(c.TrustedProxies, " ")}
	want := []string{"https://flag.test", "127.0.0.1:2", "127.0.0.1:9090", "7s", "10.0.0.0/8 192.168.0.1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSecretFiles(t *testing.T) {
	key := write(t, "key", goodKey+"\n")
	c, ps := load(t, nil, []string{"PRATU_SECRET_KEY_FILE=" + key})
	if len(ps) > 0 || c.SecretKey != goodKey {
		t.Errorf("%v %q", ps, c.SecretKey)
	}
	if c, ps = load(t, []string{"--secret-key-file", key}, nil); len(ps) > 0 || c.SecretKey != goodKey {
		t.Errorf("flag: %v", ps)
	}
	empty := write(t, "empty", "\n")
	for name, c := range map[string]struct {
		flags, env []string
		want       string // what the person wrote is what the line names
	}{
		"both":         {nil, []string{"PRATU_SECRET_KEY=" + goodKey, "PRATU_SECRET_KEY_FILE=" + key}, "PRATU_SECRET_KEY and PRATU_SECRET_KEY_FILE are both set"},
		"missing":      {nil, []string{"PRATU_SECRET_KEY_FILE=/nope"}, "PRATU_SECRET_KEY_FILE /nope can't be read (no such file or directory)"},
		"missing flag": {[]string{"--secret-key-file", "/nope"}, nil, "--secret-key-file /nope can't be read (no such file or directory)"},
		"missing YAML": {[]string{"--config", write(t, "c.yaml", "mail_file: /nope\n")}, nil, "mail_file /nope can't be read (no such file or directory)"},
		"empty":        {nil, []string{"PRATU_SECRET_KEY_FILE=" + empty}, "PRATU_SECRET_KEY_FILE " + empty + " is empty"},
	} {
		if _, ps := load(t, c.flags, c.env); len(ps) != 1 || !strings.HasPrefix(ps[0], c.want) || strings.Contains(ps[0], goodKey) {
			t.Errorf("%s: %v", name, ps)
		}
	}
}

// F42: every wrong configuration is refused in one clear line, and all of them together.
func TestRefusals(t *testing.T) {
	ro := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(ro, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	prod := []string{"PRATU_ISSUER=https://id.test", "PRATU_MAIL=smtp://mail.test:587", "PRATU_SECRET_KEY=" + goodKey, "PRATU_DATABASE_URL=postgres://pratu:u8dk3@db/pratu"}
	for name, c := range map[string]struct {
		base []string
		env  []string
		want []string // a part of each line, in order
	}{
		"production is fine":    {prod, nil, nil},
		"plain http":            {prod, []string{"PRATU_ISSUER=http://id.test"}, []string{"issuer http://id.test uses plain http and is not localhost"}},
		"trailing slash":        {prod, []string{"PRATU_ISSUER=https://id.test/"}, []string{"issuer"}},
		"no secret key":         {prod, []string{"PRATU_SECRET_KEY="}, []string{"secret_key is not set"}},
		"unreadable files":      {prod, []string{"PRATU_SECRET_KEY=", "PRATU_SECRET_KEY_FILE=/nope", "PRATU_MAIL=", "PRATU_MAIL_FILE=/nope"}, []string{"PRATU_SECRET_KEY_FILE /nope", "PRATU_MAIL_FILE /nope"}},
		"no key in its stead":   {nil, []string{"PRATU_SECRET_KEY_FILE=/nope"}, []string{"PRATU_SECRET_KEY_FILE /nope"}},
		"short secret key":      {prod, []string{"PRATU_SECRET_KEY=c2VjcmV0"}, []string{"secret_key has 6 bytes instead of 32"}},
		"zero secret key":       {prod, []string{"PRATU_SECRET_KEY=" + base64.StdEncoding.EncodeToString(make([]byte, 32))}, []string{"secret_key is not random"}},
		"typed secret key":      {prod, []string{"PRATU_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("change-me-please-1234567890abcde"))}, []string{"secret_key is not random"}},
		"text secret key":       {prod, []string{"PRATU_SECRET_KEY=changeme!"}, []string{"secret_key is not base64"}},
		"weak previous key":     {prod, []string{"PRATU_SECRET_KEY_PREVIOUS=" + goodKey + ",AAAA"}, []string{"secret_key_previous has 3 bytes"}},
		"default password":      {prod, []string{"PRATU_DATABASE_URL=postgres://pratu:pratu@db/pratu"}, []string{"the database password is one that everybody knows"}},
		"mail log":              {prod, []string{"PRATU_MAIL=log"}, []string{"mail=log"}},
		"no mail":               {prod, []string{"PRATU_MAIL="}, []string{"mail is not set"}},
		"odd mail":              {prod, []string{"PRATU_MAIL=sendmail"}, []string{"mail is none of"}},
		"odd database":          {prod, []string{"PRATU_DATABASE_URL=mysql://u:hunter2@db/x"}, []string{"database_url is neither"}},
		"everybody's proxy":     {prod, []string{"PRATU_TRUSTED_PROXIES=0.0.0.0/0"}, []string{"trusts everybody"}},
		"foreign rp_id":         {prod, []string{"PRATU_RP_ID=example.org"}, []string{"rp_id"}},
		"rp_id of everybody":    {prod, []string{"PRATU_RP_ID=com"}, []string{"rp_id"}},
		"odd proxy":             {prod, []string{"PRATU_TRUSTED_PROXIES=proxy"}, []string{"no address range"}},
		"called networks":       {prod, []string{"PRATU_OUTBOUND_NETWORKS=10.0.0.0/8,192.168.7.7,fd00:1::/32"}, nil},
		"odd networks":          {prod, []string{"PRATU_OUTBOUND_NETWORKS=10.0.0.1/8,10.0.0.0/33,intranet,::ffff:10.0.0.0/104,::ffff:10.0.0.1,fe80::1%eth0,0.0.0.0/0,::/0"}, []string{"write 10.0.0.0/8", "no address range", "no address range", "IPv4 in IPv6", "IPv4 in IPv6", "no address range", "opens everything", "opens everything"}},
		"half of TLS":           {prod, []string{"PRATU_TLS_CERT=" + ro}, []string{"only one of tls_cert and tls_key"}},
		"no TLS files":          {prod, []string{"PRATU_TLS_CERT=/nope", "PRATU_TLS_KEY=/no"}, []string{"tls_cert /nope can't be read (no such file or directory)", "tls_key /no can't be read"}},
		"TLS files of others":   {prod, []string{"PRATU_TLS_CERT=" + ro, "PRATU_TLS_KEY=" + ro}, []string{"tls_cert " + ro + " and tls_key " + ro + " are no certificate and its key"}},
		"odd listen":            {prod, []string{"PRATU_LISTEN=8080"}, []string{"listen \"8080\" is not an address"}},
		"upstream fakes":        {prod, []string{"PRATU_UPSTREAM_HOSTS=a=http://b"}, []string{"upstream_hosts"}},
		"odd bool":              {prod, []string{"PRATU_AUTO_MIGRATE=yes"}, []string{"auto_migrate"}},
		"odd values, said once": {prod, []string{"PRATU_AUDIT_RETENTION=-1h", "PRATU_DATABASE_MAX_CONNS=-3"}, []string{"database_max_conns from environment: is a number from 0 on", "audit_retention from environment: is a duration such as 5s, from 0 on"}},
		"unknown variable":      {prod, []string{"PRATU_ISUER=x"}, []string{"unknown environment variable PRATU_ISUER, did you mean PRATU_ISSUER?"}},
		"kubernetes and tests":  {prod, []string{"PRATU_PORT=tcp://10.0.0.1:80", "PRATU_PORT_8080_TCP_ADDR=10.0.0.1", "PRATU_SERVICE_HOST=10.0.0.1", "PRATU_TEST_POSTGRES=x"}, nil},
		"data directory a file": {nil, []string{"PRATU_DATA_DIR=" + ro}, []string{"data directory"}},
		"all problems at once":  {nil, []string{"PRATU_ISSUER=http://id.test", "PRATU_MAIL=log", "PRATU_X=1", "PRATU_DATA_DIR=" + ro + "/x"}, []string{"unknown environment variable PRATU_X: correct", "issuer http://id.test", "mail=log", "data directory", "secret_key is not set"}},
	} {
		env := slices.Concat(c.base, c.env)
		if c.base == nil && !slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, "PRATU_DATA_DIR=") }) {
			env = append(env, "PRATU_DATA_DIR="+t.TempDir())
		}
		conf, ps := load(t, nil, env)
		ps = append(ps, conf.check()...)
		if len(ps) != len(c.want) {
			t.Errorf("%s: got %d problems, want %d:\n%v", name, len(ps), len(c.want), ps)
			continue
		}
		for i, part := range c.want {
			if !strings.Contains(ps[i], part) || strings.Contains(ps[i], "hunter2") || strings.Contains(ps[i], "\n") {
				t.Errorf("%s: line %d is %q, want a part %q", name, i, ps[i], part)
			}
		}
	}
}

func TestUnknownYAMLKey(t *testing.T) {
	file := write(t, "c.yaml", "isuer: https://a.test\nmail: {a: b}\n")
	_, ps := load(t, []string{"--config", file}, nil)
	if len(ps) != 2 || !strings.Contains(ps.Error(), "unknown key isuer in "+file+", line 1, did you mean issuer?") {
		t.Errorf("%v", ps)
	}
}

func TestGeneratedKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, secretKeyFile)
	keys := make(chan string, 8)
	for range cap(keys) {
		go func() {
			k, err := generatedKey(path)
			if err != nil {
				t.Error(err)
			}
			keys <- k
		}()
	}
	first := <-keys
	for range cap(keys) - 1 {
		if k := <-keys; k != first {
			t.Error("two processes made two keys")
		}
	}
	if _, err := decodeKey(first); err != nil {
		t.Error(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := generatedKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a readable key was taken: %v", err)
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := generatedKey(path); err == nil || !strings.Contains(err.Error(), "is empty: restore it") {
		t.Errorf("an empty key was taken: %v", err)
	}
}

// The tables of the documents are the program's.
func TestConfigurationTables(t *testing.T) {
	const begin, end = "<!-- configuration: a test compares this table with the program -->\n", "<!-- end of configuration -->"
	for _, name := range []string{"../README.md", "../docs/configuration.md"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, ok1 := strings.Cut(string(raw), begin)
		table, tail, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s: no table", name)
		}
		if table == ConfigTable() {
			continue
		}
		if os.Getenv("UPDATE_DOCS") != "" {
			head, _, _ := strings.Cut(string(raw), begin)
			if err := os.WriteFile(name, []byte(head+begin+ConfigTable()+end+tail), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s: the table differs from the program; run UPDATE_DOCS=1 go test ./cli -run ConfigurationTables", name)
	}
}

// What outbound_networks opens that is seldom meant is told, and only that.
func TestDelicateNetworks(t *testing.T) {
	for networks, want := range map[string]string{
		"": "", "10.0.0.0/8,fd00:1::/32": "", "127.0.0.1": "127.0.0.1/32 holds this machine", "::1": "this machine", "169.254.169.254": "metadata service",
		"169.254.0.0/16": "metadata service", "100.64.0.0/10": "metadata service", "fd00::/8": "metadata service", "fe80::/64": "link-local", "128.0.0.0/1": "metadata",
	} {
		c, ps := load(t, nil, []string{"PRATU_OUTBOUND_NETWORKS=" + networks})
		c.checkOutbound(&ps)
		var log bytes.Buffer
		warnNetworks(slog.New(slog.NewTextHandler(&log, nil)), c)
		if got := log.String(); len(ps) > 0 || (got != "") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %v %q, want %q", networks, ps, got, want)
		}
	}
	for _, setting := range []string{"PRATU_REGISTRATION=open", "PRATU_REGISTRATION=token", "PRATU_CLIENT_ID_METADATA=true"} {
		c, ps := load(t, nil, []string{setting, "PRATU_OUTBOUND_NETWORKS=10.0.0.0/8"})
		if c.checkOutbound(&ps); len(c.delicateNetworks()) != 1 {
			t.Errorf("%s: %v %v", setting, ps, c.delicateNetworks())
		}
	}
}

func TestPrintedDefaultsAreValid(t *testing.T) {
	file := write(t, "d.yaml", defaultsYAML())
	c, ps := load(t, []string{"--config", file}, nil)
	if len(ps) > 0 || c.Issuer != "http://localhost:8080" {
		t.Errorf("%v %+v", ps, c)
	}
}

// The compose files can't be run everywhere, but each of their variables is one that the program knows.
func TestComposeFiles(t *testing.T) {
	known := map[string]bool{}
	for _, o := range options() {
		known[o.env()] = true
		if o.secret {
			known[o.env()+"_FILE"] = true
		}
	}
	for _, name := range []string{"compose.yaml", "compose.prod.yaml"} {
		raw, err := os.ReadFile("../docker/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Services map[string]struct {
				Environment map[string]string `yaml:"environment"`
				ReadOnly    bool              `yaml:"read_only"`
				CapDrop     []string          `yaml:"cap_drop"`
				SecurityOpt []string          `yaml:"security_opt"`
				Secrets     []string          `yaml:"secrets"`
				Volumes     []string          `yaml:"volumes"`
				Networks    []string          `yaml:"networks"`
			} `yaml:"services"`
			Secrets  map[string]any `yaml:"secrets"`
			Volumes  map[string]any `yaml:"volumes"`
			Networks map[string]any `yaml:"networks"`
		}
		if err := yaml.Unmarshal(raw, &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for service, s := range doc.Services {
			if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
				t.Errorf("%s: %s isn't confined", name, service)
			}
			for _, secret := range s.Secrets {
				if _, ok := doc.Secrets[secret]; !ok {
					t.Errorf("%s: secret %s isn't declared", name, secret)
				}
			}
			for _, network := range s.Networks {
				if _, ok := doc.Networks[network]; !ok {
					t.Errorf("%s: network %s isn't declared", name, network)
				}
			}
			for _, volume := range s.Volumes {
				if from, _, _ := strings.Cut(volume, ":"); !strings.ContainsAny(from, "./") {
					if _, ok := doc.Volumes[from]; !ok {
						t.Errorf("%s: volume %s isn't declared", name, from)
					}
				}
			}
			for variable := range s.Environment {
				if strings.HasPrefix(variable, "PRATU_") && !known[variable] {
					t.Errorf("%s: %s has unknown variable %s", name, service, variable)
				}
			}
		}
	}
}

// What a gateway of texts gets may hold its password, as addresses may: the console says only that there is something.
func TestRunningSettingsHideSecrets(t *testing.T) {
	const canary = "canary-of-a-secret"
	c := &Config{DatabaseURL: canary, SecretKey: canary, SecretKeyPrevious: canary, Mail: canary, SMS: canary, SMSBody: canary, SMSAuthorization: canary}
	shown := 0
	for _, s := range c.runningSettings() {
		if strings.Contains(s.Value, canary) {
			t.Errorf("%s is shown", s.Name)
		}
		if s.Secret && s.Set {
			shown++
		}
	}
	if shown != 7 {
		t.Errorf("%d are said to be there", shown)
	}
}
