package cli

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/limits"
	"pratu/flows/social"
)

// Config says how to run; clients, accounts and branding are data. Each field with a key is read from a flag
// (--key-with-dashes), the environment (PRATU_KEY), the YAML file (key) or its default, in this order of weight.
//
//	secret:"yes"   also KEY_FILE, whose content is the value; shown masked
//	secret:"only"  the same, and no flag takes the value itself, since flags are seen by every process
type Config struct {
	Issuer    string `key:"issuer" default:"http://localhost:8080" doc:"The URL this provider is known by. Plain http only for localhost."`
	Listen    string `key:"listen" default:"127.0.0.1:8080" doc:"Address of the public listener."`
	OpsListen string `key:"ops_listen" default:"127.0.0.1:9090" doc:"Address of the operations listener: /metrics, /livez, /readyz, /healthz. off: none."`

	RPID string `key:"rp_id" doc:"Domain that passkeys are made for: the issuer's host or a domain above it, so that they survive a move to another host of it; empty: the issuer's host. Passkeys made for another domain stop working."`

	DataDir          string `key:"data_dir" default:"pratu-data" doc:"Directory of the embedded database, the generated secret key and mail files."`
	DatabaseURL      string `key:"database_url" secret:"yes" doc:"sqlite:PATH or postgres://…; empty: pratu.db in the data directory."`
	DatabaseMaxConns int    `key:"database_max_conns" default:"0" doc:"Most connections to PostgreSQL; 0: four for each processor, at least 8."`
	AutoMigrate      bool   `key:"auto_migrate" default:"true" doc:"Bring the schema up to date at start. false: refuse to start until pratu migrate up was run."`

	SecretKey         string `key:"secret_key" secret:"only" doc:"32 random bytes in base64; all other keys are derived from it. With a localhost issuer it is generated into the data directory."`
	SecretKeyPrevious string `key:"secret_key_previous" secret:"only" doc:"Earlier secret keys, separated by commas, while their data is still around."`

	AuditRetention time.Duration `key:"audit_retention" default:"2160h" doc:"How long the record of events goes back; what is older is removed."`

	KeyRotation time.Duration `key:"key_rotation" default:"2160h" doc:"How long a signing key is used before the next one, which is published a day ahead; 0: only pratu key rotate replaces them."`

	Mail     string `key:"mail" secret:"yes" doc:"file:DIR writes one .eml per message; smtp://user:password@host:port (smtps:// for implicit TLS); log, with a localhost issuer only. Empty with a localhost issuer: file:mail in the data directory."`
	MailFrom string `key:"mail_from" doc:"Sender of mails; empty: Pratu <no-reply@ the issuer's host>."`

	SMS              string `key:"sms" secret:"yes" doc:"https://… gets each text as a POST; file:DIR writes one .json per text; log, with a localhost issuer only. Empty: no texts, so phones are no way in; with a localhost issuer file:sms in the data directory."`
	SMSBody          string `key:"sms_body" secret:"yes" doc:"What the webhook of sms gets, a Go template over .ID, .To and .Text, json quoting a value; empty: these three as a JSON object."`
	SMSAuthorization string `key:"sms_authorization" secret:"only" doc:"Authorization header of the webhook of sms."`

	TLSCert          string   `key:"tls_cert" doc:"PEM file with the certificate chain, to serve https without a proxy."`
	TLSKey           string   `key:"tls_key" doc:"PEM file with the certificate's private key."`
	TrustedProxies   []string `key:"trusted_proxies" doc:"Addresses (CIDR) whose X-Forwarded-For is believed, separated by commas."`
	OutboundNetworks []string `key:"outbound_networks" doc:"Networks (CIDR) besides the public Internet that may be called by https: where back channels, key sets, logos, connectors and the webhook of sms live at private addresses, separated by commas. Whoever may register an application can have us call what answers there."`
	ExtraHosts       []string `key:"extra_hosts" doc:"Host headers that are answered besides the issuer's, separated by commas."`

	Registration            string `key:"registration" default:"off" doc:"Who may register an application without an administrator, at /oauth2/register (RFC 7591): off: nobody; token: who has a token of pratu registration-token create; open: everybody."`
	RegistrationRequirePKCE bool   `key:"registration_require_pkce" default:"true" doc:"Applications that register themselves have to use PKCE. false: confidential ones needn't, for old libraries and OpenID's conformance suite."`
	ClientIDMetadata        bool   `key:"client_id_metadata" default:"false" doc:"Applications that nobody registered may sign people in when their client_id is the https address of a document that describes them, as MCP clients do (draft-ietf-oauth-client-id-metadata-document)."`

	IdentityAPIBasePath   string   `key:"identity_api_base_path" doc:"Path below which the Identity API lives, such as /identity/v1; empty: /accounts is at the top."`
	IdentityAPILookupPath string   `key:"identity_api_lookup_path" default:"/accounts/by-mobile" doc:"Path of the obsolete look-up, below identity_api_base_path."`
	PartnerTokenPath      string   `key:"partner_token_path" default:"/partner/token" doc:"Path at which partners exchange codes in their own envelope."`
	PartnerPrefixes       []string `key:"partner_prefixes" default:"truemoney=tmn" doc:"What the ids of partners are called in the Identity API, partner=prefix separated by commas: truemoney=tmn makes tmn_id. Otherwise the partner's own name is the prefix."`

	Limits []string `key:"limits" doc:"Other budgets of failures than docs/limits.md has, POLICY=BUDGET/WINDOW such as signin.account=10/15m, separated by commas."`

	SessionManagement bool `key:"session_management" default:"false" doc:"Applications may watch in a frame whether somebody signs in or out (OpenID Connect Session Management). Sets a cookie that scripts of the issuer's origin can read."`

	EnableFrontChannelTokens bool   `key:"enable_front_channel_tokens" default:"false" doc:"Applications may be registered to get tokens in the address of the browser (implicit and hybrid flows), where histories, logs and other scripts see them (RFC 9700 section 2.1.2). For applications that can't be changed."`
	UpstreamHosts            string `key:"upstream_hosts" doc:"host=URL pairs, separated by commas, that point connectors at fakes, such as accounts.google.com=http://127.0.0.1:4001; localhost issuer only."`

	LogLevel  string        `key:"log_level" default:"info" doc:"debug, info, warn or error."`
	LogFormat string        `key:"log_format" default:"auto" doc:"json, text or auto (text on a terminal)."`
	Drain     time.Duration `key:"drain" doc:"How long to stay up, not ready, after SIGTERM, so that a load balancer looks away first; empty: 2s, with a localhost issuer 0s."`

	GameDefaultTitle         string `key:"game_default_title" doc:"Title, a client of kind game, of calls to the game API that name none in X-Client-Identifier."`
	ExposeVerificationSecret bool   `key:"expose_verification_secret" default:"false" doc:"The game API answers a registration with the secret that only the mail should hold, so that a game can be tried without a mailbox. With a localhost issuer only."`

	placed bool     // somebody said where the data is
	dry    bool     // config validate: check makes nothing
	unread []string // keys whose file couldn't be read, which was reported

	// What check makes of the texts above.
	issuer   issuer.Issuer
	proxies  []netip.Prefix
	outgoing []netip.Prefix
	hosts    social.Hosts
	builtIn  []*connectors.Connector // of dev
	limits   map[string]limits.Override
	partner  map[string]string
	key      []byte
	older    [][]byte
}

