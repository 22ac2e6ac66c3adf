package cli

import (
	"encoding/base64"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/partner"
)

func (a *app) partnerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "partner", Short: "Help partners with the protection of mobile_number", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.partnerEncrypt(), a.partnerVerify())
	return cmd
}

// partnerFlags say whose key is used: a client's own, or one of a file.
type partnerFlags struct{ client, protection, keyFile, mobile string }

func (f *partnerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.client, "client", "", "client whose protection and key are used")
	cmd.Flags().StringVar(&f.protection, "protection", "", "instead of a client: "+strings.Join(clients.MobileProtections(), ", "))
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "file with the key in base64, for --protection")
	cmd.Flags().StringVar(&f.mobile, "mobile", "", "the customer's number")
}

// use finds protection and key.
func (a *app) use(cmd *cobra.Command, f partnerFlags, run func(protection string, key []byte) error) error {
	switch {
	case (f.client == "") == (f.protection == ""):
		return usage("give --client, or --protection with --key-file")
	case f.client == "" && f.keyFile == "" && f.protection != clients.MobileOff:
		return usage("--key-file is missing: --protection %s has a key", f.protection)
	case f.mobile == "":
		return usage("--mobile is missing")
	case f.client == "":
		var key []byte
		if f.protection != clients.MobileOff {
			raw, err := readFile("--key-file", f.keyFile)
			if err != nil {
				return err
			}
			if key, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw))); err != nil {
				return kind.New(kind.Invalid, "partner.key")
			}
		}
		return run(f.protection, key)
	}
	return a.withTools(cmd, func(t *tools) error {
		c, err := t.clients.Find(t.ctx, f.client)
		if err != nil {
			return err
		}
		if c.Settings.PartnerMobileProtection == "" {
			return kind.New(kind.Invalid, "partner.none")
		}
		key, err := t.clients.PartnerMobileKey(c)
		if err != nil {
			return err
		}
		return run(c.Settings.PartnerMobileProtection, key)
	})
}

func (a *app) partnerEncrypt() *cobra.Command {
	var f partnerFlags
	cmd := &cobra.Command{
		Use: "encrypt --mobile NUMBER", Short: "Protect a number as a partner does", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.use(cmd, f, func(protection string, key []byte) error {
				sent, err := partner.Protect(protection, key, f.mobile)
				if err != nil {
					return err
				}
				v := struct {
					MobileNumber string `json:"mobile_number"`
				}{sent}
				return a.print.one(v, [][2]string{{"mobile_number", sent}})
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) partnerVerify() *cobra.Command {
	var f partnerFlags
	cmd := &cobra.Command{
		Use: "verify --mobile NUMBER < PROTECTED", Short: "Tell whether a protected number is the one that was meant", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			line, err := a.secretFromStdin()
			if err != nil {
				return err
			}
			words := strings.Fields(line) // as encrypt prints it, or the value alone
			if len(words) == 0 {
				return usage("stdin is empty: the protected number is expected there")
			}
			sent := words[len(words)-1]
			c, err := contact.ParsePhone(f.mobile)
			if err != nil {
				return err
			}
			return a.use(cmd, f, func(protection string, key []byte) error {
				if !partner.Verify(protection, key, sent, []string{c.Canonical}) {
					return kind.New(kind.Invalid, "partner.mismatch")
				}
				a.say("It is the number.")
				return nil
			})
		},
	}
	f.add(cmd)
	return cmd
}
