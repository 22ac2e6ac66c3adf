package clients

import "context"

// Check tells what would become of a document without writing it: why it is refused, or what in it is worth a look. An id
// is a client's that is changed; "" is one that is new.
func (s *Service) Check(ctx context.Context, id string, change func(*Document) error) (warnings Problems, err error) {
	var old *Client
	var d Document
	if id != "" {
		if old, err = s.Find(ctx, id); err != nil {
			return nil, err
		}
		d = old.Document()
		d.Settings, d.TokenEndpointAuthMethod = old.Settings, old.Metadata.TokenEndpointAuthMethod
	}
	if err := change(&d); err != nil {
		return nil, err
	}
	ps := s.fits(&d, old)
	c := &Client{ID: d.ClientID, Kind: d.Kind, Metadata: d.Metadata, Settings: d.Settings}
	return c.Warnings(), ps.err()
}
