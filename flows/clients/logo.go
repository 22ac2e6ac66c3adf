package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	_ "image/gif"  // logos may be one
	_ "image/jpeg" // or one
	"image/png"
	"strconv"

	"pratu/flows/kind"
	"pratu/flows/outbound"
	"pratu/storage"
)

// Bounds of a logo: of what is read, and of what pages show, for screens with two pixels to a point.
const (
	maxLogoPixels = 1024 * 1024
	logoSize      = 128
	maxLogoScans  = 64 // of a JPEG that comes sharper and sharper: encoders write ten
)

// startOfScan begins a pass over all of a JPEG's picture: a few bytes can ask for one, and a file for very many.
var startOfJPEG, startOfScan = []byte{0xff, 0xd8}, []byte{0xff, 0xda}

// Fetcher gets what a client names. It is outbound's guarded client.
type Fetcher interface {
	Get(ctx context.Context, url string) (*outbound.Response, error)
}

// fetchLogo draws the logo at an address; "" when there is none that we can draw. A logo is an ornament: without one the
// page shows an initial, and who registers a client isn't refused for a server that is away.
func (s *Service) fetchLogo(ctx context.Context, uri string) string {
	if uri == "" || s.Fetch == nil {
		return ""
	}
	answer, err := s.Fetch.Get(ctx, uri)
	if err != nil || answer.Status != 200 {
		return ""
	}
	return draw(answer.Body)
}

// draw makes a picture anew, as PNG in base64; "" for what we can't draw. An SVG is a document with scripts, so it isn't
// drawn.
func draw(raw []byte) string {
	if bytes.HasPrefix(raw, startOfJPEG) && bytes.Count(raw, startOfScan) > maxLogoScans {
		return ""
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || config.Width < 1 || config.Height < 1 || config.Width > maxLogoPixels/config.Height { // a bomb, before it is unpacked
		return ""
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	if png.Encode(&out, shrink(picture)) != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// shrink makes each pixel the mean of those it stands for. What is small stays as it is, to the bit: what we drew is drawn the
// same wherever it is applied again.
func shrink(from image.Image) image.Image {
	b := from.Bounds()
	long := max(b.Dx(), b.Dy())
	size := min(long, logoSize)
	to := image.NewNRGBA(image.Rect(0, 0, max(b.Dx()*size/long, 1), max(b.Dy()*size/long, 1)))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			if size == long {
				to.Set(x, y, from.At(b.Min.X+x, b.Min.Y+y))
				continue
			}
			to.Set(x, y, mean(from, image.Rect(
				b.Min.X+x*long/size, b.Min.Y+y*long/size, b.Min.X+(x+1)*long/size, b.Min.Y+(y+1)*long/size,
			).Intersect(b)))
		}
	}
	return to
}

func mean(from image.Image, box image.Rectangle) color.Color {
	var sum [4]uint64
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			r, g, b, a := from.At(x, y).RGBA()
			sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(r), sum[1]+uint64(g), sum[2]+uint64(b), sum[3]+uint64(a)
		}
	}
	n := max(uint64(box.Dx()*box.Dy()), 1)                                                              //nolint:gosec // a box has no negative side
	return color.RGBA64{uint16(sum[0] / n), uint16(sum[1] / n), uint16(sum[2] / n), uint16(sum[3] / n)} //nolint:gosec // a mean of 16 bits has 16
}

// MaxUpload is how long a logo may be that is uploaded, as one that is fetched.
const MaxUpload = 1 << 20

// UseLogo puts an uploaded logo in the place of the one that logo_uri names.
func (d *Document) UseLogo(raw []byte) error {
	if len(raw) > MaxUpload {
		return kind.New(kind.Invalid, "client.logo_size").WithField("logo")
	}
	drawn := draw(raw)
	if drawn == "" {
		return kind.New(kind.Invalid, "client.logo").WithField("logo")
	}
	d.setLogo(drawn)
	return nil
}

// DropLogo leaves a client without a logo.
func (d *Document) DropLogo() { d.setLogo("") }

func (d *Document) setLogo(drawn string) {
	d.LogoURI, d.LogoURITH, d.LogoURIEN, d.drawn = "", "", "", &drawn
}

// KeepsLogo tells whether a document leaves a client the logo that it has, or the lack of one, as far as it was uploaded.
func (s *Service) KeepsLogo(ctx context.Context, old *Client, d Document) (bool, error) {
	if d.drawn == nil || !old.HasLogo {
		return d.drawn == nil || *d.drawn == "", nil
	}
	row, err := s.Store.ClientLogo(ctx, old.ID)
	return row.PNG == *d.drawn, err
}

// LogoVersion names the logo that was uploaded; "" without one.
func (d *Document) LogoVersion() string {
	if d.drawn == nil {
		return ""
	}
	return logoDigest(*d.drawn)
}

// newLogo is the logo that a change brings, and whether it brings one: what was uploaded, or is at another address.
func (s *Service) newLogo(ctx context.Context, old, updated *Client, uploaded *string) (drawn string, changes bool) {
	switch {
	case uploaded != nil:
		drawn = *uploaded
	case logoChanged(old, updated):
		drawn = s.fetchLogo(ctx, updated.Metadata.Word("logo_uri", ""))
	default:
		return "", false
	}
	updated.HasLogo, updated.LogoDigest = drawn != "", logoDigest(drawn)
	return drawn, true
}

// logoChanged tells whether a logo is to be fetched, or to go. One that couldn't be fetched is tried again.
func logoChanged(old, updated *Client) bool {
	before, after := old.Metadata.Word("logo_uri", ""), updated.Metadata.Word("logo_uri", "")
	return before != after || after != "" && !old.HasLogo
}

// keepLogo writes what fetchLogo drew, in the transaction of the change.
func (s *Service) keepLogo(ctx context.Context, c *Client, drawn string) error {
	if drawn == "" {
		return s.Store.DeleteClientLogo(ctx, c.ID)
	}
	return s.Store.PutClientLogo(ctx, storage.ClientLogo{
		ClientID: c.ID, URI: c.Metadata.Word("logo_uri", ""), PNG: drawn, Digest: logoDigest(drawn),
	})
}

// logoDigest names a picture in URLs: another one has another name.
func logoDigest(drawn string) string {
	if drawn == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(drawn))
	return hex.EncodeToString(sum[:8])
}

// Uploaded tells whether its logo was uploaded: no address brings it again.
func (c *Client) Uploaded() bool { return c.HasLogo && c.Metadata.Word("logo_uri", "") == "" }

// LogoVersion names our copy of its logo; "" without one.
func (c *Client) LogoVersion() string {
	if c.HasLogo && c.LogoDigest == "" { // a copy from before they had one
		return strconv.FormatInt(int64(c.UpdatedAt), 36)
	}
	return c.LogoDigest
}

// Logo is a picture and what it is named by.
type Logo struct {
	PNG    []byte
	Digest string
}

// Logo is our copy of a client's logo; storage.ErrNotFound without one.
func (s *Service) Logo(ctx context.Context, id string) (Logo, error) {
	if !validID(id) {
		return Logo{}, storage.ErrNotFound
	}
	row, err := s.Store.ClientLogo(ctx, id)
	if err != nil {
		return Logo{}, err
	}
	picture, err := base64.StdEncoding.DecodeString(row.PNG)
	return Logo{picture, row.Digest}, err
}
