package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/audit"
	"pratu/flows/mail"
	"pratu/server/adminapi"
)

func (a *app) accountCreate() *cobra.Command {
	var p person
	var file string
	var verified, passwordStdin bool
	cmd := &cobra.Command{
		Use: "create (--email E | --phone P | -f -) [--verified] [--password-stdin]", Short: "Create an account by the administrator's word",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			whole := person{}
			if p.locale != "" && !slices.Contains(mail.Locales, p.locale) {
				return usage("--locale %q: one of %s", p.locale, strings.Join(mail.Locales, ", "))
			}
			switch {
			case file != "" && passwordStdin && file == "-":
				return usage("stdin can't be both the document and the password")
			case file != "":
				r, closeFile, err := a.openInput(file)
				if err != nil {
					return err
				}
				defer closeFile()
				if whole, err = readPerson(r); err != nil {
					return err
				}
			}
			whole.override(p)
			if whole.email == "" && whole.phone == "" {
				return usage("an account needs --email or --phone")
			}
			if passwordStdin {
				var err error
				if whole.password, err = a.secretFromStdin(); err != nil {
					return err
				}
			}
			return a.withTools(cmd, func(t *tools) error { return a.createAccount(t, whole, verified) })
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&p.email, "email", "", "e-mail address")
	fs.StringVar(&p.phone, "phone", "", "phone number, Thai or with country code")
	fs.StringVar(&p.locale, "locale", "", "language of mails: th or en")
	fs.BoolVar(&verified, "verified", false, "the given contacts are proven: sign-in works with them")
	fs.BoolVar(&passwordStdin, "password-stdin", false, "read the password from stdin")
	fs.StringVarP(&file, "file", "f", "", "JSON document with OpenID Connect claim names; - reads it from stdin")
	return cmd
}

// override puts what flags say over a document.
func (p *person) override(flags person) {
	if flags.email != "" {
		p.email = flags.email
	}
	if flags.phone != "" {
		p.phone = flags.phone
	}
	if flags.locale != "" {
		p.locale = flags.locale
	}
}

func (a *app) createAccount(t *tools, p person, verified bool) error {
	account, err := t.accounts.Create(t.ctx, accounts.New{
		Email: p.email, EmailVerified: verified || p.emailVerified, Phone: p.phone, PhoneVerified: verified || p.phoneVerified,
		Password: p.password, Locale: p.locale, Profile: p.claims, RegisterBy: accounts.ByUs, ActorKind: audit.CLI,
	})
	if err != nil {
		return err
	}
	v := adminapi.ViewAccount(account)
	return a.print.one(v, accountRows(v))
}
