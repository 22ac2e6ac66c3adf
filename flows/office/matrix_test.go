package office_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/keys"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/secret"
	"pratu/flows/webhooks"
	"pratu/storage"
)

// deed is something that an action allows. ours says of a title owner's whether it is about what is theirs.
type deed struct {
	action office.Action
	name   string
	ours   bool
	do     func(ctx context.Context, w *world, a office.Actor) error
}

func noChange(*clients.Document) error { return nil }

// deeds are all that can be done here. One that isn't listed fails TestEveryActionIsTried.
var deeds = []deed{
	{office.ReadDashboard, "dashboard", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Dashboard(ctx, a, 7, time.UTC)
		return err
	}},
	{office.ReadClients, "list", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.FindClients(ctx, a, "", "", 10)
		return err
	}},
	{office.ReadClients, "one of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Client(ctx, a, "dragons")
		return err
	}},
	{office.ReadClients, "another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Client(ctx, a, "robot")
		return err
	}},
	{office.ReadClients, "calls of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.Usage(ctx, a, "dragons", 30, storage.CallCount{}, 10)
		return err
	}},
	{office.ReadClients, "calls of all", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.Usage(ctx, a, "", 30, storage.CallCount{}, 10)
		return err
	}},
	{office.WriteClients, "change of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.ChangeClient(ctx, a, "dragons", 0, noChange)
		return err
	}},
	{office.WriteClients, "change of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.ChangeClient(ctx, a, "robot", 0, noChange)
		return err
	}},
	{office.WriteClients, "more power", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.ChangeClient(ctx, a, "dragons", 0, func(d *clients.Document) error { d.Settings.FirstParty = !d.Settings.FirstParty; return nil })
		return err
	}},
	{office.WriteClients, "less protection", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.ChangeClient(ctx, a, "dragons", 0, func(d *clients.Document) error { d.RequirePAR = !d.RequirePAR; return nil })
		return err
	}},
	{office.WriteClients, "create", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.CreateClient(ctx, a, clients.Document{Kind: clients.KindMachine})
		return err
	}},
	{office.WriteClients, "delete", false, func(ctx context.Context, w *world, a office.Actor) error {
		c, _, err := w.Clients.Create(ctx, clients.Document{Kind: clients.KindMachine})
		if err != nil {
			return err
		}
		return w.DeleteClient(ctx, a, c.ID, 0)
	}},
	{office.RotateSecrets, "of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.RotateSecret(ctx, a, "server", 0)
		return err
	}},
	{office.RotateSecrets, "of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.RotateSecret(ctx, a, "robot", 0)
		return err
	}},
	{office.RotateSecrets, "end old", true, func(ctx context.Context, w *world, a office.Actor) error { return w.EndOldSecrets(ctx, a, "server") }},
	{office.ReadAccounts, "find", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.FindAccounts(ctx, a, "khun", "", 10)
		return err
	}},
	{office.ReadAccounts, "name", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Named(ctx, a, "nobody@x.test")
		return err
	}},
	{office.ReadAccounts, "look", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Account(ctx, a, w.victim)
		return err
	}},
	{office.WriteAccounts, "disable", false, func(ctx context.Context, w *world, a office.Actor) error {
		return w.DisableAccount(ctx, a, w.victim, "spam")
	}},
	{office.WriteAccounts, "enable", false, func(ctx context.Context, w *world, a office.Actor) error { return w.EnableAccount(ctx, a, w.victim) }},
	{office.WriteAccounts, "sign out", false, func(ctx context.Context, w *world, a office.Actor) error { return w.EndSessions(ctx, a, w.victim) }},
	{office.WriteAccounts, "reset", false, func(ctx context.Context, w *world, a office.Actor) error { return w.ResetFactors(ctx, a, w.victim) }},
	{office.WriteAccounts, "recovery", false, func(ctx context.Context, w *world, a office.Actor) error { return w.SendRecovery(ctx, a, w.victim) }},
	{office.CreateAccounts, "create", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.CreateAccount(ctx, a, accounts.New{Email: secret.ID() + "@x.test"})
		return err
	}},
	{office.ImportAccounts, "import", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Service.ImportAccounts(ctx, a, strings.NewReader("\n"), 1, nil, nil)
		return err
	}},
	{office.DeleteAccounts, "delete", false, func(ctx context.Context, w *world, a office.Actor) error {
		err := w.DeleteAccount(ctx, a, w.victim)
		if err == nil {
			err = w.Store.KeepAccount(ctx, w.victimID, storage.At(w.now()))
		}
		return err
	}},
	{office.MergeAccounts, "merge", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.PreviewMerge(ctx, a, w.victim, "nobody@x.test")
		if kind.Is(err, "merge.same") {
			err = nil
		}
		return err
	}},
	{office.ExportAccounts, "export", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.ExportAccount(ctx, a, w.victim)
		return err
	}},
	{office.ReadClients, "keys of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.FindAPIKeys(ctx, a, "server")
		return err
	}},
	{office.ReadClients, "keys of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.FindAPIKeys(ctx, a, "robot")
		return err
	}},
	{office.RotateSecrets, "a key of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		k, _, err := w.CreateAPIKey(ctx, a, "server", "", 0)
		if err != nil {
			return err
		}
		return w.RevokeAPIKey(ctx, a, "server", k.ID)
	}},
	{office.RotateSecrets, "a key of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.CreateAPIKey(ctx, a, "robot", "", 0)
		return err
	}},
	{office.RotateSecrets, "end another's key", false, func(ctx context.Context, w *world, a office.Actor) error {
		err := w.RevokeAPIKey(ctx, a, "robot", "none")
		if kind.Is(err, "api_key.unknown") { // it may, and there is none
			err = nil
		}
		return err
	}},
	{office.ReadClients, "registration tokens", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.RegistrationTokens(ctx, a)
		return err
	}},
	{office.WriteClients, "a registration token", false, func(ctx context.Context, w *world, a office.Actor) error {
		token, _, err := w.CreateRegistrationToken(ctx, a, "", 1, time.Hour)
		if err == nil {
			err = w.DeleteRegistrationToken(ctx, a, token.ID)
		}
		return err
	}},
	{office.WriteClients, "end a registration token", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("registration.unknown")(nil, w.DeleteRegistrationToken(ctx, a, "none"))
	}},
	{office.ReadAccounts, "bindings", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.FindBindings(ctx, a, w.victim, true)
		return err
	}},
	{office.WriteBindings, "bind and end", false, func(ctx context.Context, w *world, a office.Actor) error {
		b, err := w.Bind(ctx, a, w.victim, "truemoney", "tmn.1")
		if err == nil {
			_, err = w.EndBinding(ctx, a, b.ID)
		}
		return err
	}},
	{office.WriteBindings, "end", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("binding.unknown")(w.EndBinding(ctx, a, "none"))
	}},
	{office.ReadPlayers, "titles", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.FindTitles(ctx, a, "", 10)
		return err
	}},
	{office.ReadPlayers, "the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Title(ctx, a, "dragons")
		return err
	}},
	{office.ReadPlayers, "another title", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Title(ctx, a, "tigers")
		return err
	}},
	{office.ReadPlayers, "players of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.FindPlayers(ctx, a, "dragons", "", "", 10)
		return err
	}},
	{office.ReadPlayers, "players of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.FindPlayers(ctx, a, "tigers", "", "", 10)
		return err
	}},
	{office.ReadPlayers, "a player of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Player(ctx, a, "dragons", w.victimOID)
		return err
	}},
	{office.ReadPlayers, "a player of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Player(ctx, a, "tigers", w.victimOID)
		return err
	}},
	{office.ReadPlayers, "ledger of the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.Ledger(ctx, a, "dragons", w.victimOID, storage.Coin, 0, 10)
		return err
	}},
	{office.ReadPlayers, "ledger of another", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.Ledger(ctx, a, "tigers", w.victimOID, storage.Coin, 0, 10)
		return err
	}},
	{office.WritePlayers, "ban from the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		return w.BanPlayer(ctx, a, "dragons", w.victimOID, "cheating")
	}},
	{office.WritePlayers, "ban from another", false, func(ctx context.Context, w *world, a office.Actor) error {
		return w.BanPlayer(ctx, a, "tigers", w.victimOID, "cheating")
	}},
	{office.WritePlayers, "unban in the title", true, func(ctx context.Context, w *world, a office.Actor) error {
		return w.UnbanPlayer(ctx, a, "dragons", w.victimOID)
	}},
	{office.WritePlayers, "unban in another", false, func(ctx context.Context, w *world, a office.Actor) error {
		return w.UnbanPlayer(ctx, a, "tigers", w.victimOID)
	}},
	{office.ReadConnectors, "list", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.FindConnectors(ctx, a)
		return err
	}},
	{office.ReadConnectors, "one", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Connector(ctx, a, "corp")
		return err
	}},
	{office.ReadConnectors, "dependents", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Dependents(ctx, a, "corp")
		return err
	}},
	{office.WriteConnectors, "change", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.ChangeConnector(ctx, a, "corp", 0, func(*connectors.Document) error { return nil })
		return err
	}},
	{office.WriteConnectors, "create and delete", false, func(ctx context.Context, w *world, a office.Actor) error {
		if _, err := w.CreateConnector(ctx, a, connectors.Document{Kind: connectors.KindGoogle, ClientID: "x", Secret: "s"}); err != nil {
			return err
		}
		return w.DeleteConnector(ctx, a, "google", 0)
	}},
	{office.WriteConnectors, "delete", false, func(ctx context.Context, w *world, a office.Actor) error {
		err := w.DeleteConnector(ctx, a, "none", 0)
		if kind.Is(err, "connector.unknown") { // it may, and there is none
			err = nil
		}
		return err
	}},
	{office.ReadAudit, "record", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Events(ctx, a, storage.AuditFilter{Limit: 5}, "nobody@x.test")
		return err
	}},
	{office.ReadAudit, "export", false, func(ctx context.Context, w *world, a office.Actor) error {
		return w.Export(ctx, a, io.Discard, storage.AuditFilter{Event: "account.erased"}, "")
	}},
	{office.ReadWebhooks, "webhooks", false, func(ctx context.Context, w *world, a office.Actor) error { _, err := w.WebhookList(ctx, a); return err }},
	{office.ReadWebhooks, "webhook", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless(unknownWebhook)(w.Service.Webhook(ctx, a, "nothing"))
	}},
	{office.ReadWebhooks, "deliveries", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, _, err := w.Deliveries(ctx, a, "nothing", webhooks.Cursor{}, 1)
		return unless(unknownWebhook)(nil, err)
	}},
	{office.WriteWebhooks, "create", false, func(ctx context.Context, w *world, a office.Actor) error {
		hook, _, err := w.CreateWebhook(ctx, a, webhooks.Settings{URL: "https://crm.test/", Events: []string{"account.created"}})
		if err == nil {
			err = w.DeleteWebhook(ctx, a, hook.ID, 0)
		}
		return err
	}},
	{office.WriteWebhooks, "change", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless(unknownWebhook)(w.ChangeWebhook(ctx, a, "nothing", 0, nil))
	}},
	{office.WriteWebhooks, "rotate", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.RotateWebhookSecret(ctx, a, "nothing", 0)
		return unless(unknownWebhook)(nil, err)
	}},
	{office.WriteWebhooks, "delete", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless(unknownWebhook)(nil, w.DeleteWebhook(ctx, a, "nothing", 0))
	}},
	{office.WriteWebhooks, "trial", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless(unknownWebhook)(w.TestWebhook(ctx, a, "nothing"))
	}},
	{office.WriteWebhooks, "replay", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("webhook.delivery_unknown")(nil, w.ReplayDelivery(ctx, a, "nothing", "nothing"))
	}},
	{office.ReadKeys, "keys", false, func(ctx context.Context, w *world, a office.Actor) error { _, err := w.SigningKeys(ctx, a); return err }},
	{office.RotateKeys, "rotate", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.Service.RotateKeys(ctx, a, keys.RotateOptions{})
		return err
	}},
	{office.RotateKeys, "retire", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("key.unknown")(nil, w.RetireKey(ctx, a, "none"))
	}},
	{office.ReadMail, "messages", false, func(ctx context.Context, w *world, a office.Actor) error { _, err := w.Messages(ctx, a); return err }},
	{office.ReadMail, "message", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("message.unknown")(w.Message(ctx, a, "nothing"))
	}},
	{office.SendMail, "test", false, func(ctx context.Context, w *world, a office.Actor) error { _, err := w.TestMail(ctx, a); return err }},
	{office.SendMail, "text", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("sms.none")(w.TestText(ctx, a)) // none can be sent here
	}},
	{office.SendMail, "test for another", false, func(ctx context.Context, w *world, a office.Actor) error {
		return unless("test.account")(w.TestFor(ctx, a, 1, "mail"))
	}},
	{office.SendMail, "retry", false, func(ctx context.Context, w *world, a office.Actor) error {
		_, err := w.RetryMessage(ctx, a, "")
		if kind.Is(err, "outbox.unknown") { // there is none
			err = nil
		}
		return err
	}},
	{office.ReadSettings, "settings", false, func(_ context.Context, w *world, a office.Actor) error { return w.Settings(a) }},
	{office.ReadRoles, "holders", false, func(ctx context.Context, w *world, a office.Actor) error { _, err := w.Holders(ctx, a); return err }},
	{office.WriteRoles, "grant", false, func(ctx context.Context, w *world, a office.Actor) error {
		return w.Grant(ctx, a, w.victimID, office.Role{Name: office.Auditor})
	}},
	{office.WriteRoles, "revoke", false, func(ctx context.Context, w *world, a office.Actor) error {
		return w.Revoke(ctx, a, w.victimID, office.Role{Name: office.Auditor})
	}},
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }

