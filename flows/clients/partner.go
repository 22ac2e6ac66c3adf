package clients

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"pratu/flows/secret"
)

// Ways in which a partner protects the customer's number on its way to us.
const (
	MobileGCM  = "aes-256-gcm"
	MobileCBC  = "aes-256-cbc"
	MobileHMAC = "hmac-sha256"
	MobileOff  = "off"
)

// MobileProtections is all of them, the best first.
func MobileProtections() []string { return []string{MobileGCM, MobileCBC, MobileHMAC, MobileOff} }

const (
	partnerKeySize   = 32
	partnerKeyLabel  = "partner-mobile-key"
	partnerKeySealed = "sealed:"
)

func (d *Document) validatePartner(ps *Problems) {
	s := &d.Settings
	if s.PartnerMobileProtection == "" && s.PartnerMobileKey == "" {
		return
	}
	if !slices.Contains(MobileProtections(), s.PartnerMobileProtection) {
		ps.add("/settings/partner_mobile_protection", "setting.value", "one of %s%s", strings.Join(MobileProtections(), ", "),
			DidYouMean(s.PartnerMobileProtection, MobileProtections()))
		return
	}
	if !sendsSecret(d.AuthMethod()) {
		ps.add("/settings/partner_mobile_protection", "setting.partner", "partners exchange codes with a secret, and method %s has none", d.AuthMethod())
	}
	if s.PartnerMobileProtection == MobileOff || strings.HasPrefix(s.PartnerMobileKey, partnerKeySealed) {
		return
	}
	if s.PartnerMobileKey == "" {
		s.PartnerMobileKey = base64.StdEncoding.EncodeToString(secret.Bytes(partnerKeySize))
	}
	if raw, err := base64.StdEncoding.DecodeString(s.PartnerMobileKey); err != nil || len(raw) != partnerKeySize {
		ps.add("/settings/partner_mobile_key", "setting.partner_key", "32 bytes in base64, as `openssl rand -base64 32` makes them; leave it out and one is made")
	}
}

// keepPartnerKey lets a document without a key have the one that the client had.
func (d *Document) keepPartnerKey(old *Client) Problems {
	var ps Problems
	switch s, before := &d.Settings, old.Settings.PartnerMobileKey; {
	case s.PartnerMobileKey == "" && s.PartnerMobileProtection != "" && s.PartnerMobileProtection != MobileOff:
		s.PartnerMobileKey = before
	case strings.HasPrefix(s.PartnerMobileKey, partnerKeySealed) && s.PartnerMobileKey != before:
		ps.add("/settings/partner_mobile_key", "setting.partner_key", "this isn't the client's")
	case s.PartnerMobileProtection == "" || s.PartnerMobileProtection == MobileOff:
		s.PartnerMobileKey = ""
	}
	return ps
}

// sealPartnerKey is how a key is kept; one that is kept stays as it is.
func (s *Service) sealPartnerKey(clientID, key string) (string, error) {
	if key == "" || strings.HasPrefix(key, partnerKeySealed) {
		return key, nil
	}
	if s.Keyring == nil {
		return "", errors.New("clients: no keyring to seal a partner's key with")
	}
	return partnerKeySealed + s.Keyring.Seal(partnerKeyLabel, []byte(key), clientID), nil
}

// PartnerMobileKey opens the key of a client's numbers; nil: it has none.
func (s *Service) PartnerMobileKey(c *Client) ([]byte, error) {
	text, found := strings.CutPrefix(c.Settings.PartnerMobileKey, partnerKeySealed)
	if !found || s.Keyring == nil {
		return nil, nil
	}
	plain, err := s.Keyring.Open(partnerKeyLabel, text, c.ID)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(string(plain))
}

// NewPartnerKey is the key that a client was given just now, or "": kept ones aren't shown.
func (c *Client) NewPartnerKey() string {
	if strings.HasPrefix(c.Settings.PartnerMobileKey, partnerKeySealed) {
		return ""
	}
	return c.Settings.PartnerMobileKey
}

func plainText(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}
