package trials

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"pratu/flows/clients"
)

const (
	// skew is how far clocks may differ: some libraries forgive a minute, some nothing.
	skew = 30 * time.Second
	// asking is how long the page of a trial waits for a clock.
	asking = 3 * time.Second
	date   = "Mon, 02 Jan 2006 15:04:05 GMT" // RFC 9110 section 5.6.7
)

// clock warns where an application's server has another time than this one: by its own clock it judges whether a token is
// valid yet, and still. Any answer of it says the time (RFC 9110 section 6.6.1). Tokens of other kinds are judged by clocks
// that can't be asked, and who doesn't answer, or is at an address that isn't called, says nothing.
func (s *Service) clock(ctx context.Context, c *clients.Client) clients.Problems {
	at := server(c)
	if at == "" || s.Fetch == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	before := s.Now()
	answer, err := s.Fetch.Get(ctx, at)
	if err != nil {
		return nil
	}
	theirs, err := time.Parse(date, answer.Header.Get("Date"))
	if err != nil {
		return nil
	}
	if age, err := strconv.ParseUint(answer.Header.Get("Age"), 10, 31); err == nil { // a cache kept it
		theirs = theirs.Add(time.Duration(age) * time.Second)
	}
	off, where := before.Sub(theirs), "behind"
	if late := theirs.Sub(s.Now()); late > off {
		off, where = late, "ahead of"
	}
	if off <= skew {
		return nil
	}
	return clients.Problems{{Code: "trial.warn_clock", Detail: fmt.Sprintf("the clock of the application's server is %s %s ours: run NTP on both", off.Round(time.Second), where)}}
}

// server is the address of who verifies an application's tokens, as far as that shows: the first place where it has people
// sent to, of a kind with a server of its own.
func server(c *clients.Client) string {
	if c.Kind != clients.KindWeb {
		return ""
	}
	for _, uri := range c.Metadata.RedirectURIs {
		if u, err := url.Parse(uri); err == nil && u.Host != "" {
			return u.Scheme + "://" + u.Host + "/"
		}
	}
	return ""
}
