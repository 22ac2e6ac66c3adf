// Package outbound owns the one HTTP client with which we call addresses that somebody else chose: JWKS, logos,
// webhooks, back-channel logout, upstream providers. It bounds time and size, follows no redirect, and connects only to
// public addresses and the networks an administrator named, so that nobody uses us to reach what else stands behind our
// firewall. It knows no protocol above HTTP.
package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Failures of a call. They name no URL: it may hold secrets.
var (
	ErrAddress = errors.New("outbound: the host's address is neither public nor in outbound_networks")
	ErrScheme  = errors.New("outbound: only https")
	ErrSize    = errors.New("outbound: the answer is too large")
	ErrFailed  = errors.New("outbound: the call failed")
)

// Options of a client. Zero fields take defaults: 5 s, 1 MiB.
type Options struct {
	Timeout  time.Duration
	MaxBytes int64
	// Development allows plain http and private addresses: the fakes of a developer's own machine.
	Development bool
	// Networks may be called besides the public Internet; https stays required there.
	Networks []netip.Prefix
	// For tests: TLS settings, and the address of every host, in place of name servers.
	Transport *http.Transport
	Address   string
}

// Client calls other people's servers.
type Client struct {
	http     *http.Client
	maxBytes int64
	dev      bool
}

// Response is a whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// New makes a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 20
	}
	transport := &http.Transport{}
	if o.Transport != nil {
		transport = o.Transport.Clone()
	}
	dialer := &net.Dialer{Timeout: o.Timeout}
	if !o.Development {
		// The address is judged after the name was resolved and right before connecting, so a second answer of the
		// name server (DNS rebinding) can't differ from the one that was judged.
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return judge(address, o.Networks)
		}
	}
	transport.DialContext = dialer.DialContext
	if o.Address != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, o.Address)
		}
	}
	transport.Proxy = nil // a proxy would connect for us, unjudged
	transport.MaxIdleConnsPerHost = 2
	transport.IdleConnTimeout = 30 * time.Second
	transport.ResponseHeaderTimeout = o.Timeout
	transport.MaxResponseHeaderBytes = 64 << 10
	transport.ForceAttemptHTTP2 = true
	return &Client{
		maxBytes: o.MaxBytes, dev: o.Development,
		http: &http.Client{
			Timeout: o.Timeout, Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Do sends a request and reads the whole answer. A redirect is an answer, not a way.
func (c *Client) Do(r *http.Request) (*Response, error) {
	if r.URL.Scheme != "https" && !(c.dev && r.URL.Scheme == "http") {
		return nil, ErrScheme
	}
	if r.URL.User != nil {
		return nil, ErrFailed
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, failure(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, c.maxBytes+1))
	if err != nil {
		return nil, failure(err)
	}
	if int64(len(body)) > c.maxBytes {
		return nil, ErrSize
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}

// Get fetches a URL.
func (c *Client) Get(ctx context.Context, url string) (*Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, ErrFailed
	}
	return c.Do(r)
}

// Post sends a body.
func (c *Client) Post(ctx context.Context, url string, header map[string]string, body []byte) (*Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, ErrFailed
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return c.Do(r)
}

// failure keeps what is ours to say: net/http's errors quote the URL.
func failure(err error) error {
	switch {
	case errors.Is(err, ErrAddress):
		return ErrAddress
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", ErrFailed, context.DeadlineExceeded)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%w: %s", ErrFailed, op.Op)
	}
	return ErrFailed
}

// special are networks that netip's own questions don't cover. Outside of unicast6 IANA has given IPv6 to nobody: there
// are IPv4 in disguise (compatible, translated, NAT64), site-local and segment-routing addresses.
var (
	unicast6 = netip.MustParsePrefix("2000::/3")
	special  = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
		netip.MustParsePrefix("3fff::/20"),
	}
)

// judge refuses an address that is neither one of the open Internet nor of a network that was named. IPv4 in IPv6 clothes is
// judged as IPv4.
func judge(address string, networks []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrAddress
	}
	ip := at.Addr().Unmap().WithZone("")
	if !within(networks, ip) && !public(ip) {
		return ErrAddress
	}
	return nil
}

func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.Is6() && !unicast6.Contains(ip) {
		return false
	}
	return !within(special, ip)
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}
