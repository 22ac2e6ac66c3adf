package pages

import (
	"strings"
	"time"

	"pratu/server/web"
)

// sample is a page with data that has one of everything.
type sample struct {
	file, page string
	view       func() web.Framed
	client     string
	problems   []web.Problem
}

var sampleTime = time.Date(2026, 7, 29, 7, 5, 0, 0, time.UTC)

// strange is a client's name that tries to be markup and to turn the text around.
const strange = "<b>ร้านค้า</b> \u202eevil & co"

func samples() []sample {
	wrong := web.Problem{Code: "signin.failed"}
	short := web.Problem{Field: "password", Code: "password.too_short", Args: map[string]any{"min": 15}}
	signIn := func() web.Framed { return &SignIn{SignUpURL: "/sign-up"} }
	return []sample{
		{"sign-in", "sign-in", signIn, "Baan Dokmai", nil},
		{"sign-in-alone", "sign-in", signIn, "", nil},
		{"sign-in-doors", "sign-in", func() web.Framed {
			return &SignIn{SignUpURL: "/sign-up", Doors: []Door{{"google", "Google", "/federation/google"}, {"corp", web.Inert(strange), "/federation/corp"}}}
		}, "บ้านดอกไม้", []web.Problem{{Code: "federation.unavailable", Args: map[string]any{"connector": "Google"}}}},
		{"sign-in-wrong", "sign-in", func() web.Framed { return &SignIn{Username: "mali@example.com", Wrong: true, SignUpURL: "/sign-up"} }, "บ้านดอกไม้", []web.Problem{wrong}},
		{"sign-in-limited", "sign-in", func() web.Framed { return &SignIn{Username: "mali@example.com", Wrong: true} }, "บ้านดอกไม้",
			[]web.Problem{{Code: "limit.exceeded", Args: map[string]any{"minutes": 1, "policy": "signin.account"}}}},
		{"sign-in-again", "sign-in", func() web.Framed {
			return &SignIn{Username: "mali@example.com", Again: true, Name: "มะลิ ใจดี", AnotherURL: "/login?another=1", Frame: web.Frame{SignedIn: "มะลิ ใจดี"}}
		}, "บ้านดอกไม้", nil},
		{"sign-in-again-wrong", "sign-in", func() web.Framed {
			return &SignIn{Username: "mali.with.quite.a.long.address@subdomain.example.com", Wrong: true, Again: true, AnotherURL: "/login?another=1"}
		}, "บ้านดอกไม้", []web.Problem{{Code: "signin.failed", Args: map[string]any{"reason": "again"}}}},
		{"confirm", "confirm", func() web.Framed {
			return &Confirm{Identifier: "mali@example.com", To: "/account/password", Portal: Portal{Action: "/account/confirm"}}
		}, "", nil},
		{"sign-up", "sign-up", func() web.Framed { return &SignUp{MinPassword: 15, SignInURL: "/login"} }, "บ้านดอกไม้", nil},
		{"sign-up-wrong", "sign-up", func() web.Framed {
			return &SignUp{Email: "mali@", Name: "มะลิ", MinPassword: 15, SignInURL: "/login"}
		}, strange,
			[]web.Problem{{Field: "email", Code: "contact.email_invalid"}, short}},
		{"sign-up-blocked", "sign-up", func() web.Framed { return &SignUp{Email: "mali@example.com", MinPassword: 15} }, "",
			[]web.Problem{{Field: "password", Code: "password.blocked", Args: map[string]any{"reason": "pattern"}}}},
		{"verify", "verify", func() web.Framed {
			return &Verify{Pending: "p", Address: "m•••@example.com", Hours: 24, StartURL: "/sign-up", DevMailURL: "/dev/mail"}
		}, "บ้านดอกไม้", nil},
		{"verify-wrong", "verify", func() web.Framed {
			return &Verify{Pending: "p", Address: "m•••@example.com", Hours: 1, Resent: true}
		}, "บ้านดอกไม้",
			[]web.Problem{{Field: "code", Code: "registration.wrong_code"}}},
		{"link", "link", func() web.Framed {
			return &Link{Token: "t", Address: "mali@example.com", SameBrowser: true, MinPassword: 15}
		}, "", nil},
		{"link-elsewhere", "link", func() web.Framed { return &Link{Token: "t", Address: "mali@example.com", MinPassword: 15} }, "", []web.Problem{short}},
		{"consent", "consent", sampleConsent, strange, nil},
		{"select-account", "select-account", func() web.Framed {
			return &SelectAccount{AnotherURL: "/login", Choices: []Choice{
				{"s1", "มะลิ ใจดี", "ม", "m•••@example.com", true}, {"s2", "Somchai Rakthai", "S", "+66•••102", false},
			}}
		}, "บ้านดอกไม้", nil},
		{"sign-out", "sign-out", func() web.Framed {
			return &web.SignOut{Accounts: []string{"m•••@example.com", "+66•••102"}, Return: "sealed"}
		}, "", nil},
		{"device", "device", func() web.Framed { return &DeviceCode{} }, "", nil},
		{"device-wrong", "device", func() web.Framed { return &DeviceCode{UserCode: "BCDF-GHJK"} }, "",
			[]web.Problem{{Field: "user_code", Code: "device.unknown"}}},
		{"device-confirm", "device-confirm", func() web.Framed { return &DeviceConfirm{UserCode: "WDJB-MJHT"} }, "ทีวีบ้านสวน", nil},
		{"device-done", "device-done", func() web.Framed { return &DeviceDone{} }, "", nil},
		{"device-refused", "device-done", func() web.Framed { return &DeviceDone{Refused: true} }, "", nil},
		{"signed-out", "signed-out", func() web.Framed { return &SignedOut{SignInURL: "/login"} }, "", nil},
		{"signed-out-of", "signed-out", func() web.Framed {
			return &SignedOut{
				SignInURL: "/login", Waiting: "/signed-out?of=sealed", Continue: "com.example.app:/bye", Left: true,
				Applications: []Heard{{"บ้านดอกไม้", "told"}, {web.Inert(strange), "waiting"}, {"Corner Shop", "failed"}, {"Shop", "asked"}},
				Frames:       []string{"https://shop.example.com/bye?iss=https%3A%2F%2Fid.example.com&sid=s"},
			}
		}, "", nil},
		{"account", "account", sampleAccount, "", nil},
		{"setup", "setup", func() web.Framed { return &Setup{Action: "/setup/t", MinPassword: 15, SignInURL: "/login"} }, "", []web.Problem{short}},
		{"setup-own", "setup", func() web.Framed {
			return &Setup{Action: "/setup/t", MinPassword: 15, Session: "s1", Name: "มะลิ แซ่ลิ้ม", Identifier: "m•••@example.com"}
		}, "", []web.Problem{short}},
		{"login-link", "login-link", func() web.Framed { return &LoginLink{Action: "/login-link/t", Name: "a•••@example.com"} }, "", nil},
		{"dev-mails", "dev-mails", func() web.Framed {
			m := DevMail{URL: "/dev/mail/1", To: "mali@example.com", Subject: "123456 คือรหัสยืนยัน Pratu ของคุณ", At: sampleTime}
			return &DevMails{Mails: []DevMail{m, m}}
		}, "", nil},
		{"dev-mails-none", "dev-mails", func() web.Framed { return &DevMails{} }, "", nil},
		{"dev-mail", "dev-mail", func() web.Framed {
			return &DevMail{To: "mali@example.com", Subject: "123456 is your Pratu code", At: sampleTime, Text: "Hello,\n\n123456\n", Links: []string{"http://localhost:8080/sign-up/link?token=abcdefghijklmnopqrstuvwxyz0123456789abcdefg"}}
		}, "", nil},
		{"error", "error", func() web.Framed {
			return &web.ErrorView{Status: 404, Code: "interaction.expired", Message: "error.interaction.expired", Restart: "https://shop.example.com/login", ClientID: "shop", At: sampleTime}
		}, "", nil},
		{"error-unknown", "error", func() web.Framed {
			return &web.ErrorView{Status: 404, Code: "interaction.unknown", Message: "error.interaction.unknown", Restart: "/login", At: sampleTime}
		}, "", nil},
		{"error-host", "error", func() web.Framed {
			return &web.ErrorView{Status: 421, Code: "misdirected", Message: "error.host", At: sampleTime,
				Args: map[string]any{"opened": "127.0.0.1:8080", "configured": "http://localhost:8080"}}
		}, "", nil},
		{"error-client", "error", func() web.Framed {
			return &web.ErrorView{Status: 400, Code: "invalid_client", Message: "error.client", Reason: "the client is unknown or disabled", At: sampleTime,
				Received: []web.Field{{Name: "client_id", Value: web.Visible(strange)}, {Name: "redirect_uri", Value: web.Visible("https://shop.example.com/callback?a=1&b=\u202e<b>")}}}
		}, "", nil},
		{"error-limited", "error", func() web.Framed {
			return &web.ErrorView{Status: 429, Code: "limit.exceeded", Message: "error.limit.exceeded", Args: map[string]any{"minutes": 12}, At: sampleTime}
		}, "", nil},
		{"error-cookies", "error", func() web.Framed {
			return &web.ErrorView{Status: 403, Code: "cookies", Message: "error.cookies", At: sampleTime}
		}, "", nil},
		{"error-internal", "error", func() web.Framed {
			return &web.ErrorView{Status: 500, Code: "internal", Message: "error.internal", At: sampleTime}
		}, "", nil},
		{"form-post", "form-post", func() web.Framed {
			return &web.FormPost{Action: "https://shop.example.com/callback", Fields: []web.Field{{Name: "code", Value: "c"}, {Name: "state", Value: `"><script>`}}}
		}, "", nil},
		{"not-found", "error", func() web.Framed {
			return &web.ErrorView{Status: 404, Code: "not_found", Message: "error.page", At: sampleTime}
		}, "", nil},

		{"sessions", "sessions", sampleSessions, "", nil},
		{"applications", "applications", func() web.Framed {
			return &Applications{Portal: samplePortal("/account/applications"), Applications: []Application{
				{ID: "shop", Brand: web.NewBrand("shop", "บ้านดอกไม้", "shop.example.com", "", ""), Since: sampleTime, Used: sampleTime, Groups: []ConsentGroup{
					{"identity", []ConsentItem{{Scope: "openid"}, {Scope: "profile"}}}, {"contact", []ConsentItem{{Scope: "email"}}}, {"other", []ConsentItem{{Scope: "orders.read"}}},
				}},
				{ID: "evil", Brand: web.NewBrand("evil", strange, "", "", ""), Since: sampleTime, Groups: []ConsentGroup{{"identity", []ConsentItem{{Scope: "openid"}}}}},
			}}
		}, "", nil},
		{"activity", "activity", func() web.Framed {
			return &Activity{Portal: samplePortal("/account/activity"), OlderURL: "/account/activity?before=1-2", Happenings: []Happening{
				{Event: "signin.succeeded", At: sampleTime, IP: "203.0.113.7", Browser: "Firefox", System: "Android"},
				{Event: "consent.granted", At: sampleTime, IP: "2001:db8:85a3:8d3:1319:8a2e:370:7348", Client: web.Inert(strange)},
				{Event: "signin.failed", Failed: true, At: sampleTime, IP: "203.0.113.7", Browser: "Chrome"},
				{Event: "account.moved_to_the_moon", At: sampleTime, ByUs: true},
			}}
		}, "", nil},
		{"lookups", "lookups", func() web.Framed {
			return &Lookups{Portal: samplePortal("/account/lookups"), OlderURL: "/account/lookups?before=1-2", Lookups: []Lookup{
				{At: sampleTime, Client: "ร้านค้า", By: "phone", Contact: "+66•••678", Purpose: "ส่งของให้ถูกคน", Found: true},
				{At: sampleTime, Client: web.Inert(strange), By: "email", Contact: "m•••@example.com"},
				{At: sampleTime, Client: "1331", By: "id", Found: true},
			}}
		}, "", nil},
		{"lookups-hidden", "lookups", func() web.Framed { return &Lookups{Portal: samplePortal("/account/lookups"), Hidden: true} }, "", nil},
		{"partners", "partners", func() web.Framed {
			return &Partners{Portal: samplePortal("/account/partners"), Bindings: []Binding{{"1", "truemoney", "tmn.10000000001", sampleTime}, {"2", "shop", web.Inert(strange), sampleTime}}}
		}, "", nil},
		{"partners-none", "partners", func() web.Framed { return &Partners{Portal: samplePortal("/account/partners")} }, "", nil},
		{"data", "data", func() web.Framed { return &Data{samplePortal("/account/data")} }, "", nil},
		{"delete", "delete", func() web.Framed { return &Delete{Portal: samplePortal("/account/delete"), Days: 30} }, "", nil},
		{"delete-unsure", "delete", func() web.Framed { return &Delete{Portal: samplePortal("/account/delete"), Days: 30} }, "",
			[]web.Problem{{Field: "confirm", Code: "delete.unconfirmed"}}},
		{"deleted", "deleted", func() web.Framed { return &Deleted{EraseAt: sampleTime, SignInURL: "/login"} }, "", nil},
		{"keep", "keep", func() web.Framed { return &Keep{Name: "มะลิ ใจดี", EraseAt: sampleTime} }, "บ้านดอกไม้", nil},
		{"activity-none", "activity", func() web.Framed { return &Activity{Portal: samplePortal("/account/activity")} }, "", nil},
		{"applications-none", "applications", func() web.Framed { return &Applications{Portal: samplePortal("/account/applications")} }, "", nil},
		{"password", "password", func() web.Framed {
			return &Password{Portal: samplePortal("/account/password"), Has: true, Identifier: "mali@example.com", MinPassword: 15, Others: 2}
		}, "", nil},
		{"password-first", "password", func() web.Framed {
			return &Password{Portal: samplePortal("/account/password"), Identifier: "mali@example.com", MinPassword: 15}
		}, "", []web.Problem{short}},
		{"profile", "profile", sampleProfile, "", nil},
		{"profile-wrong", "profile", sampleProfile, "", []web.Problem{
			{Field: "birthdate", Code: "profile.birthdate", Args: map[string]any{"reason": "future"}}, {Field: "website", Code: "profile.link"},
			{Field: "street_address", Code: "profile.too_long", Args: map[string]any{"max": 500}},
		}},
		{"end-session", "end-session", func() web.Framed {
			return &EndSession{Action: "/end-session/t", Device: "Firefox · Android", IP: "2001:db8:85a3:8d3:1319:8a2e:370:7348", At: sampleTime}
		}, "", nil},
		{"end-session-done", "end-session", func() web.Framed {
			return &EndSession{Done: true, At: sampleTime, RecoverURL: "/recover"}
		}, "", nil},
		{"login-code", "login-code", func() web.Framed { return &LoginCode{Username: "mali@example.com", SignInURL: "/login"} }, "บ้านดอกไม้", nil},
		{"login-code-wrong", "login-code", func() web.Framed { return &LoginCode{Username: "0812345678", SignInURL: "/login"} }, "", []web.Problem{{Code: "code.no_sms"}}},
		{"login-code-verify", "login-code-verify", func() web.Framed {
			return &LoginCodeVerify{Challenge: "c", Address: "m•••@example.com", Minutes: 5, Resent: true, StartURL: "/login/code", SignInURL: "/login", DevMailURL: "/dev/mail"}
		}, "บ้านดอกไม้", nil},
		{"login-code-verify-wrong", "login-code-verify", func() web.Framed {
			return &LoginCodeVerify{Challenge: "c", Address: "+66•••102", Phone: true, Minutes: 5, DevMailURL: "/dev/mail", StartURL: "/login/code", SignInURL: "/login"}
		}, strange, []web.Problem{{Field: "code", Code: "code.wrong"}}},
		{"factor", "factor", func() web.Framed {
			return &Factor{Factor: "f", OtherURL: "/login/factor?factor=f&recovery=1", TrustDays: 30, StartURL: "/login"}
		}, "บ้านดอกไม้", nil},
		{"factor-recovery-wrong", "factor", func() web.Framed {
			return &Factor{Factor: "f", Recovery: true, OtherURL: "/login/factor?factor=f", TrustDays: 30, StartURL: "/login"}
		}, "", []web.Problem{{Field: "code", Code: "factor.wrong"}}},
		{"factor-step-up", "factor", func() web.Framed {
			return &Factor{OtherURL: "/login/factor?recovery=1", Cancel: true, ContinueURL: "/oauth2/authorize/continue", Frame: web.Frame{SignedIn: "มะลิ ใจดี"}}
		}, "บ้านดอกไม้", []web.Problem{{Code: "limit.exceeded", Args: map[string]any{"minutes": 12, "policy": "factor.account"}}}},
		{"factor-missing", "factor", func() web.Framed {
			return &Factor{Missing: true, Cancel: true, SetupURL: "/account/authenticator", ContinueURL: "/oauth2/authorize/continue", Frame: web.Frame{SignedIn: "มะลิ ใจดี"}}
		}, "บ้านดอกไม้", nil},
		{"confirm-send", "confirm", func() web.Framed {
			return &Confirm{ByCode: true, Address: "m•••@example.com", To: "/account/password", Portal: Portal{Action: "/account/confirm"}}
		}, "", nil},
		{"confirm-code", "confirm", func() web.Framed {
			return &Confirm{ByCode: true, Address: "m•••@example.com", Challenge: "c", Resent: true, To: "/account/password", Portal: Portal{Action: "/account/confirm"}}
		}, "", []web.Problem{{Field: "code", Code: "code.wrong"}}},
		{"confirm-no-way", "confirm", func() web.Framed { return &Confirm{ByCode: true, Portal: Portal{Action: "/account/confirm"}} }, "", nil},
		{"security", "security", func() web.Framed {
			return &Security{Portal: samplePortal("/account/security"), Password: true, Passkeys: 2, TOTP: true, SuggestCodes: true, Of: 10,
				PasswordURL: "/account/password", PasskeysURL: "/account/passkeys", TOTPURL: "/account/authenticator", RecoveryURL: "/account/recovery-codes", Logins: 2, LoginsURL: "/account/logins"}
		}, "", nil},
		{"authenticator-start", "authenticator", func() web.Framed { return &Authenticator{Portal: samplePortal("/account/authenticator")} }, "", nil},
		{"authenticator-scan", "authenticator", sampleAuthenticator, "", []web.Problem{{Field: "code", Code: "factor.wrong"}}},
		{"authenticator-on", "authenticator", func() web.Framed {
			return &Authenticator{Portal: samplePortal("/account/authenticator"), Confirmed: true, AddedAt: sampleTime, LastUsedAt: sampleTime}
		}, "", nil},
		{"authenticator-prove", "authenticator", func() web.Framed {
			return &Authenticator{Portal: samplePortal("/account/authenticator"), Confirmed: true, AddedAt: sampleTime, LastUsedAt: sampleTime, StepUpURL: "/login/factor?to=x"}
		}, "", nil},
		{"recovery-codes", "recovery-codes", func() web.Framed {
			return &RecoveryCodes{Portal: samplePortal("/account/recovery-codes"), Possible: true, Left: 1, Of: 10}
		}, "", nil},
		{"recovery-codes-new", "recovery-codes", func() web.Framed {
			return &RecoveryCodes{Portal: samplePortal("/account/recovery-codes"), Possible: true, Codes: strings.Fields("7k3m-q0xz-9d2h-vw5t 0c8n-4j6r-pe1s-b7ya")}
		}, "", nil},
		{"recovery-codes-impossible", "recovery-codes", func() web.Framed { return &RecoveryCodes{Portal: samplePortal("/account/recovery-codes")} }, "", nil},
		{"recover", "recover", func() web.Framed { return &Recover{Phones: true, SignInURL: "/login"} }, "บ้านดอกไม้", nil},
		{"recover-wrong", "recover", func() web.Framed { return &Recover{Username: "mali@", SignInURL: "/login"} }, "",
			[]web.Problem{{Field: "username", Code: "contact.invalid"}}},
		{"prove", "prove", func() web.Framed {
			return &Prove{Action: "/recover/verify", Challenge: "c", Purpose: "recovery", Address: "m•••@example.com", StartURL: "/recover", DevMailURL: "/dev/mail"}
		}, "บ้านดอกไม้", nil},
		{"prove-phone", "prove", func() web.Framed {
			return &Prove{Action: "/recover/verify", Challenge: "c", Purpose: "recovery", Address: "+66•••678", Phone: true, Resent: true}
		}, "", []web.Problem{{Field: "code", Code: "code.wrong"}}},
		{"recover-password", "recover-password", func() web.Framed {
			return &RecoverPassword{Action: "/recover/verify", Challenge: "c", Pass: "p", Identifier: "mali@example.com", MinPassword: 15}
		}, "บ้านดอกไม้", nil},
		{"recover-password-elsewhere", "recover-password", func() web.Framed {
			return &RecoverPassword{Action: "/recover/link", Token: "t", Identifier: "mali@example.com", Elsewhere: true, MinPassword: 15}
		}, "", []web.Problem{short}},
		{"sign-up-phone", "sign-up", func() web.Framed { return &SignUp{Phones: true, MinPassword: 15, SignInURL: "/login"} }, "บ้านดอกไม้", nil},
		{"verify-phone", "verify", func() web.Framed {
			return &Verify{Pending: "p", Address: "+66•••678", Phone: true, Hours: 24, Resent: true, StartURL: "/sign-up"}
		}, "บ้านดอกไม้", nil},
		{"number-taken", "number-taken", func() web.Framed {
			return &NumberTaken{Action: "/sign-up/verify", Handle: web.Field{Name: "pending", Value: "p"}, Code: "123456", Number: "+66•••678", SignInURL: "/login"}
		}, "บ้านดอกไม้", nil},
		{"number-taken-own", "number-taken", func() web.Framed {
			return &NumberTaken{Action: "/account/contacts/verify", Handle: web.Field{Name: "challenge", Value: "c"}, Code: "123456", Number: "+66•••678"}
		}, "", nil},
		{"contacts", "contacts", func() web.Framed { return sampleContacts(false) }, "", nil},
		{"contacts-replace", "contacts", func() web.Framed { return sampleContacts(true) }, "", []web.Problem{{Field: "contact", Code: "contact.invalid"}}},
		{"contacts-last", "contacts", func() web.Framed { return sampleContacts(false) }, "", []web.Problem{{Code: "contact.last"}}},
		{"contact-link", "contact-link", func() web.Framed {
			return &ContactLink{Action: "/account/contacts/verify", Token: "t", Address: "mali.with.quite.a.long.address@subdomain.example.com", Mine: true}
		}, "", nil},
		{"contact-link-elsewhere", "contact-link", func() web.Framed {
			return &ContactLink{Action: "/account/contacts/verify", Token: "t", Address: "mali@example.com", SignInURL: "/login"}
		}, "", nil},
		{"sign-in-passkey", "sign-in", func() web.Framed { return &SignIn{SignUpURL: "/sign-up", Passkey: sampleAsk()} }, "บ้านดอกไม้",
			[]web.Problem{{Code: "passkey.unknown"}}},
		{"confirm-passkey", "confirm", func() web.Framed { return &Confirm{To: "/account/passkeys", Passkey: sampleAsk()} }, "", nil},
		{"passkey-offer", "passkey-offer", func() web.Framed { return &PasskeyOffer{Create: sampleAsk(), OnURL: "/account"} }, "บ้านดอกไม้",
			[]web.Problem{{Code: "passkey.refused"}}},
		{"logins", "logins", func() web.Framed {
			return &Logins{
				Portal: samplePortal("/account/logins"), Doors: []Door{{"google", "Google", ""}},
				Logins: []Login{{"1", "Google", "mali@example.com", sampleTime, sampleTime}, {"2", web.Inert(strange), "", sampleTime, sampleTime}},
			}
		}, "", []web.Problem{{Code: "federation.last"}}},
		{"logins-none", "logins", func() web.Framed { return &Logins{Portal: samplePortal("/account/logins")} }, "", nil},
		{"confirm-door", "confirm", func() web.Framed {
			return &Confirm{ByCode: true, To: "/account/logins", Doors: []Door{{"google", "Google", ""}}}
		}, "", []web.Problem{{Code: "federation.other_account", Args: map[string]any{"connector": "Google"}}}},
		{"passkeys", "passkeys", samplePasskeys, "", []web.Problem{{Code: "passkey.last"}}},
		{"passkeys-none", "passkeys", func() web.Framed { return &PasskeyList{Create: sampleAsk(), Max: 20, Signals: &PasskeySignals{}} }, "", nil},
	}
}