const unknownWebhook = "webhook.unknown"

// unless takes a refusal for which one has to be let in.
func unless(code string) func(any, error) error {
	return func(_ any, err error) error {
		if kind.Is(err, code) {
			return nil
		}
		return err
	}
}

// Each cell of the table is tried, by each deed: allowed or refused as the table says (role × action). So is a machine with
// each scope, and with none.
func TestMatrix(t *testing.T) {
	tried := map[office.Action]bool{}
	each(t, func(w *world) {
		ctx := w.t.Context()
		must(t, w.Keys.Ensure(ctx))
		w.client(clients.Document{Kind: clients.KindGame, ClientID: "dragons"})
		w.client(clients.Document{Kind: clients.KindGame, ClientID: "tigers"})
		w.client(clients.Document{Kind: clients.KindMachine, ClientID: "robot"})
		w.client(clients.Document{Kind: clients.KindMachine, ClientID: "server", Settings: clients.Settings{Title: "dragons"}})
		_, err := w.Connectors.Create(ctx, connectors.Document{Kind: connectors.KindOIDC, ID: "corp", ClientID: "x", Settings: connectors.Settings{Issuer: "https://idp.test"}})
		must(t, err)
		victim, err := w.Accounts.Load(ctx, w.person("nobody").ID)
		must(t, err)
		w.victim, w.victimID, w.victimOID = victim.SSOID, victim.ID, victim.OID
		for _, title := range []string{"dragons", "tigers"} {
			_, err := w.Store.CreatePlayer(ctx, storage.Player{ID: secret.UUID(), AccountID: victim.ID, Title: title, Name: "Nok"})
			must(t, err)
		}
		actors := map[string]office.Actor{"nobody": {}, "a role that was lost": w.person("lost")}
		for _, role := range office.Roles() {
			actors[role] = w.person(role, role)
		}
		for name, actor := range actors {
			for _, d := range deeds {
				tried[d.action] = true
				extent := office.ExtentOf(d.action, name)
				want := extent == office.All || extent == office.Own && d.ours
				w.pass(time.Second)
				switch err := d.do(ctx, w, actor); {
				case want && err != nil:
					t.Errorf("%s may %s (%s): %v", name, d.action, d.name, err)
				case !want && !kind.Is(err, "office.forbidden") && !(extent == office.Own && (kind.Is(err, "client.unknown") || kind.Is(err, "title.unknown"))):
					t.Errorf("%s did %s (%s): %v", name, d.action, d.name, err)
				}
			}
		}
		for _, d := range deeds { // commands act as the host, which may all
			w.pass(time.Second)
			if err := d.do(ctx, w, office.Host()); err != nil && d.name != "test" { // it has no address
				t.Errorf("the host may %s (%s): %v", d.action, d.name, err)
			}
		}
		for _, scope := range append(office.Remote(), office.ReadDashboard, "") {
			machine := office.Machine("robot", []string{"openid", scope.Scope()})
			for _, d := range deeds {
				want := d.action == scope && scope != office.ReadDashboard
				if d.name == "test" { // it has no address
					continue
				}
				if err := d.do(ctx, w, machine); want == kind.Is(err, "office.forbidden") && err != nil || !want && err == nil {
					t.Errorf("a machine with %q does %s (%s): %v", scope, d.action, d.name, err)
				}
			}
		}
	})
	for _, action := range office.Actions() {
		if !tried[action] {
			t.Errorf("nothing tries %s", action)
		}
	}
}

