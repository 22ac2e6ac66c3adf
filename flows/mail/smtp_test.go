package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"pratu/flows/outbox"
)

// certificate is one for this machine's names, and who trusts it.
func certificate(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

// sender is the one of a destination, with what configuration can't give it: whom it trusts, how long it waits.
func sender(t *testing.T, destination string, with ...gomail.Option) *smtpSender {
	t.Helper()
	s := open(t, destination).(*smtpSender)
	for _, option := range with {
		if err := option(s.client); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func trust(pool *x509.CertPool, name string) gomail.Option {
	return gomail.WithTLSConfig(&tls.Config{RootCAs: pool, ServerName: name, MinVersion: tls.VersionTLS12})
}

// elsewhere leads to this machine, and isn't one of the names that are treated as local.
const elsewhere = "0.0.0.0"

func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	_, strangers := certificate(t)
	for name, c := range map[string]struct {
		destination string // PORT is replaced
		cert        *tls.Certificate
		secure      bool
		trust       gomail.Option
		delivered   bool
		login       bool
	}{
		"STARTTLS":                           {"smtp://pratu:s3cr3t@" + elsewhere + ":PORT", cert, false, trust(pool, "localhost"), true, true},
		"STARTTLS without a password":        {"smtp://" + elsewhere + ":PORT", cert, false, trust(pool, "localhost"), true, false},
		"STARTTLS on this machine":           {"smtp://pratu:s3cr3t@localhost:PORT?tls=starttls", cert, false, trust(pool, "localhost"), true, true},
		"where this machine offers STARTTLS": {"smtp://localhost:PORT", cert, false, trust(pool, "localhost"), true, false},
		"TLS from the first byte":            {"smtps://pratu:s3cr3t@" + elsewhere + ":PORT", cert, true, trust(pool, "localhost"), true, true},
		"a wrong password":                   {"smtp://pratu:guess@" + elsewhere + ":PORT", cert, false, trust(pool, "localhost"), false, false},
		"no STARTTLS offered":                {"smtp://pratu:s3cr3t@" + elsewhere + ":PORT", nil, false, trust(pool, "localhost"), false, false},
		"no STARTTLS on this machine":        {"smtp://localhost:PORT?tls=starttls", nil, false, trust(pool, "localhost"), false, false},
		"no STARTTLS, no password":           {"smtp://" + elsewhere + ":PORT", nil, false, trust(pool, "localhost"), false, false},
		"a stranger's certificate":           {"smtp://pratu:s3cr3t@" + elsewhere + ":PORT", cert, false, trust(strangers, "localhost"), false, false},
		"a stranger's certificate at once":   {"smtps://pratu:s3cr3t@" + elsewhere + ":PORT", cert, true, trust(strangers, "localhost"), false, false},
		"another server's certificate":       {"smtp://pratu:s3cr3t@" + elsewhere + ":PORT", cert, false, trust(pool, "mail.example.com"), false, false},
		"the system's trust":                 {"smtp://pratu:s3cr3t@" + elsewhere + ":PORT", cert, false, gomail.WithoutNoop(), false, false},
		"no TLS from the first byte":         {"smtps://pratu:s3cr3t@" + elsewhere + ":PORT", cert, false, trust(pool, "localhost"), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r, port := serve(t, c.cert, c.secure)
			err := sender(t, strings.Replace(c.destination, "PORT", port, 1), c.trust, gomail.WithTimeout(5*time.Second)).Send(t.Context(), letter)
			mails, logins, open := r.came()
			if (err == nil) != c.delivered || (mails == 1) != c.delivered || (len(logins) == 1) != c.login {
				t.Errorf("%v; %d mails, logins %q", err, mails, logins)
			}
			if len(open) > 0 {
				t.Errorf("sent in the clear: %q", open)
			}
			if err != nil {
				if outbox.IsPermanent(err) || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "nok@") {
					t.Errorf("an operator can mend this: %v", err)
				}
			}
		})
	}
	// Somebody who says so: a relay in a network of one's own, and one on this machine.
	for _, destination := range []string{"smtp://" + elsewhere + ":PORT?tls=none", "smtp://pratu:s3cr3t@localhost:PORT"} {
		r, port := serve(t, nil, false)
		err := sender(t, strings.Replace(destination, "PORT", port, 1)).Send(t.Context(), letter)
		if mails, _, _ := r.came(); err != nil || mails != 1 {
			t.Errorf("%s: %v", destination, err)
		}
	}
}

