package clients

import (
	"context"
	"encoding/base64"
	"strings"
)

// ResealPartnerKeys seals the keys of partners under the current secret key, where an earlier one sealed them.
func (s *Service) ResealPartnerKeys(ctx context.Context) error {
	const page = 200
	for after := ""; ; {
		list, err := s.List(ctx, after, page)
		if err != nil {
			return err
		}
		for _, c := range list {
			after = c.ID
			text, sealed := strings.CutPrefix(c.Settings.PartnerMobileKey, partnerKeySealed)
			if !sealed || strings.HasPrefix(text, s.Keyring.KeyID()+".") {
				continue
			}
			key, err := s.PartnerMobileKey(c)
			if err != nil {
				return err
			}
			_, err = s.Update(ctx, c.ID, func(d *Document) error {
				d.Settings.PartnerMobileKey = base64.StdEncoding.EncodeToString(key)
				return nil
			})
			if err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
	}
}
