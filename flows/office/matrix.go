package office

import (
	"strings"

	"pratu/flows/accounts"
)

// Roles. TitleOwner is about titles and what belongs to them, the others about the whole installation.
const (
	Owner      = accounts.RoleOwner
	Admin      = accounts.RoleAdmin
	Support    = "support"
	Auditor    = "auditor"
	TitleOwner = "title_owner"
)

// Roles in the order in which they are shown.
func Roles() []string { return []string{Owner, Admin, Support, Auditor, TitleOwner} }

// Action is something that can be done here.
type Action string

// Actions. What an API has no route for isn't among Remote.
const (
	ReadDashboard   Action = "dashboard.read"
	ReadClients     Action = "clients.read"
	WriteClients    Action = "clients.write"
	RotateSecrets   Action = "clients.secrets"
	ReadAccounts    Action = "accounts.read"
	WriteAccounts   Action = "accounts.write"
	CreateAccounts  Action = "accounts.create"
	ImportAccounts  Action = "accounts.import"
	DeleteAccounts  Action = "accounts.delete"
	MergeAccounts   Action = "accounts.merge"
	ExportAccounts  Action = "accounts.export"
	WriteBindings   Action = "bindings.write"
	ReadPlayers     Action = "players.read"
	WritePlayers    Action = "players.write"
	ReadConnectors  Action = "connectors.read"
	WriteConnectors Action = "connectors.write"
	ReadAudit       Action = "audit.read"
	ReadWebhooks    Action = "webhooks.read"
	WriteWebhooks   Action = "webhooks.write"
	ReadKeys        Action = "keys.read"
	RotateKeys      Action = "keys.rotate"
	ReadMail        Action = "mail.read"
	SendMail        Action = "mail.send"
	ReadSettings    Action = "settings.read"
	ReadRoles       Action = "roles.read"
	WriteRoles      Action = "roles.write"
)

// Scope is what a token needs for the action.
func (a Action) Scope() string { return ScopePrefix + string(a) }

// Extent is how far somebody may do something.
type Extent string

// Extents.
const (
	No  Extent = ""
	Own Extent = "own" // to what belongs to one's titles
	All Extent = "yes"
)

// line is an action with what it means and who may.
type line struct {
	action  Action
	means   string
	remote  bool // the admin API has it
	extents map[string]Extent
}

// table is who may do what. docs/permissions.md is made from it.
var table = []line{
	{ReadDashboard, "see the figures", false, row(All, All, All, All, No)},
	{ReadClients, "see applications", true, row(All, All, All, All, Own)},
	{WriteClients, "register, change, disable and delete applications; a title owner changes those of the title, but registers and deletes none", true, row(All, All, No, No, Own)},
	{RotateSecrets, "give an application a new secret, or a key of the Identity API, and end either", true, row(All, All, No, No, Own)},
	{ReadAccounts, "find and see accounts", true, row(All, All, All, All, No)},
	{WriteAccounts, "disable and enable accounts, end their sessions, take their factors away; those of accounts with a role only who may change roles", true, row(All, All, All, No, No)},
	{CreateAccounts, "create accounts, and vouch for their addresses and numbers", true, row(All, All, No, No, No)},
	{ImportAccounts, "import accounts of another system, with their numbers, contacts, hashes of passwords and partners' ids", true, row(All, All, No, No, No)},
	{DeleteAccounts, "delete accounts", true, row(All, All, No, No, No)},
	{MergeAccounts, "let one account go into another of the same person", true, row(All, All, No, No, No)},
	{ExportAccounts, "download what is known of a person, who is told", true, row(All, All, No, No, No)},
	{WriteBindings, "say what accounts are called at partners', and end it", true, row(All, All, No, No, No)},
	{ReadPlayers, "see titles, their players and what those got and spent", true, row(All, All, All, All, Own)},
	{WritePlayers, "ban players from a title, and let them play again", true, row(All, All, All, No, Own)},
	{ReadConnectors, "see the providers that people sign in with elsewhere; their secrets nobody sees", true, row(All, All, All, All, No)},
	{WriteConnectors, "set providers up, change, switch off and delete them: who may decides by whose word people are let in", true, row(All, All, No, No, No)},
	{ReadAudit, "read the record of events", true, row(All, All, All, All, No)},
	{ReadWebhooks, "see which addresses are told of events, and what became of it", true, row(All, All, All, All, No)},
	{WriteWebhooks, "set webhooks up, change and delete them, give them new secrets, send again or by way of trial", true, row(All, All, No, No, No)},
	{ReadKeys, "see the signing keys", true, row(All, All, No, All, No)},
	{RotateKeys, "replace the signing keys, and take one that was replaced back before its time", true, row(All, All, No, No, No)},
	{ReadMail, "see which messages wait or were given up; what they say stays sealed", true, row(All, All, All, All, No)},
	{SendMail, "have messages tried again; send a test to an administrator who may as well, in the console to oneself", true, row(All, All, No, No, No)},
	{ReadSettings, "see the settings, secrets hidden", true, row(All, All, No, All, No)},
	{ReadRoles, "see who has which role", true, row(All, All, No, All, No)},
	{WriteRoles, "give and take roles", true, row(All, No, No, No, No)},
}

// row has an extent for each of Roles.
func row(extents ...Extent) map[string]Extent {
	m := map[string]Extent{}
	for i, role := range Roles() {
		m[role] = extents[i]
	}
	return m
}

var matrix = func() map[Action]map[string]Extent {
	m := map[Action]map[string]Extent{}
	for _, l := range table {
		m[l.action] = l.extents
	}
	return m
}()

// ExtentOf is a cell of the table.
func ExtentOf(action Action, role string) Extent { return matrix[action][role] }

// Meaning is what an action is, in English.
func Meaning(action Action) string {
	for _, l := range table {
		if l.action == action {
			return l.means
		}
	}
	return ""
}

// Actions in the order of the table.
func Actions() (list []Action) {
	for _, l := range table {
		list = append(list, l.action)
	}
	return list
}

// Remote are the actions of the admin API.
func Remote() (list []Action) {
	for _, l := range table {
		if l.remote {
			list = append(list, l.action)
		}
	}
	return list
}

// Document is the table for people.
func Document() string {
	var b strings.Builder
	b.WriteString("# Who may do what\n\nWritten by `UPDATE_DOCS=1 go test ./flows/office -run PermissionsDocument` from the table in `flows/office/matrix.go`, which every action asks. " +
		"`own` is what belongs to one's titles. Roles are given with `pratu role grant`; the admin API has the marked actions, each with a scope of its own. " +
		"Commands act as the host, which may all of it and is `cli` on the record: who runs them has the database and its secret key.\n\n| action |")
	for _, role := range Roles() {
		b.WriteString(" " + role + " |")
	}
	b.WriteString(" scope of the admin API | means |\n|---|" + strings.Repeat("---|", len(Roles())+2) + "\n")
	for _, l := range table {
		b.WriteString("| `" + string(l.action) + "` |")
		for _, role := range Roles() {
			b.WriteString(" " + string(l.extents[role]) + " |")
		}
		scope := ""
		if l.remote {
			scope = l.action.Scope()
		}
		b.WriteString(" " + scope + " | " + l.means + " |\n")
	}
	return b.String()
}
