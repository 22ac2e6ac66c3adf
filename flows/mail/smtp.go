package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"pratu/flows/outbox"
)

const smtpTimeout = 20 * time.Second

type smtpSender struct{ client *gomail.Client }

// newSMTP reads smtp://user:password@host:port. TLS is mandatory: by STARTTLS (smtp, port 587 unless given) or from the
// first byte (smtps, 465). A relay on this machine may do without, and ?tls=none says so for one in a trusted network;
// a password is never sent in the clear to another machine.
func newSMTP(u *url.URL) (Sender, error) {
	local := isLocal(u.Hostname())
	mode := u.Query().Get("tls")
	for name := range u.Query() {
		if name != "tls" {
			return nil, fmt.Errorf("mail: unknown option %q; there is tls=none", name)
		}
	}
	if u.Path != "" && u.Path != "/" || mode != "" && mode != "none" && mode != "starttls" {
		return nil, ErrDestination
	}
	password, _ := u.User.Password()
	if mode == "none" && password != "" && !local {
		return nil, errors.New("mail: tls=none would send the password in the clear; leave out one of them")
	}
	options := []gomail.Option{
		gomail.WithTimeout(smtpTimeout), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}),
	}
	port := 587
	switch {
	case u.Scheme == "smtps":
		options, port = append(options, gomail.WithSSL()), 465
	case mode == "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case local && mode != "starttls":
		options, port = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic)), 25
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if text := u.Port(); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 65535 {
			return nil, ErrDestination
		}
		port = n
	}
	options = append(options, gomail.WithPort(port))
	if name := u.User.Username(); name != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if local {
			auth = gomail.SMTPAuthPlainNoEnc // go-mail refuses plain text without TLS even to this machine
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(name), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &smtpSender{client}, nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *smtpSender) Send(ctx context.Context, e Envelope) error {
	m, err := message(e, gomail.EncodingQP)
	if err != nil {
		return err
	}
	err = s.client.DialAndSendWithContext(ctx, m)
	if m.IsDelivered() { // whatever the server says to RSET and QUIT: another try would be a second mail
		return nil
	}
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return err
	}
	// Its own text names the recipient, and errors are logged.
	short := fmt.Errorf("mail: refused by the server: %s (%d %s)", refused.Reason, refused.ErrorCode(), refused.EnhancedStatusCode())
	if !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return outbox.Permanent(short)
	}
	return short
}
