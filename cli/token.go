package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/audit"
	"pratu/flows/clients"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Look into a token, and end it", Args: args(cobra.NoArgs), RunE: help,
		Long: "Look into a token, and end it. Tokens come by stdin: what is on a command line, every process of the machine can see.",
	}
	cmd.AddCommand(a.tokenIntrospect(), a.tokenRevoke(), a.tokenDecode())
	return cmd
}

// onToken is a command on a token that stdin holds.
func (a *app) onToken(use, short string, run func(t *tools, token string) error) *cobra.Command {
	return &cobra.Command{
		Use: use + " < TOKEN", Short: short, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := a.tokenFromStdin()
			if err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				if err := t.keys.Refresh(t.ctx); err != nil {
					return err
				}
				return run(t, token)
			})
		},
	}
}

func (a *app) tokenIntrospect() *cobra.Command {
	return a.onToken("introspect", "Tell whether an access or refresh token works, whose it is and what for (RFC 7662)", func(t *tools, token string) error {
		_, provider := t.protocol()
		i, err := provider.Inspect(t.ctx, token)
		if err != nil {
			return err
		}
		return a.print.one(i, memberRows(i))
	})
}

func (a *app) tokenRevoke() *cobra.Command {
	return a.onToken("revoke", "End a token; of a person's, all that the person allowed the application with it (RFC 7009)", func(t *tools, token string) error {
		_, provider := t.protocol()
		client, err := provider.RevokeAny(audit.Acting(t.ctx, audit.CLI, ""), token)
		if err != nil {
			return err
		}
		a.say("The token of %s works no more.", client)
		return nil
	})
}

// decodedToken is a JWT as it says about itself. Ours: one of our published keys signed it; whether it works, introspect
// tells.
type decodedToken struct {
	Header  json.RawMessage `json:"header"`
	Payload json.RawMessage `json:"payload"`
	Ours    bool            `json:"signed_by_us"`
}

func (a *app) tokenDecode() *cobra.Command {
	return a.onToken("decode", "Show what a JWT says, and whether one of our keys signed it", func(t *tools, token string) error {
		v, err := decodeToken(token)
		if err != nil {
			return err
		}
		var header struct {
			Type string `json:"typ"`
		}
		_ = json.Unmarshal(v.Header, &header) // it is an object
		_, _, refused := t.keys.Verify(token, header.Type)
		v.Ours = refused == nil
		rows := [][2]string{{"signed by us", map[bool]string{true: "yes", false: "no"}[v.Ours]}}
		return a.print.one(v, append(rows, append(memberRows(v.Header), memberRows(v.Payload)...)...))
	})
}

var errNoJWT = errors.New("it isn't a JWT: opaque tokens and refresh tokens say nothing by themselves, see pratu token introspect")

func decodeToken(token string) (v decodedToken, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return v, errNoJWT
	}
	for i, into := range []*json.RawMessage{&v.Header, &v.Payload} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if _, object := clients.Members(raw); err != nil || !object {
			return v, errNoJWT
		}
		*into = raw
	}
	return v, nil
}

// memberRows are the members of a value, times as times too.
func memberRows(v any) [][2]string {
	rows := settingRows(v)
	for i, r := range rows {
		var seconds json.Number
		switch r[0] {
		case "exp", "iat", "nbf", "auth_time":
			if json.Unmarshal([]byte(r[1]), &seconds) == nil {
				if n, err := seconds.Int64(); err == nil {
					rows[i][1] += "  " + time.Unix(n, 0).UTC().Format(time.RFC3339)
				}
			}
		}
	}
	return rows
}

// tokenFromStdin reads one word, which is longer than a secret.
func (a *app) tokenFromStdin() (string, error) {
	raw, err := io.ReadAll(io.LimitReader(a.stdin, maxInput))
	if err != nil {
		return "", err
	}
	words := strings.Fields(string(raw))
	if len(words) != 1 {
		return "", usage("stdin has to hold one token")
	}
	return words[0], nil
}
