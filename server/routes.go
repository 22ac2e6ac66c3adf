// Package server owns the one table of routes: which class a route is of, its methods, its path, who answers. What the
// classes mean is server/web's, what the answers are server/oauth's and server/pages'.
package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"pratu/flows/issuer"
	"pratu/server/adminapi"
	"pratu/server/console"
	"pratu/server/game"
	"pratu/server/identity"
	"pratu/server/oauth"
	"pratu/server/pages"
	"pratu/server/web"
)

// Deps are what the routes lead to.
type Deps struct {
	Web      *web.Kernel
	OAuth    *oauth.Server
	Pages    *pages.Server
	Identity *identity.Server
	Game     *game.Server

	Console *console.Server
	API     *adminapi.Server
}

// class wraps a handler with what all routes of a kind share: headers, checks, the shape of errors.
type class func(web.Handler) http.Handler

// route is one line of the table. GET answers HEAD as well.
type route struct {
	class   class
	methods string
	path    string
	handler web.Handler
}

// table is every route there is.
func table(d Deps) []route {
	k, o, p, g, i := d.Web, d.OAuth, d.Pages, d.Game, d.Identity
	return append(office(k, d.Console, d.API), []route{
		{k.Protocol, "GET", issuer.PathDiscovery, o.Discovery},
		{k.Protocol, "GET", issuer.PathServerMetadata, o.ServerMetadata},
		{k.Protocol, "GET", issuer.PathJWKS, o.JWKS},
		{k.Front, "GET POST", issuer.PathAuthorize, o.Authorization},
		{k.Front, "GET", issuer.PathContinue, o.Continue},
		{k.Front, "GET POST", issuer.PathLogout, o.Logout},
		{k.Embedded, "GET", issuer.PathSession, o.CheckSession},
		{k.Protocol, "POST OPTIONS", issuer.PathToken, o.Token},
		{k.Protocol, "GET POST OPTIONS", issuer.PathUserinfo, o.Userinfo},
		{k.Protocol, "POST", issuer.PathIntrospect, o.Introspect},
		{k.Protocol, "POST OPTIONS", issuer.PathRevoke, o.Revoke},
		{k.Protocol, "POST OPTIONS", issuer.PathPAR, o.PAR},
		{k.Protocol, "POST OPTIONS", issuer.PathDeviceRequest, o.Device},
		{k.Protocol, "POST", issuer.PathRegister, o.Register},
		{k.Protocol, "GET PUT DELETE", issuer.PathRegister + "/{client}", o.Registration},

		{k.Protocol, "GET", i.Base + i.LookupPath, i.Lookup}, // before accounts, since it may be below them
		{k.Protocol, "GET", i.Base + issuer.PathAccounts, i.Search},
		{k.Protocol, "POST", i.Base + issuer.PathAccountsSearch, i.SearchMany},
		{k.Protocol, "GET", i.Base + issuer.PathAccounts + "/", i.Account},
		{k.Protocol, "GET", i.Base + issuer.PathAccounts + "/{id}", i.Account},
		{k.Protocol, "POST", i.PartnerPath, i.Exchange},

		{k.Interaction, "GET", issuer.PathLogin, p.SignIn},
		{k.Interaction, "POST", issuer.PathLogin, p.SignInPost},
		{k.Interaction, "GET", issuer.PathSignUp, p.SignUp},
		{k.Interaction, "POST", issuer.PathSignUp, p.SignUpPost},
		{k.Interaction, "GET", issuer.PathSignUpVerify, p.Verify},
		{k.Interaction, "POST", issuer.PathSignUpVerify, p.VerifyPost},
		{k.SecretInteraction, "GET", issuer.PathSignUpLink, p.Link},
		{k.SecretInteraction, "POST", issuer.PathSignUpLink, p.LinkPost},
		{k.Interaction, "GET", issuer.PathSelectAccount, p.SelectAccount},
		{k.Interaction, "POST", issuer.PathSelectAccount, p.SelectAccountPost},
		{k.Interaction, "GET", issuer.PathConsent, p.Consent},
		{k.Interaction, "POST", issuer.PathConsent, p.ConsentPost},
		{k.Interaction, "GET", issuer.PathDevice, p.Device},
		{k.Interaction, "POST", issuer.PathDevice, p.DevicePost},
		{k.Interaction, "GET", issuer.PathDeviceDone, p.DeviceDone},
		{k.Interaction, "GET", issuer.PathSignOut, p.SignOut},
		{k.Interaction, "POST", issuer.PathSignOut, p.SignOutPost},
		{k.Interaction, "GET", issuer.PathSignedOut, p.SignedOut},
		{k.Interaction, "GET POST", issuer.PathLanguage, p.Language},

		{k.Page, "GET", "/", p.Home},
		{k.Page, "GET", issuer.PathAccount, p.Account},
		{k.Leaving, "GET", issuer.PathAccountConfirm, p.Confirm},
		{k.Leaving, "POST", issuer.PathAccountConfirm, p.ConfirmPost},
		{k.Secret, "GET", issuer.PathSetup + "/{token}", p.Setup},
		{k.Secret, "POST", issuer.PathSetup + "/{token}", p.SetupPost},
		{k.Secret, "GET", issuer.PathLoginLink + "/{token}", p.LoginLink},
		{k.Secret, "POST", issuer.PathLoginLink + "/{token}", p.LoginLinkPost},
		{k.Page, "GET", issuer.PathDevMail, p.DevMails},
		{k.Page, "GET", issuer.PathDevMail + "/{name}", p.DevMail},

		{k.Page, "GET", issuer.PathAccountProfile, p.Profile},
		{k.Page, "POST", issuer.PathAccountProfile, p.ProfilePost},
		{k.Page, "GET", issuer.PathAccountPassword, p.Password},
		{k.Page, "POST", issuer.PathAccountPassword, p.PasswordPost},
		{k.Page, "GET", issuer.PathAccountSessions, p.Sessions},
		{k.Page, "POST", issuer.PathAccountSessions, p.SessionsPost},
		// Contacts and recovery.
		{k.Interaction, "GET", issuer.PathRecover, p.Recover},
		{k.Interaction, "POST", issuer.PathRecover, p.RecoverPost},
		{k.SecretInteraction, "GET", issuer.PathRecoverVerify, p.RecoverVerify},
		{k.SecretInteraction, "POST", issuer.PathRecoverVerify, p.RecoverVerifyPost},
		{k.SecretInteraction, "GET", issuer.PathRecoverLink, p.RecoverLink},
		{k.SecretInteraction, "POST", issuer.PathRecoverLink, p.RecoverLinkPost},
		{k.Page, "GET", issuer.PathAccountContacts, p.Contacts},
		{k.Page, "POST", issuer.PathAccountContacts, p.ContactsPost},
		{k.Secret, "GET", issuer.PathAccountContactsVerify, p.ContactVerify},
		{k.Secret, "POST", issuer.PathAccountContactsVerify, p.ContactVerifyPost},
		{k.Secret, "GET", issuer.PathEndSession + "/{token}", p.EndSession},
		{k.Secret, "POST", issuer.PathEndSession + "/{token}", p.EndSessionPost},
		{k.Page, "GET", issuer.PathAccountApplications, p.Applications},
		{k.Page, "POST", issuer.PathAccountApplications, p.ApplicationsPost},
		{k.Interaction, "GET", issuer.PathLoginCode, p.LoginCode},
		{k.Interaction, "POST", issuer.PathLoginCode, p.LoginCodePost},
		{k.Interaction, "GET", issuer.PathLoginCodeVerify, p.LoginCodeVerify},
		{k.Interaction, "POST", issuer.PathLoginCodeVerify, p.LoginCodeVerifyPost},
		{k.Interaction, "GET", issuer.PathLoginFactor, p.Factor},
		{k.Interaction, "POST", issuer.PathLoginFactor, p.FactorPost},
		{k.Page, "GET", issuer.PathAccountSecurity, p.Security},
		{k.Page, "GET", issuer.PathAccountAuthenticator, p.Authenticator},
		{k.Page, "POST", issuer.PathAccountAuthenticator, p.AuthenticatorPost},
		{k.Page, "GET", issuer.PathAccountRecoveryCodes, p.RecoveryCodes},
		{k.Page, "POST", issuer.PathAccountRecoveryCodes, p.RecoveryCodesPost},
		{k.Page, "GET", issuer.PathAccountActivity, p.Activity},
		{k.Page, "GET", issuer.PathAccountLookups, p.Lookups},
		{k.Page, "POST", issuer.PathAccountLookups, p.LookupsPost},
		{k.Page, "GET", issuer.PathAccountPartners, p.Partners},
		{k.Page, "POST", issuer.PathAccountPartners, p.PartnersPost},
		{k.Page, "GET", issuer.PathAccountData, p.Data},
		{k.Page, "POST", issuer.PathAccountData, p.DataPost},
		{k.Page, "GET", issuer.PathAccountDelete, p.Delete},
		{k.Page, "POST", issuer.PathAccountDelete, p.DeletePost},
		{k.Interaction, "GET", issuer.PathLoginKeep, p.Keep},
		{k.Interaction, "POST", issuer.PathLoginKeep, p.KeepPost},
		{k.Interaction, "GET", issuer.PathLoginPasskey, p.PasskeyAgain},
		{k.Interaction, "POST", issuer.PathLoginPasskey, p.PasskeyPost},
		{k.Interaction, "GET", issuer.PathPasskeyOptions, p.PasskeyOptions},
		{k.Interaction, "GET", issuer.PathPasskeyOffer, p.PasskeyOffer},
		{k.Interaction, "POST", issuer.PathPasskeyOffer, p.PasskeyOfferPost},
		{k.Leaving, "GET", issuer.PathAccountConfirmPasskey, p.Confirm},
		{k.Leaving, "POST", issuer.PathAccountConfirmPasskey, p.ConfirmPasskey},
		{k.Page, "GET", issuer.PathAccountPasskeys, p.PasskeyList},
		{k.Page, "POST", issuer.PathAccountPasskeys, p.PasskeyListPost},
		{k.Protocol, "GET", issuer.PathPasskeys, p.PasskeyEndpoints},
		{k.Protocol, "GET", issuer.PathChangePassword, p.ChangePassword},

		{k.Leaving, "GET", issuer.PathAccountLogins, p.Logins},
		{k.Leaving, "POST", issuer.PathAccountLogins, p.LoginsPost},
		{k.Interaction, "POST", issuer.PathFederation + "/{connector}", p.Federation},
		{k.Front, "GET POST", issuer.PathFederation + "/{connector}/callback", p.FederationCallback},

		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/login", g.Login},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/register", g.Register},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/verifyAccount", g.VerifyAccount},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/resendEmail", g.ResendEmail},
		{k.Enveloped, "GET OPTIONS", issuer.PathGameAuth + "/refreshToken", g.RefreshToken},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/logout", g.Logout},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/guest", g.Guest},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/registerOrLogin/{provider}", g.RegisterOrLogin},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/link/password", g.LinkPassword},
		{k.Enveloped, "POST OPTIONS", issuer.PathGameAuth + "/link/{provider}", g.Link},
		{k.Enveloped, "GET OPTIONS", issuer.PathGame + "/user", g.User},
		{k.Enveloped, "GET", issuer.PathGame + "/openapi.json", g.OpenAPI},
		{k.Enveloped, "GET OPTIONS", issuer.PathPlayer, g.Player},
		{k.Enveloped, "GET", issuer.PathPlayers + "/{id}", g.PlayerByID},
		{k.Enveloped, "PATCH", issuer.PathPlayers + "/{id}", g.UpdatePlayer},
		{k.Enveloped, "POST", issuer.PathPlayers + "/{id}/ledger", g.AppendLedger},
		{k.Enveloped, "PUT DELETE", issuer.PathPlayers + "/{id}/ban", g.Ban},

		{k.Protocol, "GET", issuer.PathClientLogo + "/{client}", o.Logo},
		{k.Protocol, "GET", issuer.PathClientStyle + "/{accent}", o.Style},
		{plain, "GET", issuer.PathStatic + "/{name}", k.Renderer.Static},
	}...)
}

