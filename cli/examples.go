package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are what --help teaches with, by command. A test runs each of them past the parser.
var examples = map[string][]string{
	"": {
		"pratu dev                        # try it out, nothing to set up",
		"pratu serve                      # run it",
	},
	"dev": {
		"pratu dev",
		"pratu dev --issuer http://localhost:8081 --listen 127.0.0.1:8081 --demo-listen 127.0.0.1:8091 --ops-listen 127.0.0.1:9091",
	},
	"serve": {
		"pratu serve --config /etc/pratu.yaml",
		"PRATU_ISSUER=https://id.example.com PRATU_SECRET_KEY_FILE=/run/secrets/key PRATU_MAIL_FILE=/run/secrets/mail pratu serve",
	},
	"client create": {
		"pratu client create --kind web --name Shop --redirect-uri https://shop.example.com/callback -o json",
		"pratu client create --kind machine --id reports --scope orders.read",
		"pratu client create --kind game --id 77 --name Takraw --allowed-origin https://takraw.example.com",
		"pratu client create --kind web --id 1331 --redirect-uri https://shop.example.com/callback --permission accounts.read --permission accounts.search",
		"pratu client create -f - < client.json",
	},
	"webhook create": {
		"pratu webhook create --url https://crm.example.com/pratu --event account.created --event account.deleted -o json",
	},
	"webhook list":          {"pratu webhook list"},
	"webhook get":           {"pratu webhook get 01a2161f-4b9f-79f8-aa77-7e4b7f57e260 -o json"},
	"webhook update":        {"pratu webhook update 01a2161f-4b9f-79f8-aa77-7e4b7f57e260 --disable"},
	"webhook delete":        {"pratu webhook delete 01a2161f-4b9f-79f8-aa77-7e4b7f57e260"},
	"webhook rotate-secret": {"pratu webhook rotate-secret 01a2161f-4b9f-79f8-aa77-7e4b7f57e260 --overlap 72h -o json"},
	"webhook deliveries":    {"pratu webhook deliveries 01a2161f-4b9f-79f8-aa77-7e4b7f57e260"},
	"webhook test":          {"pratu webhook test 01a2161f-4b9f-79f8-aa77-7e4b7f57e260"},
	"webhook replay":        {"pratu webhook replay 01a2161f-4b9f-79f8-aa77-7e4b7f57e260 01a2161f-7b6b-75f6-b47d-1655453d253b"},
	"audit verify":          {"pratu audit verify", "pratu audit verify -o json", "pratu audit verify --expect 1204:6f0c…"},
	"audit export": {
		"pratu audit export --since 2026-11-01 --until 2026-12-01 > november.ndjson",
		"pratu audit export --since 24h --event signin.failed --account mali@example.com",
	},
	"account disable": {"pratu account disable mali@example.com --reason stolen"},
	"account enable":  {"pratu account enable 5123456789012345"},
	"player get":      {"pratu player get 5b51ae5e083713dbe7d4f6f0 --title 77"},
	"player ban":      {"pratu player ban 5b51ae5e083713dbe7d4f6f0 --title 77 --reason aimbot"},
	"player unban":    {"pratu player unban 5b51ae5e083713dbe7d4f6f0 --title 77"},
	"connector create": {
		"pratu connector create --kind google --client-id 123.apps.googleusercontent.com --secret-stdin < google.secret",
		"pratu connector create --kind azuread --client-id 7f3a… --set tenants=72f988bf-86f1-41af-91ab-2d7cd011db47 --secret-stdin < azure.secret",
		"pratu connector create --kind oidc --id corp --name Corp --client-id pratu --set issuer=https://idp.example.com --set domains=example.com --secret-stdin < corp.secret",
	},
	"connector get":    {"pratu connector get google -o json"},
	"connector list":   {"pratu connector list"},
	"connector update": {"pratu connector update google --disable", "pratu connector update corp --set clients=shop,blog"},
	"connector delete": {"pratu connector delete corp"},
	"client get":       {"pratu client get shop", "pratu client get shop -o json > client.json"},
	"client list":      {"pratu client list", "pratu client list -o json"},
	"client update": {
		"pratu client update shop --redirect-uri https://shop.example.com/callback --redirect-uri https://shop.example.com/app",
		"pratu client update shop --set first_party=true",
		"pratu client update shop --disable",
		"pratu client update shop -f client.json",
	},
	"client claims-preview": {
		"pratu client claims-preview shop --account 21992040",
		"pratu client claims-preview shop --account 21992040 --scope openid -o json",
	},
	"client usage":  {"pratu client usage", "pratu client usage 2171 --days 90 -o json"},
	"client delete": {"pratu client delete shop"},
	"client test":   {"pratu client test app", "pratu client test shop --secret-stdin -o json < shop.secret"},
	"client rotate-secret": {
		"pratu client rotate-secret shop -o json",
		"pratu client rotate-secret shop --overlap 0 --secret-stdin < secret",
	},
	"api-key create":   {"pratu api-key create --client 1331 --note summer --expires-in 8784h -o json"},
	"api-key list":     {"pratu api-key list --client 1331"},
	"api-key revoke":   {"pratu api-key revoke 01890a5d-ac96-774b-bcce-b302099a8057"},
	"token introspect": {"pratu token introspect < token", "pratu token introspect -o json < token"},
	"token revoke":     {"pratu token revoke < token"},
	"token decode":     {"pratu token decode -o json < token"},
	"backup":           {"pratu backup /var/backups/pratu.db"},
	"openapi":          {"pratu openapi > admin.json", "pratu openapi identity > identity.yaml"},
	"binding create":   {"pratu binding create --account 21985824 --partner truemoney --external-id tmn.10000000001"},
	"binding list":     {"pratu binding list --account 21985824 --all -o json"},
	"binding end":      {"pratu binding end 01890a5d-ac96-774b-bcce-b302099a8057"},
	"partner encrypt": {
		"pratu partner encrypt --client 1245 --mobile 0815550100",
		"pratu partner encrypt --protection aes-256-cbc --key-file key --mobile 0815550100",
	},
	"partner verify": {"pratu partner verify --client 1245 --mobile 0815550100 < protected"},
	"registration-token create": {
		"pratu registration-token create --note shops --uses 5 --expires-in 168h -o json",
	},
	"registration-token list":   {"pratu registration-token list"},
	"registration-token delete": {"pratu registration-token delete 01890a5d-ac96-774b-bcce-b302099a8057"},
	"account create": {
		"echo 'a long pass phrase' | pratu account create --email mali@example.com --verified --password-stdin -o json",
		"pratu account create -f person.json --verified",
	},
	"account get":            {"pratu account get mali@example.com", "pratu account get 21992040 -o json"},
	"account list":           {"pratu account list", "pratu account list สมชาย --limit 10 -o json"},
	"account sessions":       {"pratu account sessions mali@example.com", "pratu account sessions 21992040 --end"},
	"account reset-password": {"pratu account reset-password mali@example.com"},
	"account reset-factors":  {"pratu account reset-factors mali@example.com"},
	"account delete":         {"pratu account delete 21992040"},
	"account merge":          {"pratu account merge somchai@example.com 21992040 --dry-run", "pratu account merge 21992058 21992040"},
	"account export":         {"pratu account export mali@example.com > mali.json"},
	"title get":              {"pratu title get 77 -o json"},
	"title list":             {"pratu title list"},
	"account import": {
		"pratu account import people.ndjson --rejects rejected.ndjson",
		"zcat people.ndjson.gz | pratu account import -",
	},
	"apply": {
		"pratu apply -f pratu-data.yaml --dry-run",
		"pratu apply -f pratu-data.yaml --prune",
		"pratu apply -f games.yaml --part games -o json",
		"pratu apply -f - < pratu-data.yaml",
	},
	"export":           {"pratu export > pratu-data.yaml", "pratu export -o json"},
	"role list":        {"pratu role list", "pratu role list -o json"},
	"role grant":       {"pratu role grant mali@example.com support", "pratu role grant mali@example.com title_owner --title dragons"},
	"role revoke":      {"pratu role revoke 21992040 support"},
	"admin login-link": {"pratu admin login-link"},
	"outbox list":      {"pratu outbox list -o json"},
	"outbox retry":     {"pratu outbox retry --all"},
	"outbox get":       {"pratu outbox get 01a218d1-e176-72f6-8bd8-9272600c0523"},
	"outbox test":      {"pratu outbox test nok@example.com", "pratu outbox test nok@example.com --kind sms"},
	"key list":         {"pratu key list"},
	"key retire":       {"pratu key retire 8Zq2o1mB3xkT0a5cVwLr9Q"},
	"key reindex":      {"pratu key reindex", "pratu key reindex --status -o json"},
	"key rotate": {
		"pratu key rotate",
		"pratu key rotate --alg RS256 --bits 3072",
		"pratu key rotate --alg ES256 --compromised   # that key has leaked",
	},
	"migrate up":            {"pratu migrate up --database-url-file /run/secrets/database"},
	"migrate status":        {"pratu migrate status -o json"},
	"config schema":         {"pratu config schema > pratu.schema.json"},
	"config validate":       {"pratu config validate --config pratu.yaml"},
	"config print-defaults": {"pratu config print-defaults > pratu.yaml"},
	"doctor":                {"pratu doctor", "pratu doctor --config /etc/pratu.yaml -o json"},
	"healthcheck":           {"pratu healthcheck --ops-listen 127.0.0.1:9090"},
	"man":                   {"pratu man /usr/local/share/man/man1"},
	"version":               {"pratu version -o json"},
}

// addExamples gives each command below cmd its examples.
func addExamples(cmd *cobra.Command) {
	if list := examples[nameOf(cmd)]; len(list) > 0 {
		cmd.Example = "  " + strings.Join(list, "\n  ")
	}
	for _, c := range cmd.Commands() {
		addExamples(c)
	}
}

// nameOf is a command's path without the program's name.
func nameOf(cmd *cobra.Command) string {
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	return name
}
