package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// operation is one thing the driver measures. prepare runs once for each worker outside the measured time; run is one
// iteration.
type operation struct {
	name    string
	prepare func(*session) error
	run     func(*session) error
}

// operations in the order of the report.
func operations() []operation {
	return []operation{
		{name: "discovery", run: func(s *session) error { return s.want200("discovery", s.md.discovery) }},
		{name: "jwks", run: func(s *session) error { return s.want200("jwks", s.md.JWKS) }},
		{name: "client_credentials", run: clientCredentials},
		{name: "refresh", prepare: needTokens, run: refresh}, // every worker follows its own rotating chain
		{name: "introspect", prepare: needTokens, run: introspect},
		{name: "userinfo", prepare: needTokens, run: userinfo},
		{name: "sso", prepare: signInAnew, run: signIn}, // authorize and code exchange of a browser that is signed in
		// the same through the sign-in page: of a browser that was here before, and of a new one, which is told by mail
		{name: "login", prepare: (*session).gather, run: func(s *session) error { return s.next(signInAgain) }},
		{name: "login-new", prepare: (*session).gather, run: func(s *session) error { return s.next(signInAnew) }},
		{name: "game", prepare: posted, run: posted}, // of a player who has been here, by a provider's token whose keys are known
	}
}

// transaction is what three statements in a transaction cost, of which every operation that writes has as many or more. Only
// the floor does it, for nothing.
var transaction = operation{name: "transaction", run: func(s *session) error { return s.want200("transaction", s.t.issuer+"/transaction") }}

func (s *session) want200(what, u string) error {
	r, err := s.get(u)
	if err == nil && (r.Status != http.StatusOK || len(r.Body) == 0) {
		err = unexpected(what, r)
	}
	return err
}

func clientCredentials(s *session) error {
	r, err := s.post(s.md.Token, url.Values{"grant_type": {"client_credentials"}}, s.t.machine)
	if err != nil {
		return err
	}
	_, err = parseTokens("client_credentials", r)
	return err
}

func refresh(s *session) error {
	if s.token.Refresh == "" {
		return fmt.Errorf("the sign-in gave no refresh token")
	}
	r, err := s.post(s.md.Token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.token.Refresh}}, s.t.web)
	if err != nil {
		return err
	}
	tk, err := parseTokens("refresh", r)
	if err != nil {
		return err
	}
	if tk.Refresh != "" {
		s.token.Refresh = tk.Refresh
	}
	return nil
}

func introspect(s *session) error {
	r, err := s.post(s.md.Introspection, url.Values{"token": {s.token.Access}}, s.t.web)
	if err != nil {
		return err
	}
	var a struct{ Active bool }
	if json.Unmarshal(r.Body, &a) != nil || !a.Active {
		return unexpected("introspection", r)
	}
	return nil
}

func userinfo(s *session) error {
	req, err := http.NewRequest(http.MethodGet, s.md.Userinfo, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token.Access)
	r, err := s.do(req)
	if err == nil && r.Status != http.StatusOK {
		err = unexpected("userinfo", r)
	}
	return err
}

func signIn(s *session) error {
	_, err := s.signIn()
	return err
}

func signInAgain(s *session) error {
	if err := s.signOut(); err != nil {
		return err
	}
	return signIn(s)
}

func signInAnew(s *session) error {
	s.forget()
	return signIn(s)
}

// needTokens signs a worker in with a browser of its own. The tokens are new for each run, so that no figure depends on
// what ran before.
func needTokens(s *session) error {
	s.forget()
	tk, err := s.signIn()
	s.token = tk
	return err
}
