package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/issuer"
)

// healthcheckCommand is for images without a shell: HEALTHCHECK CMD ["pratu", "healthcheck"].
func (a *app) healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask a running server whether it is ready; exit code 1 when it isn't", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, ps := loadConfig(cmd, a.environ)
			if err := ps.err(); err != nil {
				return err
			}
			if c.OpsListen == "off" {
				return fmt.Errorf("ops_listen is off: there is nobody to ask")
			}
			url := "http://" + dialable(c.OpsListen) + issuer.PathReady
			if err := ask(cmd.Context(), url); err != nil {
				return err
			}
			a.say("ready")
			return nil
		},
	}
}

// dialable turns a listen address into one to connect to: an empty or unspecified host is this machine.
func dialable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}

func ask(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no answer from %s (%w): is pratu serve running, with this ops_listen?", url, err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 2000))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", url, res.StatusCode, strings.TrimSpace(string(body)))
	}
	return nil
}
