package cli

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/limits"
	"pratu/flows/passkeys"
	"pratu/flows/social"
)

const (
	keyBytes      = 32
	secretKeyFile = "secret.key"
	databaseFile  = "pratu.db"
	minRetention  = 48 * time.Hour
)

// check resolves the texts and returns every reason why they can't work together. It opens nothing but the data
// directory, and makes that and the secret key where they are missing, unless the run is dry.
func (c *Config) check() problems {
	var ps problems
	c.checkIssuer(&ps)
	c.checkRPID(&ps)
	c.checkListeners(&ps)
	c.checkProxies(&ps)
	c.checkOutbound(&ps)
	c.checkTLS(&ps)
	c.checkDatabase(&ps)
	c.checkMail(&ps)
	c.checkSMS(&ps)
	c.checkMisc(&ps)
	c.checkIdentity(&ps)
	if c.needsDataDir() {
		c.checkDataDir(&ps)
	}
	c.checkSecretKey(&ps, len(ps) == 0)
	return ps
}

func (c *Config) local() bool { return c.issuer.Local() }

func (c *Config) checkIssuer(ps *problems) {
	i, err := issuer.New(c.Issuer)
	switch {
	case errors.Is(err, issuer.ErrInsecure):
		ps.add("issuer %s uses plain http and is not localhost: give an https issuer with PRATU_TLS_CERT and PRATU_TLS_KEY, "+
			"or an https issuer behind a reverse proxy, or try it out on http://localhost:8080", c.Issuer)
	case err != nil:
		ps.add("issuer %q: %v", c.Issuer, err)
	}
	c.issuer = i
}

func (c *Config) checkRPID(ps *problems) {
	if c.issuer == (issuer.Issuer{}) { // said already
		return
	}
	if _, err := passkeys.RPID(c.issuer, c.RPID); err != nil {
		ps.add("rp_id %q: %v", c.RPID, err)
	}
}

func (c *Config) checkListeners(ps *problems) {
	for _, l := range []struct{ name, addr string }{{"listen", c.Listen}, {"ops_listen", c.OpsListen}} {
		if l.name == "ops_listen" && l.addr == "off" {
			continue
		}
		if !addressed(l.addr) {
			ps.add("%s %q is not an address: write host:port, such as 127.0.0.1:8080 or :8080", l.name, l.addr)
		}
	}
}

func addressed(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && port != ""
}

func (c *Config) checkTLS(ps *problems) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		ps.add("only one of tls_cert and tls_key is set: set both, or neither behind a reverse proxy")
	}
	readable := c.TLSCert != "" && c.TLSKey != ""
	for _, file := range []struct{ name, path string }{{"tls_cert", c.TLSCert}, {"tls_key", c.TLSKey}} {
		if file.path == "" {
			continue
		}
		if f, err := os.Open(file.path); err != nil {
			ps.add("%s %s can't be read (%v): correct the path or its permissions", file.name, file.path, reason(err))
			readable = false
		} else {
			_ = f.Close()
		}
	}
	if readable {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			ps.add("tls_cert %s and tls_key %s are no certificate and its key (%v): name two PEM files that belong together", c.TLSCert, c.TLSKey, err)
		}
	}
	if c.TLSCert != "" && strings.HasPrefix(c.Issuer, "http://") {
		ps.add("tls_cert is set but the issuer is %s: write the issuer with https", c.Issuer)
	}
}

// weakPasswords stand in examples everywhere.
var weakPasswords = []string{"", "pratu", "postgres", "password", "changeme", "secret", "admin", "root", "test", "example", "demo", "default"}

func (c *Config) checkDatabase(ps *problems) {
	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite:" + filepath.Join(c.DataDir, databaseFile)
	}
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		if path == "" {
			ps.add("database_url names no file: write sqlite:PATH")
		}
		return
	}
	u, err := url.Parse(c.DatabaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		ps.add("database_url is neither sqlite:PATH nor postgres://user:password@host/name: correct it") // never shown, it holds a password
		return
	}
	if password, set := u.User.Password(); set && !c.local() && slices.Contains(weakPasswords, strings.ToLower(password)) {
		ps.add("the database password is one that everybody knows: set another one, e.g. in a file named by PRATU_DATABASE_URL_FILE")
	}
}

func (c *Config) checkSMS(ps *problems) {
	if c.SMS == "" && c.local() {
		c.SMS = "file:" + filepath.Join(c.DataDir, "sms")
	}
	u, err := url.Parse(c.SMS)
	switch {
	case c.SMS == "", strings.HasPrefix(c.SMS, "file:") && len(c.SMS) > len("file:"):
	case c.SMS == "log" && !c.local():
		ps.add("sms=log would write codes into the log: set PRATU_SMS=https://…; log is for a localhost issuer")
	case c.SMS == "log":
	case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && c.local()):
		ps.add("sms is none of file:DIR, https://… and log: correct PRATU_SMS")
	}
}

func (c *Config) checkMail(ps *problems) {
	if c.Mail == "" && c.local() {
		c.Mail = "file:" + filepath.Join(c.DataDir, "mail")
	}
	u, err := url.Parse(c.Mail)
	switch {
	case c.Mail == "" && slices.Contains(c.unread, "mail"):
	case c.Mail == "":
		ps.add("mail is not set, and sign-up mails a code: set PRATU_MAIL to smtp://host:587, with user:password@ before the host where it asks for them")
	case c.Mail == "log" && !c.local():
		ps.add("mail=log would write codes into the log: set PRATU_MAIL=smtp://…; log is for a localhost issuer")
	case c.Mail == "log", strings.HasPrefix(c.Mail, "file:") && len(c.Mail) > len("file:"):
	case err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "":
		ps.add("mail is none of file:DIR, smtp://host:port, smtps://host:port and log: correct PRATU_MAIL")
	}
	if c.MailFrom == "" {
		host := c.issuer.Host()
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		c.MailFrom = "Pratu <no-reply@" + host + ">"
	}
}

