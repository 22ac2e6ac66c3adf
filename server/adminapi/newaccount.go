package adminapi

import (
	"errors"
	"net/http"
	"strings"

	"pratu/flows/accounts"
	"pratu/server/web"
)

// NewAccount describes the body of a creation; accounts.ReadNew reads it.
type NewAccount struct {
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Phone         string `json:"phone_number"`
	PhoneVerified bool   `json:"phone_number_verified"`
	Password      string `json:"password"` //nolint:gosec // it describes one, and holds none

	Name              string         `json:"name"`
	GivenName         string         `json:"given_name"`
	FamilyName        string         `json:"family_name"`
	MiddleName        string         `json:"middle_name"`
	Nickname          string         `json:"nickname"`
	PreferredUsername string         `json:"preferred_username"`
	Profile           string         `json:"profile"`
	Picture           string         `json:"picture"`
	Website           string         `json:"website"`
	Gender            string         `json:"gender"`
	Birthdate         string         `json:"birthdate"`
	Zoneinfo          string         `json:"zoneinfo"`
	Locale            string         `json:"locale"`
	Address           map[string]any `json:"address"`
}

func createAccount(s *Server, c *call) error {
	n, err := accounts.ReadNew(c.body)
	if err != nil {
		return err
	}
	made, err := once(s, c, func(c *call) (Account, error) {
		a, err := s.Office.CreateAccount(c.r.Context(), c.actor, n)
		if err != nil {
			return Account{}, err
		}
		return ViewAccount(a), nil
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", s.Web.Issuer.URL(Base+"/accounts/")+made.SSOID)
	return write(c, http.StatusCreated, made)
}

// claimParts are what is wrong with claims, each where it stands.
func claimParts(err error) (parts []web.ProblemPart) {
	var ps accounts.ClaimProblems
	errors.As(err, &ps)
	for _, text := range ps {
		name, _, _ := strings.Cut(strings.TrimPrefix(text, "unknown claim "), " ")
		name = strings.Trim(name, ",:")
		pointer := "/" + strings.ReplaceAll(name, ".", "/")
		if strings.HasPrefix(text, "not a ") || strings.HasPrefix(text, "more than ") { // about the whole
			pointer = ""
		}
		parts = append(parts, web.ProblemPart{Pointer: pointer, Code: "account.claims", Detail: text})
	}
	return parts
}