// script is a server by hand, for what no decent server does: it says its lines in turn, each after one line of the
// client's (after the dot, while the mail comes), and then does what it is told.
func script(t *testing.T, lines []string, end func(net.Conn)) (port string, mails func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var mu sync.Mutex
	count := 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				text := textproto.NewConn(c)
				for i, line := range lines {
					if i > 0 {
						if _, err := text.ReadLine(); err != nil {
							return
						}
					}
					if i > 0 && strings.HasPrefix(lines[i-1], "354") {
						if _, err := text.ReadDotLines(); err != nil {
							return
						}
						mu.Lock()
						count++
						mu.Unlock()
					}
					if text.PrintfLine("%s", line) != nil {
						return
					}
				}
				end(c)
			}()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() int { mu.Lock(); defer mu.Unlock(); return count }
}

var courtesy = []string{"220 relay", "250 relay", "250 sender", "250 recipient", "354 go on", "250 queued"}

// What the server took is delivered, however it says goodbye: another try would be a second mail, and a third.
func TestAcceptedIsDelivered(t *testing.T) {
	for name, c := range map[string]struct {
		more []string
		end  func(net.Conn)
	}{
		"hangs up":           {nil, func(net.Conn) {}},
		"hangs up at QUIT":   {[]string{"250 reset"}, func(net.Conn) {}},
		"refuses RSET":       {[]string{"502 what?", "221 bye"}, func(net.Conn) {}},
		"refuses QUIT":       {[]string{"250 reset", "500 stay"}, func(net.Conn) {}},
		"falls asleep":       {nil, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
		"closes for the day": {[]string{"421 closing"}, func(net.Conn) {}},
	} {
		t.Run(name, func(t *testing.T) {
			port, mails := script(t, append(append([]string{}, courtesy...), c.more...), c.end)
			if err := sender(t, "smtp://127.0.0.1:"+port, gomail.WithTimeout(time.Second)).Send(t.Context(), letter); err != nil || mails() != 1 {
				t.Errorf("%v; %d mails", err, mails())
			}
		})
	}
}

// And what it didn't take isn't, whatever it does instead of answering.
func TestUnansweredIsNotDelivered(t *testing.T) {
	for said := range courtesy {
		for name, end := range map[string]func(net.Conn){
			"hangs up": func(net.Conn) {}, "falls asleep": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		} {
			port, _ := script(t, courtesy[:said], end)
			err := sender(t, "smtp://127.0.0.1:"+port, gomail.WithTimeout(200*time.Millisecond)).Send(t.Context(), letter)
			if err == nil || outbox.IsPermanent(err) || strings.Contains(err.Error(), "nok@") {
				t.Errorf("%s after %d lines: %v", name, said, err)
			}
		}
	}
}

// The answers that tell an address that will never work from a bad day.
func TestVerdicts(t *testing.T) {
	for line, permanent := range map[string]bool{
		"550 5.1.1 nok@example.com: no such user": true, "552 5.2.2 nok@example.com: full": true,
		"450 4.2.1 nok@example.com: later": false, "421 4.3.2 closing": false, "999 nok@example.com": false, "what nok@example.com": false,
	} {
		for at := 3; at < len(courtesy); at++ { // RCPT, DATA, the end of the mail
			lines := append(append([]string{}, courtesy[:at]...), line, "250 ok", "221 bye")
			port, _ := script(t, lines, func(net.Conn) {})
			err := sender(t, "smtp://127.0.0.1:"+port, gomail.WithTimeout(2*time.Second)).Send(t.Context(), letter)
			if err == nil || outbox.IsPermanent(err) != permanent || strings.Contains(err.Error(), "nok@") {
				t.Errorf("%q as answer %d: %v", line, at, err)
			}
		}
	}
}

func TestStopping(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r, port := serve(t, nil, false)
	err := sender(t, "smtp://127.0.0.1:"+port).Send(ctx, letter)
	if mails, _, _ := r.came(); err == nil || outbox.IsPermanent(err) || mails > 0 {
		t.Errorf("%v", err)
	}
}

// Message-ID is an address of the sender's machine (RFC 5322 3.6.4), whatever the sender is called.
func TestMessageID(t *testing.T) {
	for from, host := range map[string]string{
		"no-reply@id.example.com": "id.example.com", "Pratu <no-reply@id.example.com>": "id.example.com",
		`"Help @ Pratu" <no-reply@id.example.com>`: "id.example.com", `"a@b" <"c@d"@id.example.com>`: "id.example.com",
		"no-reply@localhost": "localhost",
	} {
		e := letter
		e.From = from
		m, err := message(e, gomail.EncodingQP)
		if err != nil {
			t.Fatal(err)
		}
		var raw strings.Builder
		if _, err := m.WriteTo(&raw); err != nil {
			t.Fatal(err)
		}
		read, err := netmail.ReadMessage(strings.NewReader(raw.String()))
		if err != nil {
			t.Fatal(err)
		}
		if got := read.Header.Get("Message-ID"); got != "<"+letter.ID+"@"+host+">" {
			t.Errorf("%s: %s", from, got)
		}
	}
}