func (c *Config) checkMisc(ps *problems) {
	c.limits = map[string]limits.Override{}
	for _, text := range c.Limits {
		policy, o, err := limits.ParseOverride(text)
		if err != nil {
			ps.add("limits: %v", err)
			continue
		}
		c.limits[policy] = o
	}
	if c.KeyRotation != 0 && c.KeyRotation < 2*keys.AheadScheduled {
		ps.add("key_rotation: %s is too often: a new key is published a day ahead; give at least %s, or 0", c.KeyRotation, 2*keys.AheadScheduled)
	}
	if c.AuditRetention < minRetention {
		ps.add("audit_retention: %s is too short to look into anything: give at least %s", c.AuditRetention, minRetention)
	}
	if c.Drain == unset {
		c.Drain = 2 * time.Second
		if c.local() {
			c.Drain = 0
		}
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		ps.add("log_level %q: one of debug, info, warn, error", c.LogLevel)
	}
	if !slices.Contains([]string{"auto", "json", "text"}, c.LogFormat) {
		ps.add("log_format %q: one of auto, json, text", c.LogFormat)
	}
	if !slices.Contains(clients.Guards(), c.Registration) {
		ps.add("registration %q: one of %s", c.Registration, strings.Join(clients.Guards(), ", "))
	}
	var err error
	if c.hosts, err = social.ParseHosts(c.UpstreamHosts); err != nil {
		ps.add("upstream_hosts: %v", err)
	}
	if c.ExposeVerificationSecret && !c.local() {
		ps.add("expose_verification_secret lets anybody verify anybody's address: it is for a localhost issuer, unset it")
	}
	if c.UpstreamHosts != "" && !c.local() {
		ps.add("upstream_hosts points sign-in providers elsewhere: it is allowed with a localhost issuer only, unset it")
	}
}

// needsDataDir: a replica on PostgreSQL with its key from configuration writes no file.
func (c *Config) needsDataDir() bool {
	inside := func(path string) bool {
		rel, err := filepath.Rel(c.DataDir, path)
		return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
	}
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok && inside(path) {
		return true
	}
	for _, destination := range []string{c.Mail, c.SMS} {
		if path, ok := strings.CutPrefix(destination, "file:"); ok && inside(path) {
			return true
		}
	}
	return c.SecretKey == "" && c.local()
}

func (c *Config) checkDataDir(ps *problems) {
	place := c.DataDir
	if c.dry {
		place = nearest(place)
	} else if err := os.MkdirAll(place, 0o700); err != nil {
		ps.add("data directory: %v: create it, or set PRATU_DATA_DIR to one that user %d may write", err, os.Getuid())
		return
	}
	probe, err := os.CreateTemp(place, ".writable-*")
	if err != nil {
		ps.add("data directory %s can't be written (%v): give it to user %d, or set PRATU_DATA_DIR", c.DataDir, reason(err), os.Getuid())
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
}

// nearest is dir, or the directory above in which it would be made.
func nearest(dir string) string {
	for above := filepath.Dir(dir); above != dir; above = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dir = above
	}
	return dir
}

// reason strips the path that the message already has.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// checkSecretKey decodes the keys; with a localhost issuer a missing one is made when nothing else is wrong.
func (c *Config) checkSecretKey(ps *problems, mayCreate bool) {
	switch {
	case c.SecretKey == "" && slices.Contains(c.unread, "secret_key"):
	case c.SecretKey == "" && !c.local():
		ps.add("secret_key is not set: run `openssl rand -base64 32` and give its output as PRATU_SECRET_KEY or in PRATU_SECRET_KEY_FILE")
	case c.SecretKey == "" && mayCreate:
		text, err := c.localKey()
		if err != nil {
			ps.add("secret key in the data directory: %v", err)
			return
		}
		c.SecretKey = text
	}
	if c.SecretKey != "" {
		key, err := decodeKey(c.SecretKey)
		if err != nil {
			ps.add("secret_key %v: run `openssl rand -base64 32` and use its output", err)
		}
		c.key = key
	}
	for _, text := range strings.FieldsFunc(c.SecretKeyPrevious, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		key, err := decodeKey(text)
		if err != nil {
			ps.add("secret_key_previous %v: give the earlier value of secret_key", err)
		}
		c.older = append(c.older, key)
	}
}

// decodeKey refuses what no random generator made. It never repeats the key.
func decodeKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	var raw []byte
	err := errors.New("empty")
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if raw, err = e.DecodeString(text); err == nil {
			break
		}
	}
	if err != nil {
		return nil, errors.New("is not base64")
	}
	if len(raw) != keyBytes {
		return nil, fmt.Errorf("has %d bytes instead of %d", len(raw), keyBytes)
	}
	distinct, printable := map[byte]bool{}, 0
	for _, b := range raw {
		distinct[b] = true
		if b >= 0x20 && b < 0x7f {
			printable++
		}
	}
	if len(distinct) < 16 || printable == keyBytes {
		return nil, errors.New("is not random")
	}
	return raw, nil
}
