package cli

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/server/adminapi"
)

// newAccount is what the flags of a creation say.
type newAccount struct {
	email, phone, locale, file string
	verified, passwordStdin    bool
}

func (a *app) accountCreate() *cobra.Command {
	var f newAccount
	cmd := &cobra.Command{
		Use: "create (--email E | --phone P | -f -) [--verified] [--password-stdin]", Short: "Create an account by the administrator's word",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := f.read(a)
			if err != nil {
				return err
			}
			return a.withTools(cmd, func(t *tools) error {
				account, err := t.office.CreateAccount(t.ctx, office.Host(), n)
				if err != nil {
					return err
				}
				v := adminapi.ViewAccount(account)
				return a.print.one(v, accountRows(v))
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.email, "email", "", "e-mail address")
	fs.StringVar(&f.phone, "phone", "", "phone number, Thai or with country code")
	fs.StringVar(&f.locale, "locale", "", "language of mails: th or en")
	fs.BoolVar(&f.verified, "verified", false, "the given contacts are proven: sign-in works with them")
	fs.BoolVar(&f.passwordStdin, "password-stdin", false, "read the password from stdin")
	fs.StringVarP(&f.file, "file", "f", "", "JSON document with OpenID Connect claim names; - reads it from stdin")
	a.document(cmd, func([]byte) (any, error) { return f.claims(a) })
	return cmd
}

// read puts what flags say over a document.
func (f *newAccount) read(a *app) (n accounts.New, err error) {
	switch {
	case f.locale != "" && !slices.Contains(mail.Locales, f.locale):
		return n, usage("--locale %q: one of %s", f.locale, strings.Join(mail.Locales, ", "))
	case f.passwordStdin && f.file == "-":
		return n, usage("stdin can't be both the document and the password")
	case f.file != "":
		r, closeFile, err := a.openInput("-f", f.file)
		if err != nil {
			return n, err
		}
		defer closeFile()
		raw, err := io.ReadAll(io.LimitReader(r, maxInput))
		if err != nil {
			return n, err
		}
		if n, err = accounts.ReadNew(raw); err != nil {
			return n, err
		}
	}
	n.Locale, n.Email, n.Phone = f.locale, cmp.Or(f.email, n.Email), cmp.Or(f.phone, n.Phone)
	n.EmailVerified, n.PhoneVerified = n.EmailVerified || f.verified, n.PhoneVerified || f.verified
	if n.Email == "" && n.Phone == "" {
		return n, usage("an account needs --email or --phone")
	}
	if f.passwordStdin {
		n.Password, err = a.secretFromStdin()
	}
	return n, err
}

// claims is the same as a document for the admin API.
func (f *newAccount) claims(a *app) (map[string]any, error) {
	if f.locale != "" {
		return nil, usage("--locale isn't in the admin API: people choose it themselves")
	}
	n, err := f.read(a)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	maps.Copy(claims, n.Profile)
	for name, text := range map[string]string{"email": n.Email, "phone_number": n.Phone, "password": n.Password} {
		if text != "" {
			claims[name] = text
		}
	}
	for name, proven := range map[string]bool{"email_verified": n.EmailVerified && n.Email != "", "phone_number_verified": n.PhoneVerified && n.Phone != ""} {
		if proven {
			claims[name] = true
		}
	}
	return claims, nil
}
