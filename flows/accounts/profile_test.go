package accounts_test

import (
	"errors"
	"strings"
	"testing"

	"pratu/flows/accounts"
	"pratu/flows/kind"
)

// OpenID Connect Core section 5.1: claims with a format are stored only in it, and what is wrong is named.
func TestClaimFormats(t *testing.T) {
	for name, values := range map[string]struct{ right, wrong []any }{
		"birthdate": {
			[]any{"2000-02-29", "1990", "0000-02-29", "0000-12-31"},
			[]any{"2000-13-40", "2001-02-29", "2000-2-9", "0000", "0000-00-00", "29.2.2000", "20000229", "", "2000-01-01T00:00:00Z", 1990.0},
		},
		"zoneinfo":   {[]any{"Asia/Bangkok", "UTC", "America/Argentina/Ushuaia"}, []any{"", "Local", "Bangkok", "../etc/passwd", "UTC+7 "}},
		"locale":     {[]any{"th", "th-TH", "zh-Hant-TW"}, []any{"", "th_TH", "siamese-", "x"}},
		"website":    {[]any{"https://mali.test", "http://mali.test/a?b"}, []any{"", "mali.test", "javascript:alert(1)", "https://", "ftp://mali.test", "https://%zz"}},
		"picture":    {[]any{"https://mali.test/m.png"}, []any{"data:image/png;base64,AA"}},
		"profile":    {[]any{"https://mali.test/"}, []any{"/mali"}},
		"updated_at": {nil, []any{1700000000.0, "today"}},
		"nickname":   {[]any{"2000-13-40", "นก"}, nil},
	} {
		for _, v := range values.right {
			if err := accounts.CheckProfile(map[string]any{name: v}); err != nil {
				t.Errorf("%s %v: %v", name, v, err)
			}
		}
		for _, v := range values.wrong {
			var ps accounts.ClaimProblems
			err := accounts.CheckProfile(map[string]any{name: v, "name": "Mali"})
			if !errors.As(err, &ps) || len(ps) != 1 || !strings.HasPrefix(ps[0], name+" ") || kind.Of(err) != kind.Invalid {
				t.Errorf("%s %v: %v", name, v, err)
			}
		}
	}
}

func TestNoAccountWithWrongClaims(t *testing.T) {
	each(t, func(w *world) {
		n := accounts.New{Email: "mali@example.com", EmailVerified: true, Profile: map[string]any{"birthdate": "2000-13-40", "locale": "th_TH"}}
		_, err := w.Create(t.Context(), n)
		w.fails(err, "account.claims")
		if ps := (accounts.ClaimProblems)(nil); !errors.As(err, &ps) || len(ps) != 2 {
			t.Errorf("not all problems at once: %v", err)
		}
		n.Profile = map[string]any{"birthdate": "2000-12-31"}
		if _, err := w.Create(t.Context(), n); err != nil {
			t.Error(err)
		}
	})
}
