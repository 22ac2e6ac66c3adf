package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/cli/demo"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/secret"
)

const (
	demoClient    = "demo-web"
	demoConnector = "demo"
)

func (a *app) devCommand() *cobra.Command {
	var demoListen string
	cmd := &cobra.Command{
		Use: "dev", Short: "Try it out: provider and demo application on this machine, nothing to set up",
		Long: "Runs the provider and a demo relying party on loopback with the embedded database in ./pratu-data.\n" +
			"Only with a localhost issuer; mail is read at /dev/mail instead of being sent.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, ps := loadConfig(cmd, a.environ)
			ps = append(ps, c.check()...)
			checkDev(&ps, c, demoListen)
			return a.dev(cmd.Context(), c, ps, demoListen)
		},
	}
	cmd.Flags().StringVar(&demoListen, "demo-listen", "127.0.0.1:8090", "address of the demo relying party; off: none")
	return cmd
}

// checkDev keeps development mode, with its readable mails and its seeded client, away from everybody else.
func checkDev(ps *problems, c *Config, demoListen string) {
	if i, err := issuer.New(c.Issuer); err == nil && !i.Local() {
		ps.add("dev runs with a localhost issuer only, not %s: use pratu serve, or --issuer http://localhost:8080", c.Issuer)
	}
	for _, l := range []struct{ name, addr string }{{"listen", c.Listen}, {"demo-listen", demoListen}} {
		if l.addr != "off" && !loopbackAddr(l.addr) {
			ps.add("dev listens on loopback only, not %s: write --%s 127.0.0.1:PORT, or use pratu serve", l.addr, l.name)
		}
	}
}