// office is the part of the table for administrators.
func office(k *web.Kernel, c *console.Server, api *adminapi.Server) []route {
	list := []route{
		{k.Page, "GET", issuer.PathAdmin, c.Dashboard},
		{k.Page, "GET", issuer.PathAdminEnter, c.Enter},
		{k.Page, "GET", issuer.PathAdminClients, c.Clients},
		{k.Secret, "GET", issuer.PathAdminTrial, c.Trial},
		{k.Page, "GET", issuer.PathAdminAPI + "/", c.APIDocument},
		{k.Page, "GET", issuer.PathAdminNew, c.NewClient},
		{k.Page, "POST", issuer.PathAdminNew, c.NewClientPost},
		{k.Page, "GET", issuer.PathAdminClients + "/{client}", c.Client},
		{k.Upload, "POST", issuer.PathAdminClients + "/{client}", c.ClientPost},
		{k.Page, "GET POST", issuer.PathAdminAccounts, c.Accounts},
		{k.Page, "GET", issuer.PathAdminAccounts + "/{account}", c.Account},
		{k.Page, "POST", issuer.PathAdminAccounts + "/{account}", c.AccountPost},
		{k.Page, "GET", issuer.PathAdminClients + "/{client}/access", c.Access},
		{k.Page, "POST", issuer.PathAdminClients + "/{client}/access", c.AccessPost},
		{k.Page, "GET", issuer.PathAdminTitles, c.Titles},
		{k.Page, "GET POST", issuer.PathAdminTitles + "/{title}", c.Title},
		{k.Page, "GET", issuer.PathAdminTitles + "/{title}/players/{player}", c.Player},
		{k.Page, "POST", issuer.PathAdminTitles + "/{title}/players/{player}", c.PlayerPost},
		{k.Page, "GET", issuer.PathAdminConnectors, c.Connectors},
		{k.Page, "GET", issuer.PathAdminNewConnector, c.NewConnector},
		{k.Page, "POST", issuer.PathAdminNewConnector, c.NewConnectorPost},
		{k.Page, "GET", issuer.PathAdminConnectors + "/{connector}", c.Connector},
		{k.Page, "POST", issuer.PathAdminConnectors + "/{connector}", c.ConnectorPost},
		{k.Page, "GET", issuer.PathAdminRoles, c.Roles},
		{k.Page, "POST", issuer.PathAdminRoles, c.RolesPost},
		{k.Page, "GET", issuer.PathAdminAudit, c.Audit},
		{k.Page, "POST", issuer.PathAdminAudit, c.AuditPost},
		{k.Page, "GET", issuer.PathAdminWebhooks, c.Webhooks},
		{k.Page, "POST", issuer.PathAdminWebhooks, c.WebhooksPost},
		{k.Page, "GET", issuer.PathAdminWebhooks + "/{webhook}", c.Webhook},
		{k.Page, "POST", issuer.PathAdminWebhooks + "/{webhook}", c.WebhookPost},
		{k.Page, "GET", issuer.PathAdminKeys, c.SigningKeys},
		{k.Page, "POST", issuer.PathAdminKeys, c.SigningKeysPost},
		{k.Page, "GET", issuer.PathAdminMail, c.Mail},
		{k.Page, "POST", issuer.PathAdminMail, c.MailPost},
		{k.Page, "GET", issuer.PathAdminSettings, c.Running},
	}
	for _, r := range api.Routes() {
		list = append(list, route{k.Protocol, r.Methods, r.Path, r.Handler})
	}
	return list
}

