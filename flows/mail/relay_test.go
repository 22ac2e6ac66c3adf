package mail

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// relay is a mail server that others wrote, with TLS and passwords. It notes what came, and what came in the clear; it
// can be busy and slow.
type relay struct {
	mu     sync.Mutex
	logins []string
	mails  []received
	clear  []string
	refuse error         // of a recipient
	delay  time.Duration // before a mail is taken
}

type received struct {
	from, to string
	data     []byte
}

// got are the mails so far.
func (r *relay) got() []received { r.mu.Lock(); defer r.mu.Unlock(); return slices.Clone(r.mails) }

// came is how many mails came, the logins, and what of both was in the clear.
func (r *relay) came() (mails int, logins, clear []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.mails), slices.Clone(r.logins), slices.Clone(r.clear)
}

func (r *relay) become(refuse error, delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse, r.delay = refuse, delay
}

func (r *relay) NewSession(c *smtp.Conn) (smtp.Session, error) { return &visit{relay: r, conn: c}, nil }

// visit is one connection.
type visit struct {
	*relay
	conn     *smtp.Conn
	from, to string
}

// inTheClear notes what came without TLS.
func (v *visit) inTheClear(what string) {
	if _, secure := v.conn.TLSConnectionState(); !secure {
		v.clear = append(v.clear, what)
	}
}

func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, password string) error {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.inTheClear("password")
		if name != "pratu" || password != "s3cr3t" {
			return smtp.ErrAuthFailed
		}
		v.logins = append(v.logins, name)
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error { v.from = from; return nil }
func (v *visit) Reset()                                      {}
func (v *visit) Logout() error                               { return nil }

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.to = to
	return v.refuse
}

func (v *visit) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	time.Sleep(v.delay)
	v.inTheClear("mail")
	v.mails = append(v.mails, received{v.from, v.to, data})
	return nil
}

// serve starts a relay. secure serves TLS from the first byte; without a certificate there is no TLS at all.
func serve(t *testing.T, cert *tls.Certificate, secure bool) (r *relay, port string) {
	t.Helper()
	return serveAt(t, "127.0.0.1:0", cert, secure)
}

func serveAt(t *testing.T, address string, cert *tls.Certificate, secure bool) (r *relay, port string) {
	t.Helper()
	r = &relay{}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(r)
	s.AllowInsecureAuth = true // a careless server: that nothing is sent in the clear is up to us
	s.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	if cert != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	if secure {
		l = tls.NewListener(l, s.TLSConfig)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return r, port
}
