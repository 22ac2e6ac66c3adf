package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/issuer"
)

// Bounds of what doctor calls healthy.
const (
	clockSkew    = 5 * time.Second
	oldKey       = 180 * 24 * time.Hour
	doctorBudget = 5 * time.Second // for each question over the network
)

// finding is one line of the doctor's report.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"` // ok, warning, failed
	Detail string `json:"detail"`
}

type findings []finding

func (fs *findings) ok(check, format string, args ...any) {
	*fs = append(*fs, finding{check, "ok", fmt.Sprintf(format, args...)})
}

func (fs *findings) warn(check, format string, args ...any) {
	*fs = append(*fs, finding{check, "warning", fmt.Sprintf(format, args...)})
}

func (fs *findings) fail(check, format string, args ...any) {
	*fs = append(*fs, finding{check, "failed", scrub(fmt.Sprintf(format, args...))})
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Look at a running installation and say what is wrong with it", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var fs findings
			c, ps := a.loadExisting(cmd)
			for _, p := range ps {
				fs.fail("configuration", "%s", p)
			}
			if len(ps) == 0 {
				fs.ok("configuration", "valid")
				doctorIssuer(cmd.Context(), c, &fs)
				doctorProxy(c, &fs)
				doctorNetworks(c, &fs)
				doctorMail(cmd.Context(), c, &fs)
				a.doctorData(cmd, &fs)
			}
			rows, failed := [][]string{}, 0
			for _, f := range fs {
				rows = append(rows, []string{f.State, f.Check, f.Detail})
				if f.State == "failed" {
					failed++
				}
			}
			if err := a.print.list(fs, []string{"state", "check", "detail"}, rows); err != nil {
				return err
			}
			if failed > 0 {
				return fmt.Errorf("%d of %d checks failed", failed, len(fs))
			}
			return nil
		},
	}
}

// doctorIssuer asks the issuer as an application would: is it reachable, is it us, does the proxy keep the Host?
func doctorIssuer(ctx context.Context, c *Config, fs *findings) {
	ctx, cancel := context.WithTimeout(ctx, doctorBudget)
	defer cancel()
	discovery := c.issuer.URL(issuer.PathDiscovery)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, discovery, nil)
	if err != nil {
		fs.fail("issuer", "%v", err)
		return
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		fs.fail("issuer", "%s can't be reached from here (%v): is pratu serve running, do DNS, proxy and certificate fit?", discovery, err)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxInput))
	switch {
	case res.StatusCode == http.StatusMisdirectedRequest:
		fs.fail("proxy", "the server sees another Host than the issuer's: let the proxy keep the Host header (proxy_set_header Host $host)")
		return
	case res.StatusCode >= 300 && res.StatusCode < 400:
		fs.fail("issuer", "%s redirects to %s: set the issuer to the final address", discovery, res.Header.Get("Location"))
		return
	case res.StatusCode != http.StatusOK:
		fs.fail("issuer", "%s answers %d: does the proxy forward all paths?", discovery, res.StatusCode)
		return
	}
	var meta struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	switch err := json.Unmarshal(body, &meta); {
	case err != nil:
		fs.fail("discovery", "%s is no JSON: does another program answer there?", discovery)
	case meta.Issuer != c.issuer.String():
		fs.fail("discovery", "the server calls itself %s, this configuration says %s: give both the same issuer", meta.Issuer, c.issuer)
	default:
		fs.ok("issuer", "%s is reachable", c.issuer)
		fs.ok("discovery", "consistent")
	}
	doctorClock(fs, "clock of the server", res.Header.Get("Date"), time.Now())
}

// doctorProxy looks for a proxy that nobody trusts: then everybody has its address, and shares its budget of failures.
func doctorProxy(c *Config, fs *findings) {
	switch {
	case !c.issuer.Secure() || c.TLSCert != "":
		fs.ok("proxy headers", "not needed: no proxy ends TLS for this server")
	case len(c.TrustedProxies) == 0:
		fs.warn("proxy headers", "a proxy ends TLS and none is trusted, so all people share its address and its limits: set PRATU_TRUSTED_PROXIES to the proxy's network")
	default:
		fs.ok("proxy headers", "X-Forwarded-For is believed from %s", strings.Join(c.TrustedProxies, ", "))
	}
}

