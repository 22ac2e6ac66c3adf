package apply

import (
	"context"
	"strconv"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/office"
)

// File is an installation as apply reads it. Secrets aren't in it.
type File struct {
	Titles     []Client              `json:"titles,omitempty"`
	Clients    []Client              `json:"clients,omitempty"`
	Partners   []Client              `json:"partners,omitempty"`
	Connectors []connectors.Document `json:"connectors,omitempty"`
	Roles      []Role                `json:"roles,omitempty"`
}

// exportPage is how many clients are read at a time.
const exportPage = 500

// Export is everything that an administrator set up. Clients that registered themselves are their own business.
func (s *Service) Export(ctx context.Context) (*File, error) {
	f := &File{}
	for after := ""; ; {
		page, err := s.Clients.List(ctx, after, exportPage)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			after = c.ID
			if c.Unverified() {
				continue
			}
			logo, err := s.logo(ctx, c)
			if err != nil {
				return nil, err
			}
			list := f.listOf(c)
			*list = append(*list, Client{c.Portable(), logo})
		}
		if len(page) < exportPage {
			break
		}
	}
	providers, err := s.Connectors.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range providers {
		f.Connectors = append(f.Connectors, c.Document())
	}
	f.Roles, err = s.roles(ctx)
	return f, err
}

func (f *File) listOf(c *clients.Client) *[]Client {
	switch {
	case c.Kind == clients.KindGame:
		return &f.Titles
	case c.Settings.PartnerMobileProtection != "":
		return &f.Partners
	}
	return &f.Clients
}

func (s *Service) roles(ctx context.Context) (list []Role, err error) {
	holders, err := s.Office.Holders(ctx, office.Host())
	for _, h := range holders {
		account := strconv.FormatInt(h.SSOID, 10)
		for _, role := range h.Roles {
			if role != office.TitleOwner {
				list = append(list, Role{Account: account, Role: role})
				continue
			}
			for _, title := range h.Titles {
				list = append(list, Role{Account: account, Role: role, Title: title})
			}
		}
	}
	return list, err
}
