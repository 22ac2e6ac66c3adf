package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"
)

// session is one user agent: cookies of its own and a shared connection pool. One goroutine uses it at a time.
type session struct {
	t        *target
	md       *metadata
	hc       *http.Client
	worker   int
	username string
	requests int        // HTTP requests sent, to report requests per operation
	token    tokens     // kept between the iterations of one worker
	people   []*session // each with a browser and an account of its own, of whom one after the other signs in
}

// reply is a response with its body read.
type reply struct {
	Status int
	Header http.Header
	URL    *url.URL
	Body   []byte
}

func newTransport(conns int) *http.Transport {
	d := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: conns, IdleConnTimeout: time.Minute, DisableCompression: true}
}

func newSession(t *target, md *metadata, rt http.RoundTripper, worker int) *session {
	s := &session{t: t, md: md, worker: worker, username: strings.ReplaceAll(t.username, "%d", fmt.Sprint(worker*crowd))}
	s.hc = &http.Client{
		Transport: rt,
		Timeout:   time.Minute,
		// Redirects are followed by hand: the flow must see each of them, and the redirect URI is never contacted.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.forget()
	return s
}

// crowd is how many accounts each worker has: nobody signs in a hundred times a second.
const crowd = 50

// gather gives a worker its people, each signed in once. They stay the same: the first browser of an account is no news.
func (s *session) gather() error {
	if s.people = s.t.crowd(s.worker); s.people != nil {
		return nil
	}
	for n := range crowd {
		one := newSession(s.t, s.md, s.hc.Transport, s.worker)
		one.username = strings.ReplaceAll(s.t.username, "%d", fmt.Sprint(s.worker*crowd+n))
		if err := signIn(one); err != nil {
			return err
		}
		s.people = append(s.people, one)
	}
	s.t.keep(s.worker, s.people)
	return nil
}

// next has the next of the people do something.
func (s *session) next(run func(*session) error) error {
	one := s.people[0]
	s.people = append(s.people[1:], one)
	before := one.requests
	err := run(one)
	s.requests += one.requests - before
	return err
}

// forget drops every cookie, so that the next flow starts signed out.
func (s *session) forget() {
	s.hc.Jar, _ = cookiejar.New(nil)
}

// signOut keeps nothing but what tells the provider that this browser was here before.
func (s *session) signOut() error {
	at, err := url.Parse(s.t.issuer)
	if err != nil {
		return err
	}
	cookies := s.hc.Jar.Cookies(at)
	s.forget()
	s.hc.Jar.SetCookies(at, slices.DeleteFunc(cookies, func(c *http.Cookie) bool { return c.Name != "pratu_browser" }))
	return nil
}

func (s *session) do(req *http.Request) (*reply, error) {
	s.requests++
	res, err := s.hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	return &reply{Status: res.StatusCode, Header: res.Header, URL: req.URL, Body: body}, nil
}

func (s *session) get(u string) (*reply, error) {
	req, err := http.NewRequest(http.MethodGet, u, nil)
	if err != nil {
		return nil, err
	}
	return s.do(req)
}

// post sends a form with client_secret_basic; both parts are form-encoded first (RFC 6749 section 2.3.1).
func (s *session) post(endpoint string, values url.Values, c client) (*reply, error) {
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret))
	return s.do(req)
}

// unexpected turns a reply that is not what the driver needs into an error.
func unexpected(what string, r *reply) error {
	body := strings.Join(strings.Fields(string(r.Body)), " ")
	if len(body) > 300 {
		body = body[:300] + "…"
	}
	return fmt.Errorf("%s: status %d at %s: %s", what, r.Status, r.URL.Path, body)
}
