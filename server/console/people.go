package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/issuer"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/flows/signin"
	"pratu/server/web"
	"pratu/storage"
)

// peoplePage is how many accounts a page shows: each is read with what belongs to it.
const peoplePage = 25

// Accounts is "console/accounts" [q, after]. What is looked for goes in the body of a POST: an address has no place in a URL.
type Accounts struct {
	Page
	Query    string
	Accounts []AccountRow
	Next     string // where to go on; "" at the end
}

// AccountRow is an account in a list.
type AccountRow struct {
	Name, Contact, Number, URL string
	Status                     string // words are console.status.STATUS
	Roles                      []string
	CreatedAt                  time.Time
}

// Accounts is /admin/accounts: the newest, or by POST what is looked for.
func (s *Server) Accounts(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminAccounts)
	if err != nil || !ok {
		return err
	}
	page := &Accounts{Page: s.page(d), Query: line(r.PostForm.Get("q"))}
	found, err := s.Office.FindAccounts(r.Context(), d.actor, page.Query, line(r.PostForm.Get("after")), peoplePage)
	if err != nil {
		return err
	}
	for _, a := range found.Accounts {
		page.Accounts = append(page.Accounts, AccountRow{
			Name: web.Inert(a.DisplayName()), Contact: web.Inert(a.Identifier()), Number: number(a), URL: s.accountURL(a.SSOID), Status: a.Status,
			Roles: a.Roles, CreatedAt: a.CreatedAt,
		})
	}
	page.Next = found.Next
	return s.show(d, http.StatusOK, "accounts", page)
}

func number(a *accounts.Account) string { return strconv.FormatInt(a.SSOID, 10) }

func (s *Server) accountURL(ssoid int64) string {
	return s.Web.Issuer.Path() + issuer.PathAdminAccounts + "/" + strconv.FormatInt(ssoid, 10)
}

// Account is "console/account" [action=disable with reason | enable | end-sessions | export | preview-merge with into | merge |
// reset-factors | delete, the last two with confirm].
type Account struct {
	Page
	Name, Number, OID, Status, Reason string
	Contacts                          []Contact
	Roles                             []string
	RegisterBy                        string
	CreatedAt, UpdatedAt              time.Time
	Password, App                     bool
	Passkeys, Codes                   int
	Sessions                          []Session
	MayWrite, MayDelete               bool // nobody's role is in the way
	MayMerge, MayExport               bool
	Into                              string // typed
	MergedInto                        string // number of the account that this one became
	MergedURL                         string
	ReasonTyped                       string
	AuditURL                          string // "" for who may not
}

// Contact is a way to reach a person.
type Contact struct {
	Kind, Value string
	Verified    bool
}

// Session is a browser in which an account is signed in.
type Session struct {
	Browser, System, IP string
	Since, Seen         time.Time
}

const accountPage = "account"

// Account is GET /admin/accounts/{account}.
func (s *Server) Account(w http.ResponseWriter, r *http.Request) error {
	d, p, ok, err := s.person(w, r)
	if err != nil || !ok {
		return err
	}
	return s.show(d, http.StatusOK, accountPage, s.accountView(d, p))
}

// person is the account that a page is about.
func (s *Server) person(w http.ResponseWriter, r *http.Request) (desk, *office.Person, bool, error) {
	d, ok, err := s.enter(w, r, issuer.PathAdminAccounts)
	if err != nil || !ok {
		return d, nil, false, err
	}
	ssoid, err := strconv.ParseInt(r.PathValue("account"), 10, 64)
	if err != nil || ssoid <= 0 || r.PathValue("account") != strconv.FormatInt(ssoid, 10) {
		return d, nil, false, kind.New(kind.NotFound, "account.unknown")
	}
	p, err := s.Office.Account(r.Context(), d.actor, ssoid)
	return d, p, err == nil, err
}

func (s *Server) accountView(d desk, p *office.Person) *Account {
	page := &Account{
		Page: s.page(d), Name: web.Inert(p.DisplayName()), Number: number(p.Account), OID: p.OID, Status: p.Status, Reason: web.Inert(p.Reason),
		Roles: p.Roles, RegisterBy: p.RegisterBy, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Password: p.Factors.Password, App: p.Factors.TOTP,
		Passkeys: int(p.Factors.Passkeys), Codes: int(p.Factors.Recovery),
	}
	for _, c := range p.Contacts {
		page.Contacts = append(page.Contacts, Contact{c.Kind, web.Inert(c.Value), c.Verified})
	}
	for _, x := range p.Sessions {
		browser, system := signin.Agent(x.UserAgent)
		page.Sessions = append(page.Sessions, Session{browser, system, x.IP, x.CreatedAt.Time(), x.LastSeenAt.Time()})
	}
	free := (len(p.Roles) == 0 || d.actor.May(office.WriteRoles)) && p.ID != d.actor.ID
	page.MayWrite = free && d.actor.May(office.WriteAccounts)
	page.MayDelete = free && d.actor.May(office.DeleteAccounts) && p.Status == storage.StatusActive
	page.MayMerge = free && d.actor.May(office.MergeAccounts) && len(p.Roles) == 0 && p.Status != storage.StatusDeletionPending && p.Status != storage.StatusMerged
	page.MayExport = free && d.actor.May(office.ExportAccounts)
	if p.MergedInto != 0 {
		page.MergedInto, page.MergedURL = strconv.FormatInt(p.MergedInto, 10), s.accountURL(p.MergedInto)
	}
	if d.actor.May(office.ReadAudit) {
		page.AuditURL = s.Web.Issuer.Path() + issuer.PathAdminAudit + "?account=" + page.Number
	}
	return page
}