func sampleAuthenticator() web.Framed {
	const uri = "otpauth://totp/Pratu:mali.with.quite.a.long.address@subdomain.example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Pratu"
	path, size, err := qrPath(uri)
	if err != nil {
		panic(err)
	}
	return &Authenticator{
		Portal: samplePortal("/account/authenticator"), QRPath: path, QRSize: size,
		Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
	}
}

func sampleConsent() web.Framed {
	return &Consent{
		Name: "มะลิ ใจดี", Identifier: "m•••@example.com", SwitchURL: "/select-account", RedirectHost: "shop.example.com", Unverified: true,
		Groups: []ConsentGroup{
			{"identity", []ConsentItem{{Scope: "openid"}, {Scope: "profile", Values: []string{"มะลิ ใจดี", "1999-02-03", "Asia/Bangkok", "ไทย (th)"}}}},
			{"contact", []ConsentItem{{Scope: "email", Values: []string{"mali@example.com"}}, {Scope: "phone", Values: []string{"+66812345678"}}, {Scope: "address", Missing: true}}},
			{"offline", []ConsentItem{{Scope: "offline_access"}}},
			{"other", []ConsentItem{{Scope: "orders.read"}, {Scope: "updated_at", Claim: true, Values: []string{"2026-05-17"}}}},
		},
	}
}

