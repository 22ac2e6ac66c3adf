package main

// alias is our part of the suite's addresses.
const alias = "pratu"

// The suite's browser does what its configuration says: for an address that it is sent to, tasks for pages that come, each
// with commands. The ids here are those of our pages.
type (
	command []any
	task    struct {
		Task     string    `json:"task"`
		Match    string    `json:"match"`
		Optional bool      `json:"optional,omitempty"`
		Commands []command `json:"commands,omitempty"`
	}
	visit struct {
		Match string `json:"match"`
		Tasks []task `json:"tasks"`
	}
)

// seconds is how long the browser waits for something.
const seconds = 10

// picture puts what the page looks like into the log, where somebody from the Foundation looks at it.
func picture(text, where string) command {
	return command{"wait", "xpath", "//*", seconds, text, where}
}

const (
	needed = "update-image-placeholder"
	useful = "update-image-placeholder-optional"
)

// config is a plan's configuration: where we are, and what a person does there.
func (p provider) config() map[string]any {
	signIn := p.visitAuthorize(p.login(), p.consent())
	override := map[string]any{}
	for _, module := range []string{"oidcc-prompt-login", "oidcc-max-age-1"} {
		override[module] = browser(p.visitAuthorize(p.login(picture(".", useful)), p.consent()), p.visitLogout())
	}
	for _, module := range []string{
		"oidcc-ensure-registered-redirect-uri", "oidcc-ensure-redirect-uri-in-authorization-request", "oidcc-redirect-uri-query-added",
		"oidcc-redirect-uri-query-mismatch", "oidcc-ensure-request-object-with-redirect-uri",
	} {
		override[module] = browser(visit{p.issuer + "/oauth2/authorize*", []task{p.seen("An error, and no way back", "/oauth2/authorize*")}})
	}
	for _, what := range []string{"logo", "policy", "tos"} {
		override["oidcc-registration-"+what+"-uri"] = browser(visit{p.issuer + "/oauth2/authorize*", []task{p.seen("What it says of itself", "/login*")}})
	}
	for _, what := range []string{
		"bad-post-logout-redirect-uri", "query-added-to-post-logout-redirect-uri", "modified-id-token-hint", "bad-id-token-hint", "no-id-token-hint",
		"no-params", "no-post-logout-redirect-uri", "only-state",
	} {
		override["oidcc-rp-initiated-logout-"+what] = browser(signIn, visit{p.issuer + "/oauth2/logout*", []task{p.confirm(), p.seen("Signed out here", "/*")}})
	}
	return map[string]any{
		"alias": alias, "description": "Pratu",
		"server":  map[string]any{"discoveryUrl": p.issuer + "/.well-known/openid-configuration", "login_hint": p.username},
		"client":  map[string]any{"client_name": "Conformance suite"},
		"client2": map[string]any{"client_name": "Conformance suite, second client"},
		"browser": []visit{signIn, p.visitLogout()}, "override": override,
	}
}

func browser(visits ...visit) map[string]any { return map[string]any{"browser": visits} }

// visitAuthorize ends at the suite; with form_post our page leads there by itself.
func (p provider) visitAuthorize(tasks ...task) visit {
	return visit{p.issuer + "/oauth2/authorize*", append(tasks,
		task{Task: "The answer goes by a form", Match: p.issuer + "/oauth2/authorize*", Optional: true, Commands: []command{{"wait", "contains", "/test/a/" + alias, seconds}}},
		task{Task: "Back at the suite", Match: "*/test/a/" + alias + "/callback*", Commands: []command{{"wait", "id", "submission_complete", seconds}}},
	)}
}

func (p provider) login(first ...command) task {
	return task{Task: "Sign in", Match: p.issuer + "/login*", Optional: true, Commands: append(first,
		command{"text", "id", "username", p.username, "optional"}, command{"text", "id", "password", p.password, "optional"},
		command{"click", "id", "sign-in-submit"},
	)}
}

func (p provider) consent() task {
	return task{Task: "Allow", Match: p.issuer + "/consent*", Optional: true, Commands: []command{{"click", "id", "consent-allow"}}}
}

func (p provider) confirm() task {
	return task{Task: "Yes, sign out", Match: p.issuer + "/sign-out*", Optional: true, Commands: []command{{"click", "id", "sign-out-confirm"}}}
}

func (p provider) seen(what, path string) task {
	return task{Task: what, Match: p.issuer + path, Commands: []command{picture(".", needed)}}
}

// visitLogout ends at the suite, where its frames have loaded on our page before.
func (p provider) visitLogout() visit {
	return visit{p.issuer + "/oauth2/logout*", []task{
		p.confirm(),
		{Task: "Frames load", Match: p.issuer + "/signed-out*", Optional: true, Commands: []command{{"wait", "contains", "/test/a/" + alias, seconds}}},
		{Task: "Back at the suite", Match: "*/test/a/" + alias + "/post*"},
	}}
}