// option is one row of the configuration table.
type option struct {
	key, def, doc string
	secret        bool // has a _FILE twin and is masked
	noFlag        bool // the value is never a flag
	index         int  // of the field in Config
	kind          reflect.Type
}

func (o option) env() string  { return "PRATU_" + strings.ToUpper(o.key) }
func (o option) flag() string { return strings.ReplaceAll(o.key, "_", "-") }

// options reads the table off the struct, so that code, flags, docs and tests can't differ.
func options() []option {
	t := reflect.TypeFor[Config]()
	var list []option
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("key")
		if key == "" {
			continue
		}
		list = append(list, option{
			key: key, def: f.Tag.Get("default"), doc: f.Tag.Get("doc"),
			secret: f.Tag.Get("secret") != "", noFlag: f.Tag.Get("secret") == "only",
			index: i, kind: f.Type,
		})
	}
	return list
}

// ConfigTable is the Markdown table of docs/configuration.md and the README; a test compares them.
func ConfigTable() string {
	var b strings.Builder
	b.WriteString("| environment | flag | YAML | default | meaning |\n|---|---|---|---|---|\n")
	for _, o := range options() {
		env, flag := "`"+o.env()+"`", "`--"+o.flag()+"`"
		if o.secret {
			env += ", `…_FILE`"
			flag += ", `--" + o.flag() + "-file`"
		}
		if o.noFlag {
			flag = "`--" + o.flag() + "-file`"
		}
		def := ""
		if o.def != "" {
			def = "`" + o.def + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s |\n", env, flag, o.key, def, o.doc)
	}
	return b.String()
}