func loopbackAddr(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

func (a *app) dev(ctx context.Context, c *Config, ps problems, demoListen string) error {
	var shop net.Listener
	if loopbackAddr(demoListen) { // others were reported, or there is no demo
		l, err := listen(ctx, "demo-listen", demoListen)
		if err != nil {
			ps.add("%v", err)
		} else {
			shop = l
			defer l.Close()
		}
	}
	var elsewhere *demo.Elsewhere
	if shop != nil && len(ps) == 0 {
		elsewhere = pretend(c, shop)
	}
	s, err := a.start(ctx, c, ps, true)
	if err != nil {
		return err
	}
	defer s.close()
	url := ""
	if shop != nil {
		_, port, _ := net.SplitHostPort(shop.Addr().String())
		url = "http://localhost:" + port
		if err := seedDemo(ctx, s.clients, url); err != nil {
			return err
		}
		provider, err := elsewhere.Handler()
		if err != nil {
			return err
		}
		s.proc.serve("demo-listen", shop, demo.Below(provider, demo.New(demo.Config{
			Issuer: c.issuer.String(), ClientID: demoClient, URL: url, Logger: s.log,
		})), "", "")
	}
	if err := a.banner(ctx, s, url); err != nil {
		return err
	}
	return s.proc.wait(ctx)
}

// pretend is a provider beside the demo application, and the connector to it, which lives as long as this process: no server
// that runs for others ever has it.
func pretend(c *Config, shop net.Listener) *demo.Elsewhere {
	_, port, _ := net.SplitHostPort(shop.Addr().String())
	e := &demo.Elsewhere{
		Issuer: "http://localhost:" + port + demo.Path, ClientID: "pratu", Secret: secret.Token(),
		RedirectURI: c.issuer.URL(issuer.PathFederation + "/" + demoConnector + "/callback"), Now: time.Now,
	}
	c.builtIn = []*connectors.Connector{{
		ID: demoConnector, Kind: connectors.KindOIDC, Name: "Elsewhere (demo)", ClientID: e.ClientID, Secret: e.Secret,
		Settings: connectors.Settings{Issuer: e.Issuer, TrustedDomains: []string{demo.Domain}},
	}}
	return e
}

// seedDemo registers the demo application, or follows it to another port.
func seedDemo(ctx context.Context, service *clients.Service, url string) error {
	want := clients.Metadata{
		ClientName: "Corner Shop", RedirectURIs: []string{url + "/callback"},
		PostLogoutRedirectURIs: []string{url + "/"}, ClientURI: url + "/", InitiateLoginURI: url + "/sign-in",
	}
	_, _, err := service.Create(ctx, clients.Document{ClientID: demoClient, Kind: clients.KindSPA, Metadata: want})
	if kind.Of(err) != kind.Exists {
		return err
	}
	c, err := service.Find(ctx, demoClient)
	if errors.Is(err, nil) && len(c.Metadata.RedirectURIs) > 0 && c.Metadata.RedirectURIs[0] == want.RedirectURIs[0] {
		return nil
	}
	_, err = service.Update(ctx, demoClient, func(d *clients.Document) error {
		d.RedirectURIs, d.PostLogoutRedirectURIs = want.RedirectURIs, want.PostLogoutRedirectURIs
		d.ClientURI, d.InitiateLoginURI = want.ClientURI, want.InitiateLoginURI
		return nil
	})
	if kind.Of(err) == kind.NotFound {
		return fmt.Errorf("the client %s was deleted and ids are not used again: start with another data directory, or with --demo-listen off", demoClient)
	}
	return err
}

// banner tells what runs where: for people on a terminal, as one JSON line elsewhere. The set-up link is printed only
// here, once a start, while no administrator exists.
func (a *app) banner(ctx context.Context, s *running, demoURL string) error {
	link, err := s.setupLink(ctx)
	if err != nil {
		return err
	}
	c, state := s.cfg, "existing"
	if len(s.created) > 0 {
		state = "new"
	}
	if !isTerminal(a.stdout) {
		return json.NewEncoder(a.stdout).Encode(ready{
			Event: "dev.ready", Issuer: c.issuer.String(), Discovery: c.issuer.URL(issuer.PathDiscovery),
			Account: c.issuer.URL(issuer.PathAccount), Mail: c.issuer.URL(issuer.PathDevMail), Demo: demoURL,
			DataDir: c.DataDir, Data: state, Setup: link, FirstAdminExists: link == "",
		})
	}
	admin := "first admin exists"
	if link != "" {
		admin = "open once within 60 min:  " + link
	}
	_, latest, err := s.store.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	lines := [][2]string{
		{"Issuer", c.issuer.String()},
		{"Discovery", c.issuer.URL(issuer.PathDiscovery)},
		{"Account", c.issuer.URL(issuer.PathAccount)},
		{"Data", fmt.Sprintf("%s in %s (%s), schema %d, signing keys %s", engineName(s), c.DataDir, state, latest,
			strings.Join(keys.Algorithms(), ", "))},
		{"First admin", admin},
		{"Mail", "not sent – read it at " + c.issuer.URL(issuer.PathDevMail)},
	}
	if demoURL != "" {
		lines = append(lines, [2]string{"Demo client", demoClient + " (public, PKCE)  redirect " + demoURL + "/callback"})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\npratu dev mode – not for production (issuer is %s)\n", c.issuer)
	for _, l := range lines {
		fmt.Fprintf(&b, "  %-12s%s\n", l[0], l[1])
	}
	next := demoURL
	if next == "" {
		next = c.issuer.URL(issuer.PathAccount)
	}
	fmt.Fprintf(&b, "Next:  open %s     Lost the link?  pratu admin login-link\n", next)
	_, err = fmt.Fprint(a.stdout, b.String())
	return err
}

// ready is the banner for programs: one JSON line.
type ready struct {
	Event            string `json:"event"`
	Issuer           string `json:"issuer"`
	Discovery        string `json:"discovery"`
	Account          string `json:"account"`
	Mail             string `json:"mail"`
	Demo             string `json:"demo,omitempty"`
	DataDir          string `json:"data_dir"`
	Data             string `json:"data"` // new, upgraded or existing
	Setup            string `json:"setup,omitempty"`
	FirstAdminExists bool   `json:"first_admin_exists"`
}

func engineName(s *running) string {
	if s.store.Engine() == "sqlite" {
		return "SQLite"
	}
	return "PostgreSQL"
}