// samplePortal is the frame of a page of the portal.
func samplePortal(action string) Portal {
	p := Portal{Frame: web.Frame{SignedIn: "มะลิ ใจดี"}, Action: action}
	for _, x := range sections {
		p.Nav = append(p.Nav, Section{Name: "portal." + x.name, URL: x.path, Here: x.path == action, Within: x.path == within[action]})
	}
	return p
}

func sampleAccount() web.Framed {
	page := &Account{
		Portal: samplePortal("/account"), Name: "มะลิ ใจดี", Initial: "ม", CreatedAt: sampleTime, AdminURL: "/admin",
		Contacts: []Contact{
			{Kind: "email", Value: "mali.with.quite.a.long.address@subdomain.example.com", Verified: true, Preferred: true}, {Kind: "phone", Value: "+66812345678"},
		},
	}
	page.Notice = "notice.account_ready"
	return page
}

func sampleSessions() web.Framed {
	page := &Sessions{
		Portal: samplePortal("/account/sessions"),
		Sessions: []Session{
			{ID: "1", Browser: "Firefox", System: "Android", IP: "203.0.113.7", Methods: []string{"pwd"}, Since: sampleTime, Seen: sampleTime, This: true},
			{ID: "2", Browser: "Chrome", System: "Windows", IP: "2001:db8:85a3:8d3:1319:8a2e:370:7348", Methods: []string{"pwd"}, Since: sampleTime, Seen: sampleTime},
			{ID: "3", Since: sampleTime, Seen: sampleTime, Methods: []string{"hwk"}},
		},
		Devices: []Device{{ID: "d1", Browser: "Firefox", System: "Android", Seen: sampleTime, This: true}, {ID: "d2", Seen: sampleTime}},
		Named:   []NamedDevice{{"tv-1", "ทีวีห้องนั่งเล่น", "ทีวีของเรา", sampleTime}, {"tv-2", web.Inert(strange), "", sampleTime}},
	}
	page.Notice = "notice.session_ended"
	return page
}

