package apply

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/storage"
)

// Of an upload what it is called doesn't matter, as it is drawn anew. In a file that people read a picture says what it is, and
// an SVG is refused by its name.
var pictures = []string{"image/png", "image/jpeg", "image/gif"}

// logo is the picture of a client that no address brings again.
func (s *Service) logo(ctx context.Context, c *clients.Client) (string, error) {
	if !c.Uploaded() {
		return "", nil
	}
	logo, err := s.Clients.Logo(ctx, c.ID)
	if errors.Is(err, storage.ErrNotFound) { // removed meanwhile
		return "", nil
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(logo.PNG), err
}

// logo takes the picture of an item as the console takes an upload.
func (r *reader) logo(at string, item *Client) {
	if item.Logo == "" {
		return
	}
	at += "/logo"
	header, text, _ := strings.Cut(strings.TrimPrefix(item.Logo, "data:"), ",")
	media, inBase64 := strings.CutSuffix(header, ";base64")
	raw, err := base64.StdEncoding.DecodeString(text)
	switch {
	case !strings.HasPrefix(item.Logo, "data:") || !inBase64 || !slices.Contains(pictures, media):
		r.refuse(at, "client.logo", "is a data: URI of %s, as in data:image/png;base64,…; an address belongs into logo_uri", strings.Join(pictures, ", "))
	case err != nil:
		r.refuse(at, "client.logo", "what follows base64, is no base64")
	case item.Metadata.Word("logo_uri", "") != "":
		r.refuse(at, "document.twice", "logo and logo_uri exclude each other")
	default:
		switch err := item.UseLogo(raw); {
		case kind.Is(err, "client.logo_size"):
			r.refuse(at, "client.logo_size", "the picture is longer than %d MiB", clients.MaxUpload>>20)
		case err != nil:
			r.refuse(at, "client.logo", "that is no picture that can be drawn: PNG, JPEG or GIF, of a million pixels at most")
		}
	}
}
