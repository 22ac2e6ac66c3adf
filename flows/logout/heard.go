package logout

import (
	"context"
	"net/url"
	"slices"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// State is how far an application has heard of the end of a session.
type State string

// The states, the better first.
const (
	Told    State = "told"    // it said so
	Asked   State = "asked"   // in a frame, which gives no answer
	Waiting State = "waiting" // it is asked again
	Failed  State = "failed"  // it refused, or didn't answer for a day
)

// maxFrames bounds what one page loads.
const maxFrames = 20

// Heard is an application that took part in sessions which ended.
type Heard struct {
	Client *clients.Client
	State  State
}

// Of tells how far the applications of sessions have heard of their end, and which addresses are to be loaded in frames
// (Front-Channel Logout section 2).
func (s *Service) Of(ctx context.Context, sessionIDs []string) (list []Heard, frames []string, err error) {
	for _, id := range sessionIDs {
		rows, err := s.Store.Farewells(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range rows {
			c, err := s.Clients.Find(ctx, row.ClientID)
			if kind.Of(err) == kind.NotFound {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			list = worst(list, Heard{c, state(row)})
			if c.Metadata.FrontchannelLogoutURI != "" && len(frames) < maxFrames {
				frames = append(frames, s.frame(c, row.SessionID))
			}
		}
	}
	return list, frames, nil
}

// worst keeps one line for an application that took part in several sessions.
func worst(list []Heard, h Heard) []Heard {
	i := slices.IndexFunc(list, func(x Heard) bool { return x.Client.ID == h.Client.ID })
	if i < 0 {
		return append(list, h)
	}
	order := []State{Told, Asked, Waiting, Failed}
	if slices.Index(order, h.State) > slices.Index(order, list[i].State) {
		list[i].State = h.State
	}
	return list
}

func state(f storage.Farewell) State {
	switch {
	case !f.BackChannel:
		return Asked
	case f.DeliveredAt > 0:
		return Told
	case f.ParkedAt > 0:
		return Failed
	}
	return Waiting
}

// frame is an application's address with iss and sid, which stand behind a query that it has.
func (s *Service) frame(c *clients.Client, sessionID string) string {
	u, err := url.Parse(c.Metadata.FrontchannelLogoutURI)
	if err != nil { // judged at registration
		return ""
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += url.Values{"iss": {s.Issuer.String()}, "sid": {sessionID}}.Encode()
	return u.String()
}
