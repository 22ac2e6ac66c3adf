package clients

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"pratu/flows/kind"
)

// Judge tells what a document would be in the place of a client, or of none, and why it couldn't stand there: what Create
// and Update would say, before anything is written. A secret in it is judged too; whether it is the client's already, ask
// VerifySecret.
func (s *Service) Judge(ctx context.Context, old *Client, d Document) (Document, error) {
	if old != nil {
		given := d.ClientSecret
		d.ClientSecret = ""
		ps := s.fits(&d, old)
		d.ClientSecret = given
		ps = append(ps, d.secretProblems()...)
		if err := ps.err(); err != nil {
			return d, err
		}
		before := old.Document()
		return d, s.checkSector(ctx, &d, &before)
	}
	ps := s.fits(&d, nil)
	taken, err := s.taken(ctx, d.ClientID)
	if err != nil {
		return d, err
	}
	if taken != "" {
		ps.add("/client_id", "client.exists", "%s", taken)
	}
	if err := ps.err(); err != nil {
		return d, err
	}
	return d, s.checkSector(ctx, &d, nil)
}

// fits fills a document's defaults in and tells why it can't stand in the place of a client's, or of none.
func (s *Service) fits(d *Document, old *Client) Problems {
	if old != nil {
		return d.amiss(s.replaces(d, old))
	}
	d.fill()
	return d.amiss(append(d.keepPartnerKey(&Client{}), s.validate(d)...))
}

// taken tells why no new client can have an id, or "".
func (s *Service) taken(ctx context.Context, id string) (string, error) {
	switch {
	case !validID(id):
		return "", nil
	case s.builtIn(id):
		return "it is the administration's own", nil
	}
	if err := s.notAnAccount(ctx, id); kind.Is(err, "client.id_is_account") {
		return "an account has this number as its ssoid", nil
	} else if err != nil {
		return "", err
	}
	used, err := s.Store.ClientIDUsed(ctx, id)
	if err != nil || !used {
		return "", err
	}
	return "a client had this id and was deleted: ids are not used again", nil
}

// secretProblems is what validate says of the secret alone.
func (d *Document) secretProblems() Problems {
	return slices.DeleteFunc(d.validate(), func(p Problem) bool { return p.Pointer != "/client_secret" })
}

// ProblemsOf are the reasons in an error, or nil.
func ProblemsOf(err error) Problems {
	var ps Problems
	_ = errors.As(err, &ps)
	return ps
}

// KeepsSecret tells whether the document's method of authentication has a secret.
func (d *Document) KeepsSecret() bool { return sendsSecret(d.AuthMethod()) }

// KeepsPartnerKey tells whether a judged document leaves a client the key of its numbers, or the lack of one.
func (s *Service) KeepsPartnerKey(old *Client, d Document) (bool, error) {
	before, after := old.Settings.PartnerMobileKey, d.Settings.PartnerMobileKey
	if before == after || strings.HasPrefix(after, partnerKeySealed) {
		return before == after, nil
	}
	plain, err := s.PartnerMobileKey(old)
	return err == nil && len(plain) > 0 && base64.StdEncoding.EncodeToString(plain) == after, err
}