// AccountPost is POST /admin/accounts/{account}.
func (s *Server) AccountPost(w http.ResponseWriter, r *http.Request) error {
	d, p, ok, err := s.person(w, r)
	if err != nil || !ok {
		return err
	}
	ctx, action, here := r.Context(), r.PostForm.Get("action"), d.here
	notice := ""
	unsaid := confirmed(r, action+"-confirm")
	switch {
	case unsaid != nil && slices.Contains([]string{"delete", "reset-factors"}, action):
		err = unsaid
	case action == "export":
		return s.export(d, p)
	case action == "preview-merge":
		return s.previewMerge(d, p, r.PostForm.Get("into"))
	case action == "merge":
		return s.merge(d, p)
	case action == "disable":
		notice, err = "disabled", s.Office.DisableAccount(ctx, d.actor, p.SSOID, r.PostForm.Get("reason"))
	case action == "enable":
		notice, err = "enabled", s.Office.EnableAccount(ctx, d.actor, p.SSOID)
	case action == "end-sessions":
		notice, err = "sessions_ended", s.Office.EndSessions(ctx, d.actor, p.SSOID)
	case action == "reset-factors":
		notice, err = "factors_reset", s.Office.ResetFactors(ctx, d.actor, p.SSOID)
	case action == "delete":
		notice, err = "deleted", s.Office.DeleteAccount(ctx, d.actor, p.SSOID)
	default:
		err = kind.New(kind.Invalid, "form")
	}
	if err == nil {
		return s.done(d, here, notice)
	}
	page := s.accountView(d, p)
	page.ReasonTyped = line(r.PostForm.Get("reason"))
	return s.refuse(d, accountPage, page, err)
}

// Roles is "console/roles" [action=grant|revoke, account, role, title].
type Roles struct {
	Page
	Holders  []Holder
	MayWrite bool
	Roles    []Option
	Account  string // typed
	Title    string // typed
}

// Holder is somebody with roles.
type Holder struct {
	Name, Number, URL, Status string
	Roles                     []HeldRole
}

// HeldRole is one of them.
type HeldRole struct{ Role, Title string }

const rolesPage = "roles"

// Roles is GET /admin/roles.
func (s *Server) Roles(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminRoles)
	if err != nil || !ok {
		return err
	}
	page, err := s.rolesView(d)
	if err != nil {
		return err
	}
	return s.show(d, http.StatusOK, rolesPage, page)
}

func (s *Server) rolesView(d desk) (*Roles, error) {
	list, err := s.Office.Holders(d.r.Context(), d.actor)
	if err != nil {
		return nil, err
	}
	page := &Roles{Page: s.page(d), MayWrite: d.actor.May(office.WriteRoles), Account: line(d.r.PostForm.Get("account")), Title: line(d.r.PostForm.Get("title"))}
	for _, role := range office.Roles() {
		page.Roles = append(page.Roles, Option{Value: role, Words: "console.role." + role, Chosen: role == d.r.PostForm.Get("role")})
	}
	for _, h := range list {
		a, err := s.People.Load(d.r.Context(), h.AccountID)
		if err != nil {
			return nil, err
		}
		row := Holder{Name: web.Inert(named(a)), Number: number(a), URL: s.accountURL(h.SSOID), Status: h.Status}
		for _, role := range h.Roles {
			if role != office.TitleOwner {
				row.Roles = append(row.Roles, HeldRole{Role: role})
			}
		}
		for _, title := range h.Titles {
			row.Roles = append(row.Roles, HeldRole{office.TitleOwner, title})
		}
		page.Holders = append(page.Holders, row)
	}
	return page, nil
}

// RolesPost is POST /admin/roles.
func (s *Server) RolesPost(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdminRoles)
	if err != nil || !ok {
		return err
	}
	if !d.actor.May(office.WriteRoles) { // before it is told whether there is such an account
		return office.Refused(office.WriteRoles)
	}
	role := office.Role{Name: r.PostForm.Get("role"), Title: line(r.PostForm.Get("title"))}
	revoke := r.PostForm.Get("action") == "revoke"
	a, err := s.Office.Named(r.Context(), d.actor, r.PostForm.Get("account"))
	if kind.Is(err, "account.unknown") {
		err = kind.New(kind.Invalid, "account.unknown").WithField("account")
	}
	notice := "role_granted"
	switch {
	case err != nil:
	case revoke:
		notice, err = "role_revoked", s.Office.Revoke(r.Context(), d.actor, a.ID, role)
	default:
		err = s.Office.Grant(r.Context(), d.actor, a.ID, role)
	}
	if err == nil {
		return s.done(d, issuer.PathAdminRoles, notice)
	}
	return s.again(d, rolesPage, err)(s.rolesView(d))
}
