package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"pratu/flows/connectors"
	"pratu/flows/office"
	"pratu/flows/webhooks"
)

// forged is a form of the console that somebody may not send.
type forged struct {
	path   string
	need   office.Action
	fields string
	ours   bool // a title owner's: it is about their title
}

// consoleForms are all that the console has, each as it would do something (role × action, by POST).
func (s *site) consoleForms() (list []forged) {
	s.t.Helper()
	player := s.titles()
	_, err := s.social.Connectors.Create(s.t.Context(), connectors.Document{Kind: connectors.KindOIDC, ID: "corp", ClientID: "x", Settings: connectors.Settings{Issuer: "https://idp.test"}})
	must(s.t, err)
	hook, _, err := s.office.CreateWebhook(s.t.Context(), office.Host(), webhooks.Settings{URL: "https://crm.test/", Events: []string{"account.created"}})
	must(s.t, err)
	person, client, corp, crm := "/admin/accounts/"+number(s.mali.SSOID), "/admin/clients/web1", "/admin/connectors/corp", "/admin/webhooks/"+hook.ID
	add := func(path string, need office.Action, forms ...string) {
		for _, fields := range forms {
			list = append(list, forged{path: path, need: need, fields: fields})
		}
	}
	add("/admin/new-client", office.WriteClients, "kind=machine&client_id=forged&client_name=x")
	add(client, office.WriteClients, "action=save&client_name=x", "action=disable", "action=enable", "action=check&client_name=x", "action=try",
		"action=add-redirect&uri=https://x.test/&confirm=1", "action=forget-redirect&uri=https://x.test/", "action=logo", "action=drop-logo",
		"action=delete&confirm=1")
	add(client, office.RotateSecrets, "action=rotate&overlap=1", "action=end-old")
	add(client, office.ReadAccounts, "action=preview&account="+malisMail)
	add(client+"/access", office.WriteClients, "action=save&permission=accounts.read")
	add(client+"/access", office.RotateSecrets, "action=create&expires_in=90", "action=revoke&key=x")
	add("/admin/accounts", office.ReadAccounts, "q=mali")
	add(person, office.WriteAccounts, "action=disable&reason=x", "action=enable", "action=end-sessions", "action=reset-factors&confirm=1")
	add(person, office.DeleteAccounts, "action=delete&confirm=1")
	add(person, office.MergeAccounts, "action=preview-merge&into=21992040", "action=merge&into=21992040&from-version=1&into-version=1&confirm=1")
	add(person, office.ExportAccounts, "action=export")
	add("/admin/roles", office.WriteRoles, "action=grant&account="+malisMail+"&role=owner", "action=revoke&account="+malisMail+"&role=owner")
	add("/admin/new-connector", office.WriteConnectors, "kind=oidc&connector.id=evil&connector.client_id=x&connector.name=x&connector.issuer=https://evil.test")
	add(corp, office.WriteConnectors, "action=save&connector.client_id=evil", "action=disable", "action=enable", "action=delete&confirm=1")
	add("/admin/audit", office.ReadAudit, "event=x")
	add("/admin/webhooks", office.WriteWebhooks, "url=https://evil.test/&event=account.created")
	add(crm, office.WriteWebhooks, "action=save&url=https://evil.test/&event=account.created", "action=disable", "action=enable", "action=rotate", "action=test", "action=replay&delivery=x",
		"action=delete&confirm=1")
	add("/admin/keys", office.RotateKeys, "confirm=1&compromised=1")
	add("/admin/mail", office.SendMail, "action=test", "action=test-text", "action=retry")
	add("/admin/titles/tigers", office.ReadPlayers, "q=x")
	add(player["tigers"], office.WritePlayers, "action=ban&reason=x", "action=unban")
	return append(list,
		forged{"/admin/titles/dragons", office.ReadPlayers, "q=x", true}, forged{player["dragons"], office.WritePlayers, "action=ban&reason=x", true},
		forged{"/admin/clients/dragons-server", office.WriteClients, "action=delete&confirm=1", false},
		forged{"/admin/clients/dragons", office.WriteClients, "action=save&first_party=1", false},
	)
}

// Each form of the console is sent by each role that may not do what it does. It is refused, and leaves nothing behind.
func TestOfficeForms(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		forms := s.consoleForms()
		for _, role := range office.Roles() {
			account, b := s.appointed(role+"@x.test", role)
			own := url.Values{"csrf": {b.csrfOf()}, "owner": {number(account.SSOID)}, "version": {"1"}}
			actor := must1(s.office.Of(t.Context(), account.ID))(t)
			before, tried := s.count(`SELECT COUNT(*) FROM audit`), 0
			for _, f := range forms {
				if actor.Everywhere(f.need) || f.ours && actor.May(f.need) {
					continue
				}
				tried++
				form := must1(url.ParseQuery(f.fields))(t)
				for name := range own {
					form.Set(name, own.Get(name))
				}
				if f.need == office.WriteClients && f.path == "/admin/clients/dragons" {
					form.Set("version", number(int64(must1(s.clients.Find(t.Context(), "dragons"))(t).UpdatedAt)))
				}
				if answer := b.send(post(f.path, form)); answer.StatusCode != http.StatusForbidden && answer.StatusCode != http.StatusNotFound {
					t.Errorf("%s sends %s to %s: %d %s", role, f.fields, f.path, answer.StatusCode, answer.Header.Get("Location"))
				}
			}
			if after := s.count(`SELECT COUNT(*) FROM audit`); after != before {
				t.Errorf("%s: %d events by forms that were refused", role, after-before)
			}
			if many := map[string]int{office.Support: 25, office.Auditor: 30, office.TitleOwner: 40}[role]; tried < many {
				t.Errorf("%s: %d forms only", role, tried)
			}
		}
	})
}
