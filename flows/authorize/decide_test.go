package authorize

import (
	"testing"
	"time"

	"pratu/flows/clients"
)

var (
	at      = time.Date(2026, 5, 17, 9, 30, 0, 0, time.UTC) // of the request
	now     = at.Add(time.Minute)
	before  = at.Add(-time.Hour)
	during  = at.Add(30 * time.Second)
	web     = &clients.Client{ID: "web", Metadata: clients.Metadata{TokenEndpointAuthMethod: clients.AuthBasic}}
	native  = &clients.Client{ID: "native", Metadata: clients.Metadata{TokenEndpointAuthMethod: clients.AuthNone}}
	ours    = &clients.Client{ID: "ours", Metadata: web.Metadata, Settings: clients.Settings{FirstParty: true}}
	strict  = &clients.Client{ID: "strict", Metadata: web.Metadata, Settings: clients.Settings{MinACR: "2"}}
	seconds = func(n int64) *int64 { return &n }
)

func request(change func(*Request)) *Request {
	r := &Request{Client: web, RequestedAt: at, RedirectURI: "https://rp.test/cb", Scopes: []string{"openid", "email"}}
	if change != nil {
		change(r)
	}
	return r
}

// alice signed in an hour ago and has consented to everything before.
func alice(change func(*Session)) Session {
	s := Session{
		ID: "s1", AccountID: "a1", Subject: "21992040", Active: true, AuthTime: before, ACR: "1",
		ConsentScopes: []string{"openid", "email", "profile"},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func signedIn(change func(*Session)) State { return State{Sessions: []Session{alice(change)}} }

func TestNext(t *testing.T) {
	bob := Session{ID: "s2", AccountID: "a2", Subject: "21985824", Active: true, AuthTime: before, ACR: "1", ConsentScopes: []string{"openid", "email"}}
	prompt := func(p ...string) func(*Request) { return func(r *Request) { r.Prompt = p } }
	here := func(s State, change func(*State)) State { change(&s); return s }
	essential := func(acr ...string) func(*Request) { return func(r *Request) { r.EssentialACR = acr } }
	wished := func(acr ...string) func(*Request) { return func(r *Request) { r.ACR = acr } }
	least := func(r *Request) { r.Client = strict }
	multi := func(s *Session) { s.ACR, s.SecondFactor = "2", true }
	second := func(s *Session) { s.SecondFactor = true }
	hinted := func(s State, account string) State { s.Hinted, s.HintAccount = true, account; return s }
	tests := []struct {
		name    string
		request *Request
		state   State
		kind    Kind
		err     string
		session string
	}{
		{"nobody is signed in", request(nil), State{}, Login, "", ""},
		{"signed in, consented", request(nil), signedIn(nil), Issue, "", "s1"},
		{"denied", request(nil), here(signedIn(nil), func(s *State) { s.Denied = true }), Refuse, ErrAccessDenied, ""},
		{"disabled account with a live cookie", request(nil), signedIn(func(s *Session) { s.Active = false }), Refuse, ErrAccessDenied, "s1"},

		{"none: nobody is signed in", request(prompt("none")), State{}, Refuse, ErrLoginRequired, ""},
		{"none: signed in, consented", request(prompt("none")), signedIn(nil), Issue, "", "s1"},
		{"none: no consent", request(prompt("none")), signedIn(func(s *Session) { s.ConsentScopes = nil }), Refuse, ErrConsentRequired, "s1"},
		{"none: too old", request(func(r *Request) { r.Prompt = []string{"none"}; r.MaxAge = seconds(60) }), signedIn(nil), Refuse, ErrLoginRequired, "s1"},
		{"none: another subject is meant", request(func(r *Request) { r.Prompt = []string{"none"}; r.Subject = "1" }), signedIn(nil), Refuse, ErrLoginRequired, "s1"},

		{"login: an old sign-in isn't enough", request(prompt("login")), signedIn(nil), Login, "", "s1"},
		{"login: nor one of another session", request(prompt("login")), here(signedIn(nil), func(s *State) { s.SessionID, s.SignedInAt = "s2", during }), Login, "", ""},
		{"login: nor one before the request", request(prompt("login")), here(signedIn(nil), func(s *State) { s.SessionID, s.SignedInAt = "s1", before }), Login, "", "s1"},
		{"login: one for this request is", request(prompt("login")), here(signedIn(nil), func(s *State) { s.SessionID, s.SignedInAt = "s1", during }), Issue, "", "s1"},

		{"max_age: young enough", request(func(r *Request) { r.MaxAge = seconds(7200) }), signedIn(nil), Issue, "", "s1"},
		{"max_age: too old", request(func(r *Request) { r.MaxAge = seconds(3600) }), signedIn(nil), Login, "", "s1"},
		{"max_age=0 always asks", request(func(r *Request) { r.MaxAge = seconds(0) }), signedIn(func(s *Session) { s.AuthTime = now }), Login, "", "s1"},
		{"max_age=0 is satisfied by signing in for it", request(func(r *Request) { r.MaxAge = seconds(0) }), here(signedIn(nil), func(s *State) { s.SessionID, s.SignedInAt = "s1", during }), Issue, "", "s1"},

		{"select: asks", request(prompt("select_account")), signedIn(nil), Select, "", "s1"},
		{"select: nobody to choose", request(prompt("select_account")), State{}, Login, "", ""},
		{"select: chosen", request(prompt("select_account")), here(State{Sessions: []Session{alice(nil), bob}}, func(s *State) { s.SessionID, s.SelectedAt = "s2", during }), Issue, "", "s2"},
		{"select, login: chosen, then asked", request(prompt("select_account", "login")), here(signedIn(nil), func(s *State) { s.SessionID, s.SelectedAt = "s1", during }), Login, "", "s1"},
		{"chosen session has ended meanwhile", request(nil), here(State{Sessions: []Session{bob}}, func(s *State) { s.SessionID, s.SelectedAt = "s1", during }), Login, "", ""},

		{"the hinted one of several", request(func(r *Request) { r.Subject = bob.Subject }), State{Sessions: []Session{alice(nil), bob}}, Issue, "", "s2"},
		{"another subject is meant", request(func(r *Request) { r.Subject = "1" }), signedIn(nil), Login, "", ""},
		{"another subject is meant, and the wrong one signed in", request(func(r *Request) { r.Subject = "1" }), here(signedIn(nil), func(s *State) { s.SessionID, s.SignedInAt = "s1", during }), Refuse, ErrLoginRequired, "s1"},

		{"login_hint: the one of several", request(nil), hinted(State{Sessions: []Session{alice(nil), bob}}, "a2"), Issue, "", "s2"},
		{"login_hint: somebody who isn't here", request(nil), hinted(signedIn(nil), "a2"), Login, "", ""},
		{"login_hint: nobody we know is told from nobody here by nothing", request(nil), hinted(signedIn(nil), ""), Login, "", ""},
		{"login_hint, none: somebody who isn't here", request(prompt("none")), hinted(signedIn(nil), "a2"), Refuse, ErrLoginRequired, "s1"},
		{"login_hint, none: who is here", request(prompt("none")), hinted(signedIn(nil), "a1"), Issue, "", "s1"},
		{"login_hint, none: who is here, and the client may not know", request(prompt("none")), hinted(signedIn(func(s *Session) { s.ConsentScopes = nil }), "a1"), Refuse, ErrLoginRequired, "s1"},
		{"login_hint, login: who is here, anew", request(prompt("login")), hinted(State{Sessions: []Session{alice(nil), bob}}, "a2"), Login, "", "s2"},
		{"login_hint, select: the person says", request(prompt("select_account")), hinted(signedIn(nil), "a2"), Select, "", "s1"},
		{"login_hint: another one was chosen", request(nil), here(hinted(signedIn(nil), "a2"), func(s *State) { s.SessionID, s.SelectedAt = "s1", during }), Issue, "", "s1"},
		{"login_hint: another one signed in", request(nil), here(hinted(signedIn(nil), "a2"), func(s *State) { s.SessionID, s.SignedInAt = "s1", during }), Issue, "", "s1"},
		{"login_hint: a subject is stronger", request(func(r *Request) { r.Subject = bob.Subject }), hinted(State{Sessions: []Session{alice(nil), bob}}, "a1"), Issue, "", "s2"},

		{"essential acr: not reached, the second factor is asked", request(essential("2")), signedIn(nil), Factor, "", "s1"},
		{"essential acr: not reached by a sign-in for the request either", request(essential("2")), here(signedIn(nil), func(s *State) { s.SessionID, s.SignedInAt = "s1", during }), Factor, "", "s1"},
		{"essential acr: none of ours", request(essential("phr")), signedIn(nil), Refuse, ErrUnmetACR, "s1"},
		{"essential acr: none of ours, and nobody is signed in", request(essential("phr")), State{}, Refuse, ErrUnmetACR, ""},
		{"essential acr: one of ours among others", request(essential("phr", "2")), signedIn(nil), Factor, "", "s1"},
		{"essential acr: reached", request(essential("1", "2")), signedIn(nil), Issue, "", "s1"},
		{"essential acr: more than asked", request(essential("1")), signedIn(multi), Issue, "", "s1"},
		{"essential acr: nobody is signed in", request(essential("2")), State{}, Login, "", ""},
		{"essential acr: declined", request(essential("2")), here(signedIn(nil), func(s *State) { s.Denied = true }), Refuse, ErrUnmetACR, ""},
		{"essential acr: reached, then declined", request(essential("2")), here(signedIn(multi), func(s *State) { s.Denied = true }), Refuse, ErrAccessDenied, ""},
		{"essential acr, none", request(func(r *Request) { r.EssentialACR, r.Prompt = []string{"2"}, []string{"none"} }), signedIn(second), Refuse, ErrLoginRequired, "s1"},
		{"essential acr, login: the sign-in first", request(func(r *Request) { r.EssentialACR, r.Prompt = []string{"2"}, []string{"login"} }), signedIn(second), Login, "", "s1"},
		{"essential acr, no consent: the factor first", request(essential("2")), signedIn(func(s *Session) { s.ConsentScopes = nil }), Factor, "", "s1"},

		{"acr_values: a second factor is there", request(wished("2")), signedIn(second), Factor, "", "s1"},
		{"acr_values: there is none", request(wished("2")), signedIn(nil), Issue, "", "s1"},
		{"acr_values: reached", request(wished("2")), signedIn(multi), Issue, "", "s1"},
		{"acr_values: the best of ours counts", request(wished("phr", "2", "1")), signedIn(second), Factor, "", "s1"},
		{"acr_values: less is liked better", request(wished("1", "2")), signedIn(second), Issue, "", "s1"},
		{"acr_values: none of ours", request(wished("phr")), signedIn(second), Issue, "", "s1"},
		{"acr_values: declined", request(wished("2")), here(signedIn(second), func(s *State) { s.Denied = true }), Refuse, ErrAccessDenied, ""},
		{"acr_values, none", request(func(r *Request) { r.ACR, r.Prompt = []string{"2"}, []string{"none"} }), signedIn(second), Issue, "", "s1"},

		{"min_acr: not reached", request(least), signedIn(nil), Factor, "", "s1"},
		{"min_acr: reached", request(least), signedIn(multi), Issue, "", "s1"},
		{"min_acr, none", request(func(r *Request) { least(r); r.Prompt = []string{"none"} }), signedIn(second), Refuse, ErrLoginRequired, "s1"},
		{"min_acr: declined", request(least), here(signedIn(second), func(s *State) { s.Denied = true }), Refuse, ErrUnmetACR, ""},
		{"min_acr: a lower essential acr doesn't do", request(func(r *Request) { least(r); r.EssentialACR = []string{"1"} }), signedIn(second), Factor, "", "s1"},

		{"no consent yet", request(nil), signedIn(func(s *Session) { s.ConsentScopes = nil }), Consent, "", "s1"},
		{"a scope more than remembered", request(func(r *Request) { r.Scopes = append(r.Scopes, "phone") }), signedIn(nil), Consent, "", "s1"},
		{"a claim more than remembered", request(func(r *Request) { r.ClaimNames = []string{"birthdate"} }), signedIn(nil), Consent, "", "s1"},
		{"prompt=consent asks again", request(prompt("consent")), signedIn(nil), Consent, "", "s1"},
		{"prompt=consent, just given", request(prompt("consent")), here(signedIn(nil), func(s *State) { s.SessionID, s.ConsentedAt, s.Consented = "s1", during, []string{"openid", "email"} }), Issue, "", "s1"},
		{"consent of another session doesn't count", request(prompt("consent")), here(State{Sessions: []Session{alice(nil), bob}}, func(s *State) { s.SessionID, s.ConsentedAt, s.Consented = "s3", during, []string{"openid", "email"} }), Login, "", ""},
		{"consent to less doesn't count", request(prompt("consent")), here(signedIn(nil), func(s *State) { s.SessionID, s.ConsentedAt, s.Consented = "s1", during, []string{"openid"} }), Consent, "", "s1"},
		{"first party isn't asked", request(func(r *Request) { r.Client = ours }), signedIn(func(s *Session) { s.ConsentScopes = nil }), Issue, "", "s1"},
		{"first party is asked when it wishes", request(func(r *Request) { r.Client = ours; r.Prompt = []string{"consent"} }), signedIn(nil), Consent, "", "s1"},
		{"an app behind a custom scheme is asked each time", request(func(r *Request) { r.Client = native; r.RedirectURI = "com.example.app:/cb" }), signedIn(nil), Consent, "", "s1"},
		{"nor on a loopback port", request(func(r *Request) { r.Client = native; r.RedirectURI = "http://127.0.0.1:5/cb" }), signedIn(nil), Consent, "", "s1"},
		{"an app behind a claimed https URI isn't", request(func(r *Request) { r.Client = native }), signedIn(nil), Issue, "", "s1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Next(test.request, test.state, now)
			if got.Kind != test.kind || got.Error != test.err || got.Session.ID != test.session {
				t.Errorf("got kind %d, error %q, session %q; want %d, %q, %q", got.Kind, got.Error, got.Session.ID, test.kind, test.err, test.session)
			}
		})
	}
}

func TestClaimNames(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "{": 0, `[]`: 0, `{"userinfo":{"name":null,"sub":{"value":"1"}}}`: 1,
		`{"id_token":{"email":{"essential":true},"acr":{"values":["2"]}},"userinfo":{"email":null,"phone_number":null}}`: 2,
		`{"userinfo":{"phone_number address":null,"Email":null,"x":null},"id_token":{"":null}}`:                          0,
	} {
		if got := ClaimNames(web, nil, text); len(got) != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, bad := range []string{"{", "[]", `{"userinfo":5}`, `{} {}`} {
		if _, err := ParseClaims(bad); err == nil {
			t.Errorf("%s is taken for a claims parameter", bad)
		}
	}
}

// The ID token answers an essential acr with one of its values, and never with more than there was.
func TestAnsweredACR(t *testing.T) {
	for _, test := range []struct {
		essential []string
		has, want string
	}{
		{nil, "1", "1"}, {nil, "2", "2"}, {[]string{"1"}, "2", "1"}, {[]string{"1", "2"}, "2", "2"}, {[]string{"phr", "1"}, "1", "1"},
	} {
		s := signedIn(func(s *Session) { s.ACR = test.has })
		step := Next(request(func(r *Request) { r.EssentialACR = test.essential }), s, now)
		if step.Kind != Issue || step.Session.ACR != test.want {
			t.Errorf("%v with %s: %+v", test.essential, test.has, step)
		}
	}
}