// plain adds nothing: static files set their own headers.
func plain(h web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			web.EventOf(r.Context()).Set("cause", err.Error())
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	})
}

// Handler answers everything on the public listener.
func Handler(d Deps) http.Handler {
	// A path is taken as it was sent: cleaning it would answer //evil with a redirect to another host, and decoding it
	// would let an encoded slash choose another route.
	m := mux.NewRouter().SkipClean(true).UseEncodedPath()
	literal := map[string]http.Handler{} // mux tries one pattern after the other, and there are many
	base := d.Web.Issuer.Path()
	var order []string
	methods := map[string]map[string]http.Handler{}
	for _, line := range table(d) {
		if methods[line.path] == nil {
			methods[line.path] = map[string]http.Handler{}
			order = append(order, line.path)
		}
		for _, method := range strings.Fields(line.methods) {
			methods[line.path][method] = line.class(line.handler)
		}
	}
	for _, path := range order {
		h := web.Route(path, values(byMethod(d.Web, methods[path])))
		if strings.Contains(path, "{") {
			m.Handle(base+path, h)
			continue
		}
		literal[base+path] = h
		if base != "" && (path == issuer.PathServerMetadata || path == issuer.PathDiscovery) {
			literal[path+base] = h // RFC 8414 section 3.1: between host and path
		}
		if base != "" && (path == issuer.PathPasskeys || path == issuer.PathChangePassword) {
			literal[path] = h // browsers look at the host's own, and nowhere else
		}
	}
	m.NotFoundHandler = notFound(d)
	return d.Web.Outermost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := literal[r.URL.EscapedPath()]; ok {
			h.ServeHTTP(w, r)
			return
		}
		m.ServeHTTP(w, r)
	}))
}