func sampleProfile() web.Framed {
	return &Profile{Portal: samplePortal("/account/profile"), Mails: "th", Groups: profileFields}
}

func sampleContacts(replace bool) web.Framed {
	page := &Contacts{
		Phones: true, Portal: samplePortal("/account/contacts"),
		Items: []ContactItem{
			{Contact: Contact{Kind: "email", Value: "mali.with.quite.a.long.address@subdomain.example.com", Verified: true, Preferred: true}, ID: "1", Removable: true, ChangeURL: "/account/contacts?replace=1#contact"},
			{Contact: Contact{Kind: "email", Value: "mali@example.com", Verified: true}, ID: "2", Removable: true, Preferable: true, ChangeURL: "/account/contacts?replace=2#contact"},
			{Contact: Contact{Kind: "phone", Value: "+66812345678"}, ID: "3", Removable: true},
		},
	}
	page.Notice = "notice.contact_added"
	if replace {
		page.Replace, page.Contact = &page.Items[1], "mali@"
	}
	return page
}

func sampleAsk() *PasskeyAsk {
	return &PasskeyAsk{Action: "/login/passkey", JSON: `{"publicKey":{}}`, Renew: "/login/passkey/options", Origin: "https://id.example.com", RPID: "example.com", Unknown: "id"}
}

func samplePasskeys() web.Framed {
	page := &PasskeyList{
		Portal: samplePortal("/account/passkeys"), Max: 20, Full: true,
		Passkeys: []Passkey{{ID: "1", Name: "Chrome · Android", CreatedAt: sampleTime, UsedAt: sampleTime}, {ID: "2", Name: "กุญแจสำรอง <b>", CreatedAt: sampleTime}},
		Signals:  &PasskeySignals{RPID: "example.com", User: "u", Accepted: `["1","2"]`, Name: "mali@example.com"},
	}
	page.Notice = "passkey.added"
	return page
}
