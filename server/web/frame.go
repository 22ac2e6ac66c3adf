package web

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"pratu/flows/kind"
)

// Frame is what every page has around its content. Page structs embed it, handlers fill Client and Problems, Render
// fills the rest.
type Frame struct {
	Locale      string // th or en
	Product     string
	CSRF        string
	Interaction string // handle; "" on a page that stands alone
	Owner       string // number of the account that the page's forms are about; "" where that goes without saying
	RequestID   string
	Client      *Brand // who sent the person here; nil: nobody
	SignedIn    string // name or masked contact of who is signed in, for the header; "" hides it
	Languages   []Language
	Problems    []Problem
	Dev         bool
}

// FrameOf lets Render reach the frame of whatever page it is given.
func (f *Frame) FrameOf() *Frame { return f }

// Framed is a pointer to a struct that embeds Frame.
type Framed interface{ FrameOf() *Frame }

// Refuse adds what is wrong with a posted form, several things when they are joined. An error without a kind is not for a
// form: it is returned.
func (f *Frame) Refuse(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // one below a cause isn't a list for a form
		for _, one := range joined.Unwrap() {
			if e := f.Refuse(one); e != nil {
				return e
			}
		}
		return nil
	}
	e, ok := kind.As(err)
	if !ok {
		return err
	}
	f.Problems = append(f.Problems, Problem{Field: e.Field, Code: e.Code, Args: e.Args})
	return nil
}

// Problem is the first thing wrong with an input, by its name; nil when it is fine.
func (f *Frame) Problem(field string) *Problem {
	for i := range f.Problems {
		if f.Problems[i].Field == field {
			return &f.Problems[i]
		}
	}
	return nil
}

// Problem is one thing wrong with a form. Code is the id of its words, Field the name of the input, "" for all of it.
type Problem struct {
	Field string
	Code  string
	Args  map[string]any
}

// Language is one of those a page can be read in.
type Language struct {
	Tag, Name string
	URL       string // GET: stores the choice and comes back here
	Current   bool
}

// Brand is a relying party as people see it. Make it with NewBrand.
type Brand struct {
	ID        string
	Name      string
	Initial   string
	Host      string // of client_uri
	PolicyURI string
	TosURI    string
	Logo      string // our copy, or ""
	Style     string // style sheet with its colour, or ""
	Text      string // what it has to say, or ""
}

// NewBrand makes a client's own words inert: no controls, no direction overrides, nothing endless.
func NewBrand(id, name, host, policyURI, tosURI string) *Brand {
	name = Inert(name)
	if name == "" {
		name = Inert(id)
	}
	return &Brand{ID: id, Name: name, Initial: Initial(name), Host: host, PolicyURI: policyURI, TosURI: tosURI}
}

const (
	maxName = 80
	maxText = 200
)

// Inert drops from a name what changes the text around it: controls, bidirectional overrides, zero-width marks. A client
// could otherwise write its name so that the sentence that warns of it reads backwards.
func Inert(name string) string { return inert(name, maxName) }

// InertText is Inert for a sentence.
func InertText(text string) string { return inert(text, maxText) }

func inert(name string, most int) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, name)
	runes := []rune(strings.Join(strings.Fields(clean), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// Initial is the letter that stands for a name. In Thai a leading vowel is written before the consonant it follows in
// speech: the consonant is the initial (เอม is อ).
func Initial(name string) string {
	for _, r := range name {
		if r >= 'เ' && r <= 'ไ' {
			continue
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return strings.ToUpper(string(r))
		}
	}
	return "•"
}

// ErrorView is the data of "error". Message is the prefix of its words: Message.title, .what, .do.
type ErrorView struct {
	Frame
	Status   int
	Code     string // shown in #error-code, such as invalid_request
	Message  string
	Args     map[string]any
	Restart  string // where to begin again; "" for nowhere
	ClientID string
	Reason   string  // for developers, in English, or ""
	Received []Field // what a request held, for its developer to compare, made Visible
	At       time.Time
}

const maxVisible = 300

// Visible spells out what a developer's program sent: in ASCII, so that a look-alike, a zero-width mark or an override of
// direction shows as what it is, and not endlessly.
func Visible(text string) string {
	cut := len(text) > maxVisible
	if cut {
		text = text[:maxVisible]
	}
	quoted := strconv.QuoteToASCII(text)
	quoted = quoted[1 : len(quoted)-1]
	if cut {
		quoted += "…"
	}
	return quoted
}

// FormPost is the data of "form-post": the answer of response_mode=form_post.
type FormPost struct {
	Frame
	Action string // the redirect URI
	Fields []Field
}

// Field is a hidden input.
type Field struct{ Name, Value string }

// SignOut is the data of "sign-out", the question whether to leave. Accounts are those that end, masked.
type SignOut struct {
	Frame
	Accounts []string
	Return   string  // sealed target (Kernel.SealReturn), posted back as "return"; "" goes to the signed-out page
	Action   string  // where the form goes; "" is issuer.PathSignOut
	Fields   []Field // more hidden inputs
}