// Who has a role is out of reach of who may not give roles; nobody shuts themselves out, and the last owner stays.
func TestHoldersAreSafe(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		owner, admin, support := w.person("owner", office.Owner), w.person("admin", office.Admin), w.person("support", office.Support)
		number := func(a office.Actor) int64 {
			x, err := w.Accounts.Load(ctx, a.ID)
			must(t, err)
			return x.SSOID
		}
		for name, c := range map[string]struct {
			actor office.Actor
			on    int64
			code  string
		}{
			"support on an owner":      {support, number(owner), "office.forbidden"},
			"support on an admin":      {support, number(admin), "office.forbidden"},
			"an admin on an owner":     {admin, number(owner), "office.forbidden"},
			"an admin on support":      {admin, number(support), "office.forbidden"},
			"a machine on an owner":    {office.Machine("robot", []string{"admin:accounts.write", "admin:accounts.delete"}), number(owner), "office.forbidden"},
			"an owner on themselves":   {owner, number(owner), "account.self"},
			"the host on a sole owner": {office.Host(), number(owner), "role.last_owner"},
		} {
			if err := w.DisableAccount(ctx, c.actor, c.on, "because"); !kind.Is(err, c.code) {
				t.Errorf("%s: disabled: %v", name, err)
			}
			if err := w.DeleteAccount(ctx, c.actor, c.on); !kind.Is(err, c.code) && !kind.Is(err, "office.forbidden") {
				t.Errorf("%s: deleted: %v", name, err)
			}
			if err := w.ResetFactors(ctx, c.actor, c.on); c.code != "role.last_owner" && !kind.Is(err, c.code) {
				t.Errorf("%s: reset: %v", name, err)
			}
		}
		must(t, w.DisableAccount(ctx, owner, number(admin), "left the company"))
		p, err := w.Account(ctx, owner, number(admin))
		if err != nil || p.Status != storage.StatusDisabled || p.Reason != "left the company" {
			t.Errorf("%+v, %v", p, err)
		}
		for _, reason := range []string{"", "  ", "two\nlines", string(make([]rune, 300))} {
			if err := w.DisableAccount(ctx, owner, number(support), reason); !kind.Is(err, "office.reason") {
				t.Errorf("%q: %v", reason, err)
			}
		}
		// A scope of the admin API is handed on by who has it, and by nobody else.
		scoped := clients.Document{Kind: clients.KindMachine, Metadata: clients.Metadata{Scope: "admin:clients.write admin:accounts.read"}}
		if _, _, err := w.CreateClient(ctx, office.Machine("robot", []string{"admin:clients.write"}), scoped); !kind.Is(err, "office.forbidden") {
			t.Errorf("a machine made a stronger one: %v", err)
		}
		if _, _, err := w.CreateClient(ctx, owner, scoped); err != nil {
			t.Error(err)
		}
		// What a client may ask about accounts is handed on by who may read them.
		asking := clients.Document{Kind: clients.KindMachine, ClientID: "asking", Settings: clients.Settings{Permissions: []string{clients.PermissionReadAny}}}
		writer := office.Machine("robot", []string{"admin:clients.write"})
		if _, _, err := w.CreateClient(ctx, writer, asking); !kind.Is(err, "office.forbidden") {
			t.Errorf("a machine made one that reads accounts: %v", err)
		}
		_, _, err = w.CreateClient(ctx, owner, asking)
		must(t, err)
		_, err = w.ChangeClient(ctx, writer, "asking", 0, func(d *clients.Document) error { d.ClientName = "Asking"; return nil })
		must(t, err)
		_, err = w.ChangeClient(ctx, writer, "asking", 0, func(d *clients.Document) error {
			d.Settings.Permissions = append(d.Settings.Permissions, clients.PermissionSearch)
			return nil
		})
		if !kind.Is(err, "office.forbidden") {
			t.Errorf("a machine lets one search accounts: %v", err)
		}
		for name, err := range map[string]error{
			"its secret": second(w.RotateSecret(ctx, office.Machine("robot", []string{"admin:clients.secrets"}), "asking", 0)),
			"a key":      third(w.CreateAPIKey(ctx, office.Machine("robot", []string{"admin:clients.secrets"}), "asking", "", 0)),
		} {
			if !kind.Is(err, "office.forbidden") {
				t.Errorf("a machine that may not read accounts has %s of one that may: %v", name, err)
			}
		}
		// Nor has anybody else the secret or the keys of who has it.
		w.client(clients.Document{ClientID: "dragons", Kind: clients.KindGame})
		scoped.ClientID, scoped.Settings.Title = "strong", "dragons"
		w.client(scoped)
		weak := office.Machine("robot", []string{"admin:clients.write", "admin:clients.secrets"})
		for name, actor := range map[string]office.Actor{"a machine": weak, "a title owner": w.person("dragon", office.TitleOwner)} {
			if _, err := w.RotateSecret(ctx, actor, "strong", 0); !kind.Is(err, "office.forbidden") {
				t.Errorf("%s has the secret of a stronger one: %v", name, err)
			}
			_, err := w.ChangeClient(ctx, actor, "strong", 0, func(d *clients.Document) error { d.JWKSURI = "https://evil.test/keys"; return nil })
			if !kind.Is(err, "office.forbidden") {
				t.Errorf("%s chooses the keys of a stronger one: %v", name, err)
			}
		}
		if _, err := w.RotateSecret(ctx, owner, "strong", 0); err != nil {
			t.Error(err)
		}
		if _, _, err := w.CreateClient(ctx, owner, clients.Document{Kind: clients.KindWeb, Metadata: clients.Metadata{
			RedirectURIs: []string{"https://x.test/cb"}, Scope: "openid admin:clients.read",
		}}); !kind.Is(err, "client.invalid") {
			t.Errorf("people can ask for the admin API: %v", err)
		}
	})
}
