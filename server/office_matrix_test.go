package server_test

import (
	"net/http"
	"slices"
	"testing"

	"pratu/flows/connectors"
	"pratu/flows/office"
	"pratu/flows/webhooks"
	"pratu/server/formtest"
)

// posted is something that is done in the console with an action. ours says of a title owner's whether it is about what is
// theirs. What is posted changes nothing: who may hears what is wrong with it.
type posted struct {
	action office.Action
	ours   bool
	path   string
	pairs  []string
}

// Each action is done by a form, by each role: let in or refused as the table says (role × action).
func TestOfficeMatrix(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		at := s.titles()
		_, err := s.social.Connectors.Create(t.Context(), connectors.Document{Kind: connectors.KindOIDC, ID: "corp", ClientID: "x", Settings: connectors.Settings{Issuer: "https://idp.test"}})
		must(t, err)
		hook, _, err := s.office.CreateWebhook(t.Context(), office.Host(), webhooks.Settings{URL: "https://crm.test/", Events: []string{"account.created"}})
		must(t, err)
		closed, _ := s.appointed("closed@x.test")
		must(t, s.office.DeleteAccount(t.Context(), office.Host(), closed.SSOID))
		mali, gone := "/admin/accounts/"+number(s.mali.SSOID), "/admin/accounts/"+number(closed.SSOID)
		list := []posted{
			{office.WriteClients, false, "/admin/new-client?kind=web", nil},
			{office.WriteClients, false, "/admin/clients/web1", []string{"action", "forget-redirect", "uri", "x"}},
			{office.WriteClients, true, "/admin/clients/dragons", []string{"action", "forget-redirect", "uri", "x"}},
			{office.RotateSecrets, false, "/admin/clients/web1", []string{"action", "end-old"}},
			{office.RotateSecrets, true, "/admin/clients/dragons-server", []string{"action", "end-old"}},
			{office.RotateSecrets, false, "/admin/clients/web1/access", []string{"action", "revoke", "key", "none"}},
			{office.ReadAccounts, false, "/admin/accounts", []string{"q", "nobody"}},
			{office.WriteAccounts, false, mali, []string{"action", "disable"}},
			{office.WriteAccounts, false, mali, []string{"action", "enable"}},
			{office.WriteAccounts, false, mali, []string{"action", "end-sessions"}},
			{office.WriteAccounts, false, mali, []string{"action", "reset-factors", "confirm", "1"}},
			{office.DeleteAccounts, false, gone, []string{"action", "delete", "confirm", "1"}},
			{office.MergeAccounts, false, mali, []string{"action", "preview-merge", "into", number(s.mali.SSOID)}},
			{office.MergeAccounts, false, mali, []string{"action", "merge", "into", number(s.mali.SSOID), "confirm", "1"}},
			{office.ExportAccounts, false, mali, []string{"action", "export"}},
			{office.ReadPlayers, false, "/admin/titles/tigers", nil},
			{office.ReadPlayers, true, "/admin/titles/dragons", nil},
			{office.WritePlayers, false, at["tigers"], []string{"action", "ban"}},
			{office.WritePlayers, true, at["dragons"], []string{"action", "ban"}},
			{office.WriteConnectors, false, "/admin/new-connector?kind=oidc", nil},
			{office.WriteConnectors, false, "/admin/connectors/corp", []string{"action", "enable"}},
			{office.ReadAudit, false, "/admin/audit", []string{"event", "nothing"}},
			{office.WriteWebhooks, false, "/admin/webhooks", nil},
			{office.WriteWebhooks, false, "/admin/webhooks/" + hook.ID, []string{"action", "enable"}},
			{office.RotateKeys, false, "/admin/keys", []string{"confirm", "1"}},
			{office.SendMail, false, "/admin/mail", []string{"action", "retry", "message", "none"}},
			{office.WriteRoles, false, "/admin/roles", []string{"action", "grant", "account", "nobody@x.test", "role", "auditor"}},
		}
		tried := map[office.Action]bool{}
		for _, role := range office.Roles() {
			_, b := s.appointed(role+"@x.test", role)
			csrf := formtest.Find(t, b.get("/admin/titles/dragons").body, "find").Values
			for _, p := range list {
				tried[p.action] = true
				extent := office.ExtentOf(p.action, role)
				may := extent == office.All || extent == office.Own && p.ours
				away := []int{http.StatusForbidden}
				if role == office.TitleOwner && !may { // what isn't theirs isn't there
					away = append(away, http.StatusNotFound)
				}
				answer := b.send(post(p.path, changed(csrf, p.pairs...)))
				if out := slices.Contains(away, answer.StatusCode); out == may || answer.StatusCode >= 500 || may && answer.StatusCode == http.StatusNotFound {
					t.Errorf("%s, %s: POST %s %v: %d %s", role, p.action, p.path, p.pairs, answer.StatusCode, answer.Header.Get("Location"))
				}
			}
		}
		read := []office.Action{office.ReadWebhooks, office.CreateAccounts, office.ImportAccounts, office.WriteBindings} // what only shows a page: TestOfficePermissions; no page creates accounts or bindings
		for _, action := range officeActions {
			read = append(read, action)
		}
		for _, action := range office.Actions() {
			if !tried[action] && !slices.Contains(read, action) {
				t.Errorf("nothing tries %s", action)
			}
		}
	})
}
