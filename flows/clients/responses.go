package clients

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// GrantImplicit is the grant of tokens by the front channel (RFC 7591 section 2.1).
const GrantImplicit = "implicit"

// ResponseTypes are those of OpenID Connect Core section 3, their parts in the order of the alphabet. An access token alone
// (response_type=token) isn't among them: nothing in its answer says for whom it is.
func ResponseTypes() []string {
	return []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
}

// ResponseType is the spelling under which a response type is known, since the order of its parts doesn't matter; "" for an
// unknown one.
func ResponseType(text string) string {
	parts := strings.Fields(text)
	slices.Sort(parts)
	if known := strings.Join(parts, " "); slices.Contains(ResponseTypes(), known) {
		return known
	}
	return ""
}

// Answers tells whether the client is registered for a response type. One that names none gets codes (RFC 7591 section 2).
func (c *Client) Answers(responseType string) bool {
	if len(c.Metadata.ResponseTypes) == 0 {
		return responseType == "code"
	}
	return slices.ContainsFunc(c.Metadata.ResponseTypes, func(t string) bool { return ResponseType(t) == responseType })
}

// grantsOf are the grants that response types come with (OpenID Connect Registration section 2).
func grantsOf(responseTypes []string) (grants []string) {
	for _, t := range responseTypes {
		for _, part := range strings.Fields(t) {
			grant := GrantImplicit
			if part == "code" {
				grant = GrantCode
			}
			if !slices.Contains(grants, grant) {
				grants = append(grants, grant)
			}
		}
	}
	return grants
}

// inFront tells whether metadata wants tokens by the front channel.
func (m Metadata) inFront() bool {
	return slices.Contains(m.GrantTypes, GrantImplicit) || slices.Contains(grantsOf(m.ResponseTypes), GrantImplicit)
}

func (d *Document) validateResponses(ps *Problems) {
	m := &d.Metadata
	for i, t := range m.ResponseTypes {
		pointer := fmt.Sprintf("/response_types/%d", i)
		if ResponseType(t) == "" {
			ps.add(pointer, "client.response", "%q is none of %s", t, strings.Join(ResponseTypes(), ", "))
			continue
		}
		for _, grant := range grantsOf([]string{t}) {
			if !slices.Contains(m.GrantTypes, grant) {
				ps.add(pointer, "client.response", "%s needs the grant type %s", t, grant)
			}
		}
	}
	if !m.inFront() {
		return
	}
	// The answer is read by whatever runs at the redirect URI (OpenID Connect Registration section 2).
	for i, raw := range m.RedirectURIs {
		if u, err := url.Parse(raw); err == nil && (u.Scheme != "https" || u.Hostname() == "localhost") {
			ps.add(fmt.Sprintf("/redirect_uris/%d", i), "client.response", "tokens by the front channel go to https only, and not to localhost")
		}
	}
}

// validate is Document's, and holds what this server has switched off.
func (s *Service) validate(d *Document) Problems {
	ps := d.validate()
	if !s.FrontChannelTokens && d.Metadata.inFront() {
		ps.add("/response_types", "client.response", "only code: tokens by the front channel are off (enable_front_channel_tokens)")
	}
	return ps
}
