package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"pratu/flows/issuer"
	"pratu/flows/office"
	"pratu/server/web"
)

// Dashboard is "console/dashboard".
type Dashboard struct {
	Page
	Spans         []Span
	Charts        []Chart
	Keys          []KeyAge
	Waiting, Lost int64
	MailURL       string // "" for who may not see it
}

// Span is a number of days to look at.
type Span struct {
	Days int
	URL  string
	Here bool
}

// KeyAge is a key that signs, and how old it is.
type KeyAge struct {
	Alg  string
	Days int
}

// spans are the numbers of days that there are charts of, the usual one first.
var spans = []int{14, 7, 30}

// Dashboard is GET /admin. Who owns a title only has no figures to see, and goes to its applications.
func (s *Server) Dashboard(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := s.enter(w, r, issuer.PathAdmin)
	if err != nil || !ok {
		return err
	}
	page := &Dashboard{Page: s.page(d)}
	if !d.actor.May(office.ReadDashboard) {
		return s.Web.Redirect(w, issuer.PathAdminClients, nil)
	}
	days := spans[0]
	for _, n := range spans {
		if r.URL.Query().Get("days") == strconv.Itoa(n) {
			days = n
		}
	}
	for _, n := range slices.Sorted(slices.Values(spans)) {
		page.Spans = append(page.Spans, Span{n, page.Action + "?" + url.Values{"days": {strconv.Itoa(n)}}.Encode(), n == days})
	}
	locale := web.LocaleOf(r.Context())
	v, err := s.Office.Dashboard(r.Context(), d.actor, days, web.Zone(locale))
	if err != nil {
		return err
	}
	page.Charts = charts(v, locale)
	for _, k := range v.Keys {
		if k.State == "signing" {
			page.Keys = append(page.Keys, KeyAge{k.Alg, int(s.Now().Sub(k.CreatedAt) / (24 * time.Hour))})
		}
	}
	page.Waiting, page.Lost = v.Waiting, v.Given
	if d.actor.May(office.ReadMail) {
		page.MailURL = s.Web.Issuer.Path() + issuer.PathAdminMail
	}
	return s.show(d, http.StatusOK, "dashboard", page)
}

// charts are what happened day by day: sign-ins beside failures, new accounts, tokens by what they were got for.
func charts(v *office.Dashboard, locale string) []Chart {
	series := func(name string, value func(office.Day) int64) Series {
		list := Series{Name: name}
		for _, day := range v.Days {
			list.Values = append(list.Values, value(day))
		}
		return list
	}
	entries := []Series{
		series("console.series.succeeded", func(x office.Day) int64 { return x.SignedIn }),
		series("console.series.failed", func(x office.Day) int64 { return x.Failed }),
	}
	accounts := []Series{series("console.series.accounts", func(x office.Day) int64 { return x.New })}
	var tokens []Series
	for i, grant := range v.Grants {
		if i == maxSeries {
			break
		}
		tokens = append(tokens, series("console.grant."+short(grant), func(x office.Day) int64 { return x.Tokens[grant] }))
	}
	var labels []string
	for _, day := range v.Days {
		labels = append(labels, web.Day(locale, day.Begin))
	}
	return []Chart{
		newChart("sign_ins", labels, entries), newChart("accounts", labels, accounts), newChart("tokens", labels, tokens),
	}
}
