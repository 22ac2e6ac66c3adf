package clients

import "strings"

// Localized are the members that people see, in the languages of our pages (OpenID Connect Registration section 2.1).
type Localized struct {
	ClientNameTH string `json:"client_name#th,omitempty"`
	ClientNameEN string `json:"client_name#en,omitempty"`
	ClientURITH  string `json:"client_uri#th,omitempty"`
	ClientURIEN  string `json:"client_uri#en,omitempty"`
	LogoURITH    string `json:"logo_uri#th,omitempty"`
	LogoURIEN    string `json:"logo_uri#en,omitempty"`
	PolicyURITH  string `json:"policy_uri#th,omitempty"`
	PolicyURIEN  string `json:"policy_uri#en,omitempty"`
	TosURITH     string `json:"tos_uri#th,omitempty"`
	TosURIEN     string `json:"tos_uri#en,omitempty"`
}

// Texts are one text in the languages of our pages.
type Texts struct {
	TH string `json:"th,omitempty"`
	EN string `json:"en,omitempty"`
}

// In is the text in a language, or in the other one.
func (t *Texts) In(locale string) string {
	switch {
	case t == nil:
		return ""
	case locale == "th" && t.TH != "", t.EN == "":
		return t.TH
	}
	return t.EN
}

// localized are the members again: what has another tag is another language, or none.
func (m *Metadata) localized() []struct{ name, value string } {
	return []struct{ name, value string }{
		{"client_name", m.ClientName}, {"client_name#th", m.ClientNameTH}, {"client_name#en", m.ClientNameEN},
		{"client_uri", m.ClientURI}, {"client_uri#th", m.ClientURITH}, {"client_uri#en", m.ClientURIEN},
		{"logo_uri", m.LogoURI}, {"logo_uri#th", m.LogoURITH}, {"logo_uri#en", m.LogoURIEN},
		{"policy_uri", m.PolicyURI}, {"policy_uri#th", m.PolicyURITH}, {"policy_uri#en", m.PolicyURIEN},
		{"tos_uri", m.TosURI}, {"tos_uri#th", m.TosURITH}, {"tos_uri#en", m.TosURIEN},
	}
}

// Word is a member in a language: the one of its tag, else the one without, else any.
func (m *Metadata) Word(member, locale string) string {
	found := ""
	for _, x := range m.localized() {
		name, tag, _ := strings.Cut(x.name, "#")
		switch {
		case name != member || x.value == "":
		case tag == locale:
			return x.value
		case tag == "" || found == "":
			found = x.value
		}
	}
	return found
}

// NameIn is what pages call the client in a language.
func (c *Client) NameIn(locale string) string {
	if name := c.Metadata.Word("client_name", locale); name != "" {
		return name
	}
	return c.DisplayName()
}

// ourTag writes a member's language tag as ours: tags are compared without case, and client_name#th-TH is Thai.
func ourTag(name string) string {
	member, tag, found := strings.Cut(name, "#")
	if !found {
		return name
	}
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return member + "#" + language
}
