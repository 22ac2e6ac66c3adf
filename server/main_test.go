package server_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"pratu/cli"
)

// TestMain lets the test binary be the program, with the race detector if the tests have it. To that program every name
// below .test is this machine, as a name server would tell it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_PROGRAM") == "1" {
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go nameServer(theirs)
			return ours, nil
		}}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(cli.Run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr)) //nolint:gocritic // the process ends here
	}
	os.Exit(m.Run())
}

// nameServer answers by DNS over TCP (RFC 1035 section 4.2.2) until nobody asks any more.
func nameServer(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		raw := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, raw); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(raw) != nil || len(m.Questions) != 1 {
			return
		}
		q := m.Questions[0]
		m.Response, m.Additionals, m.RCode = true, nil, dnsmessage.RCodeNameError
		if strings.HasSuffix(q.Name.String(), ".test.") {
			m.RCode = dnsmessage.RCodeSuccess
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
				}}
			}
		}
		answer, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}