// notFound tells people with a page and programs with JSON.
func notFound(d Deps) http.Handler {
	page := d.Web.Page(slashed(d))
	data := d.Web.Answer(&web.PageError{Status: http.StatusNotFound, Code: "not_found", Message: "error.not_found"})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.Web.ForPrograms(r.URL.Path) {
			data.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// slashed leads an administrator who typed an address with a slash too many to the page, and to that of the API with one too
// few. Anywhere else there is nothing.
func slashed(d Deps) web.Handler {
	base := d.Web.Issuer.Path()
	return func(w http.ResponseWriter, r *http.Request) error {
		typed := strings.TrimPrefix(r.URL.EscapedPath(), base)
		path := strings.TrimSuffix(typed, "/")
		if path == issuer.PathAdminAPI {
			path += "/"
		}
		looks := r.Method == http.MethodGet || r.Method == http.MethodHead
		if looks && path != typed && !strings.HasSuffix(typed, "//") && (path == issuer.PathAdmin || strings.HasPrefix(path, issuer.PathAdmin+"/")) {
			return d.Web.Redirect(w, path, r.URL.Query())
		}
		return d.Pages.NotFound(w, r)
	}
}

// values hands the parts of the path to handlers, which don't know the router.
func values(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range mux.Vars(r) {
			r.SetPathValue(name, value)
		}
		h.ServeHTTP(w, r)
	})
}

// byMethod answers 405 with what would do. The method is the request line's and no header's.
func byMethod(k *web.Kernel, handlers map[string]http.Handler) http.Handler {
	var names []string
	for name := range handlers {
		if name != http.MethodOptions { // a preflight is no way to use a route
			names = append(names, name)
		}
	}
	slices.Sort(names)
	allow := strings.Join(names, ", ")
	if get, ok := handlers[http.MethodGet]; ok {
		handlers[http.MethodHead] = get // net/http leaves the body out
	}
	refused := k.Answer(&web.PageError{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "error.method"})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := handlers[r.Method]; ok {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		refused.ServeHTTP(w, r)
	})
}