func doctorClock(fs *findings, check, date string, now time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	if skew := now.Sub(at); skew > clockSkew+time.Second || skew < -clockSkew-time.Second {
		fs.warn(check, "differs by %s from this machine's: run NTP on both", skew.Round(time.Second))
	}
}

// doctorMail only looks whether somebody answers; it sends nothing.
func doctorMail(ctx context.Context, c *Config, fs *findings) {
	u, err := url.Parse(c.Mail)
	if err != nil || !strings.HasPrefix(u.Scheme, "smtp") {
		kind, _, _ := strings.Cut(c.Mail, ":")
		if c.local() {
			fs.ok("mail", "%s, as fits a localhost issuer", kind)
		} else {
			fs.warn("mail", "%s: people receive nothing; set PRATU_MAIL=smtp://…", kind)
		}
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	}
	addr := net.JoinHostPort(u.Hostname(), port)
	conn, err := (&net.Dialer{Timeout: doctorBudget}).DialContext(ctx, "tcp", addr)
	if err != nil {
		fs.fail("mail", "%s can't be reached (%v): correct PRATU_MAIL or the firewall", addr, err)
		return
	}
	_ = conn.Close()
	fs.ok("mail", "%s answers", addr)
}

// doctorData looks into the database: clock, schema, keys, the outbox, redirect URIs over plain http.
func (a *app) doctorData(cmd *cobra.Command, fs *findings) {
	err := a.withStore(cmd, func(t *tools) error {
		fs.ok("database", "%s answers", t.store.Engine())
		if now, err := t.store.Clock(t.ctx); err == nil {
			if skew := t.now().Sub(now).Abs(); skew > clockSkew {
				fs.fail("clock", "differs by %s from the database's: run NTP on both", skew.Round(time.Millisecond))
			} else {
				fs.ok("clock", "within %s of the database's", clockSkew)
			}
		}
		current, latest, err := t.store.MigrationStatus(t.ctx)
		switch {
		case err != nil:
			return newerSchema(err)
		case current < latest:
			fs.fail("schema", "version %d, the program knows %d: run pratu migrate up", current, latest)
			return nil
		}
		fs.ok("schema", "version %d", current)
		return errors.Join(a.doctorKeys(t, fs), doctorOutbox(t, fs), doctorClients(t, fs))
	})
	if err != nil {
		fs.fail("database", "%v", err)
	}
}

func doctorOutbox(t *tools, fs *findings) error {
	due, parked, err := t.store.OutboxCounts(t.ctx)
	switch {
	case err != nil:
		return err
	case parked > 0:
		fs.warn("outbox", "given up: %d; pratu outbox list shows what and why", parked)
	case due > 100:
		fs.warn("outbox", "waiting: %d; is the mail server slow?", due)
	default:
		fs.ok("outbox", "waiting: %d", due)
	}
	return nil
}

func doctorClients(t *tools, fs *findings) error {
	const page = 500
	plainHTTP, total := []string{}, 0
	for after := ""; ; {
		batch, err := t.clients.List(t.ctx, after, page)
		if err != nil {
			return err
		}
		for _, c := range batch {
			after = c.ID
			total++
			for _, uri := range c.Metadata.RedirectURIs {
				if strings.HasPrefix(uri, "http://") && c.Kind != "native" && !t.cfg.local() {
					plainHTTP = append(plainHTTP, c.ID)
					break
				}
			}
		}
		if len(batch) < page {
			break
		}
	}
	if len(plainHTTP) > 0 {
		fs.warn("redirect URIs", "clients with plain http on localhost, fit for development only: %s", strings.Join(plainHTTP, ", "))
	} else {
		fs.ok("redirect URIs", "%d clients", total)
	}
	return nil
}
