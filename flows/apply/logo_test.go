package apply_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"path"
	"slices"
	"strings"
	"testing"

	"pratu/flows/apply"
	"pratu/flows/clients"
	"pratu/flows/kind"
)

// fading is a picture that is clear on one side.
func fading(t *testing.T, size int) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	for x := range size {
		for y := range size {
			picture.SetNRGBA(x, y, color.NRGBA{200, 30, byte(y), byte(x * 255 / size)}) //nolint:gosec // colours
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func dataURI(media string, raw []byte) string {
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(raw)
}

func (w *world) upload(id string, raw []byte) {
	w.t.Helper()
	if _, err := w.Clients.Update(w.t.Context(), id, func(d *clients.Document) error { return d.UseLogo(raw) }); err != nil {
		w.t.Fatal(err)
	}
}

// version and picture are what is at the address of a logo.
func (w *world) logo(id string) (version string, picture []byte) {
	w.t.Helper()
	c, err := w.Clients.Find(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	logo, err := w.Clients.Logo(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(id, err)
	}
	return c.LogoVersion(), logo.PNG
}

func (w *world) export() string {
	w.t.Helper()
	f, err := w.Export(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// A logo that was uploaded goes where the file goes, from each engine to each: the same picture under the same name.
func TestLogo(t *testing.T) {
	const here = `{"titles": [{"client_id": "77", "client_name": "Takraw"}], "clients": [{"client_id": "m", "kind": "machine", "settings": {}}]}`
	type kept struct {
		file, version string
		picture       []byte
	}
	exported := map[string]kept{}
	each(t, func(w *world) {
		w.apply(here, apply.Options{})
		if strings.Contains(w.export(), "logo") {
			t.Error("a logo of nobody")
		}
		w.upload("77", fading(w.t, 300))
		version, picture := w.logo("77")
		file := w.export()
		w.expect(file, apply.Options{}, "77:unchanged m:unchanged")
		exported[path.Base(w.t.Name())] = kept{file, version, picture}

		// Another picture is told by the names of both; a file that says nothing leaves what is there.
		w.upload("77", fading(w.t, 40))
		other, _ := w.logo("77")
		w.expect(here, apply.Options{}, "77:unchanged m:unchanged")
		changes := w.expect(file, apply.Options{}, "77:update m:unchanged")[0].Changes
		if want := (apply.Change{Pointer: "/logo", From: other, To: version}); !slices.Equal(changes, []apply.Change{want}) {
			t.Errorf("%+v", changes)
		}
		if now, _ := w.logo("77"); now != version {
			t.Error(now, version)
		}
	})
	each(t, func(w *world) {
		for from, want := range exported {
			if _, err := w.Clients.Find(w.t.Context(), "77"); err == nil {
				w.upload("77", fading(w.t, 20))
			}
			items, _ := w.apply(want.file, apply.Options{})
			version, picture := w.logo("77")
			if version != want.version || !bytes.Equal(picture, want.picture) {
				t.Errorf("from %s: %s, another picture under %s", from, items, version)
			}
			w.expect(want.file, apply.Options{Prune: true}, "77:unchanged m:unchanged")
			if w.export() != want.file {
				t.Errorf("%s\n%s", w.export(), want.file)
			}
		}
	})
}

// A picture in a file is believed as little as one that is uploaded.
func TestLogoRefused(t *testing.T) {
	var moving bytes.Buffer
	if err := gif.Encode(&moving, image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.Black}), nil); err != nil {
		t.Fatal(err)
	}
	small := dataURI("image/png", fading(t, 20))
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
	each(t, func(w *world) {
		for name, c := range map[string]struct{ logo, more, want string }{
			"a GIF":               {dataURI("image/gif", moving.Bytes()), ``, ""},
			"nothing":             {"", ``, ""},
			"an SVG":              {dataURI("image/svg+xml", svg), ``, "/clients/1/logo: is a data: URI"},
			"an SVG as PNG":       {dataURI("image/png", svg), ``, "/clients/1/logo: that is no picture"},
			"a page":              {dataURI("text/html", []byte("<script>alert(1)</script>")), ``, "/clients/1/logo: is a data: URI"},
			"an address":          {"https://evil.test/logo.png", ``, "/clients/1/logo: is a data: URI"},
			"no data:":            {strings.TrimPrefix(small, "data:"), ``, "/clients/1/logo: is a data: URI"},
			"a script":            {"javascript:alert(1)", ``, "/clients/1/logo: is a data: URI"},
			"another encoding":    {"data:image/png,%89PNG", ``, "/clients/1/logo: is a data: URI"},
			"no base64":           {"data:image/png;base64,%%%", ``, "/clients/1/logo: what follows"},
			"empty":               {"data:image/png;base64,", ``, "/clients/1/logo: that is no picture"},
			"half of one":         {dataURI("image/png", fading(t, 300)[:200]), ``, "/clients/1/logo: that is no picture"},
			"a bomb":              {dataURI("image/png", fading(t, 1025)), ``, "/clients/1/logo: that is no picture"},
			"too long":            {dataURI("image/png", append(fading(t, 20), make([]byte, clients.MaxUpload)...)), ``, "/clients/1/logo: the picture is longer than 1 MiB"},
			"two":                 {small, `, "logo_uri": "https://shop.test/logo.png"`, "/clients/1/logo: logo and logo_uri exclude"},
			"two in one language": {small, `, "logo_uri#th": "https://shop.test/logo.png"`, "/clients/1/logo: logo and logo_uri exclude"},
		} {
			file := `{"clients": [{"client_id": "a", "kind": "machine"}, {"client_id": "b", "kind": "machine", "logo": "` + c.logo + `"` + c.more + `}]}`
			_, err := w.plan(file, apply.Options{})
			if c.want == "" && err != nil || c.want != "" && (!kind.Is(err, "apply.invalid") || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.plan(`{"partners": [{"client_id": "a", "logo": ["x"]}]}`, apply.Options{}); err == nil || !strings.Contains(err.Error(), "/partners/0/logo: is a text") {
			t.Error(err)
		}
	})
}
