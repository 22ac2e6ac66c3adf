package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"pratu/flows/kind"
	"pratu/flows/secret"
	"pratu/storage"
)

// Flaw is a way in which the record isn't what was sealed.
type Flaw string

// Flaws.
const (
	Changed  Flaw = "changed"      // a row, or it isn't where it was
	Resealed Flaw = "seal_changed" // the seal of a row
	Removed  Flaw = "removed"      // a row
	Cut      Flaw = "cut"          // rows with their seals, Position to Last
	Inserted Flaw = "inserted"     // a row without a seal among sealed ones
	Beyond   Flaw = "beyond"       // seals behind the last one that the sealer wrote, Position to Last
	Head     Flaw = "head"         // which row is the last
	Anchor   Flaw = "anchor"       // which row retention took last
	Key      Flaw = "key"          // the chain's own key is gone
	Expired  Flaw = "expired"      // rows that retention took since: Rows of them didn't fit
	Other    Flaw = "other"        // a mark that was noted isn't in the chain
)

// Finding is where the record isn't what was sealed.
type Finding struct {
	Flaw     Flaw            `json:"flaw"`
	Position int64           `json:"position,omitempty"`
	Last     int64           `json:"last,omitempty"`
	Rows     int64           `json:"rows,omitempty"`
	ID       string          `json:"id,omitempty"`
	Event    string          `json:"event,omitempty"`
	At       storage.Instant `json:"-"`
}

// maxFindings bounds what is told: a chain that was renumbered fits nowhere behind that.
const maxFindings = 100

// Report is what Verify found out.
type Report struct {
	Rows     int64     `json:"rows"`    // that were looked at with their seals
	Waiting  int64     `json:"waiting"` // that have no seal yet
	Emptied  int64     `json:"emptied"` // whose details went with their account
	Head     string    `json:"head"`    // to note elsewhere
	Findings []Finding `json:"findings"`
	More     int64     `json:"more"` // findings that aren't listed
}

// Intact tells whether nothing was found.
func (r *Report) Intact() bool { return len(r.Findings) == 0 }

// Verify reads the whole record and compares it with its seals. expect is "" or a head that was noted: who may write to the
// database and has an old copy of it could put that in place of all, and only what is kept elsewhere would tell.
func (c *Chain) Verify(ctx context.Context, expect string) (*Report, error) {
	noted, err := noted(expect)
	if err != nil {
		return nil, err
	}
	last, err := c.Store.LastSeal(ctx) // before the head, which is never behind it
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	anchor, anchored, err := c.marked(ctx, anchorName)
	if err != nil {
		return nil, err
	}
	head, headed, err := c.marked(ctx, headName)
	if err != nil {
		return nil, err
	}
	ring, err := c.keys(ctx, false)
	if errors.Is(err, storage.ErrNotFound) && (anchored || headed || last.Position > 0) {
		return &Report{Findings: []Finding{{Flaw: Key}}}, nil
	}
	if errors.Is(err, storage.ErrNotFound) { // nothing was ever sealed
		r := &Report{Findings: []Finding{}}
		if noted.Position > 0 {
			r.add(Finding{Flaw: Other, Position: noted.Position})
		}
		return r, c.loose(ctx, r, 0, storage.At(c.Now()).Add(-c.Keep))
	}
	if err != nil {
		return nil, err
	}
	k := c.checker(ring, anchor)
	k.unknown = !anchored || !anchor.valid(ring, anchorName)
	if k.unknown {
		k.find(Finding{Flaw: Anchor})
	}
	if anchor.Flaws > 0 {
		k.find(Finding{Flaw: Expired, Rows: anchor.Flaws})
	}
	if headed && !head.valid(ring, headName) || !headed && last.Position+anchor.Position > 0 {
		k.find(Finding{Flaw: Head})
		head = markAt(last)
	}
	if err := k.all(ctx, head.Position); err != nil {
		return nil, err
	}
	if k.position < head.Position {
		k.find(Finding{Flaw: Cut, Position: k.position + 1, Last: head.Position})
	}
	if last.Position > head.Position {
		k.find(Finding{Flaw: Beyond, Position: head.Position + 1, Last: last.Position})
	}
	k.report.Head = head.String()
	if err := k.expect(ctx, noted, anchor); err != nil {
		return nil, err
	}
	if err := c.loose(ctx, &k.report, head.At.Add(-late), anchor.At+1); err != nil {
		return nil, err
	}
	return &k.report, c.forgive(ctx, &k.report, anchor)
}

// marked is a mark, and whether there is one.
func (c *Chain) marked(ctx context.Context, name string) (Mark, bool, error) {
	m, err := c.mark(ctx, name)
	if errors.Is(err, storage.ErrNotFound) {
		return m, false, nil
	}
	return m, true, err
}

// loose looks for rows without a seal: what is older than the sealer looks back was put in later; the rest waits.
func (c *Chain) loose(ctx context.Context, r *Report, settled, from storage.Instant) error {
	return c.withoutSeal(ctx, storage.AuditFilter{At: from}, func(e storage.AuditEvent) bool {
		if e.At >= settled {
			r.Waiting++
		} else {
			r.add(Finding{Flaw: Inserted, ID: e.ID, Event: e.Event, At: e.At})
		}
		return true
	})
}

// forgive drops what retention took while it was looked for.
func (c *Chain) forgive(ctx context.Context, r *Report, anchor Mark) error {
	now, _, err := c.marked(ctx, anchorName)
	if err != nil || now.Position == anchor.Position {
		return err
	}
	kept := []Finding{}
	for _, f := range r.Findings {
		if f.Flaw != Removed && f.Flaw != Cut || f.Position > now.Position {
			kept = append(kept, f)
		}
	}
	r.Findings = kept
	return nil
}

func (r *Report) add(f Finding) {
	if len(r.Findings) == maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

// noted reads a mark as String writes it; "" is none.
func noted(text string) (m Mark, err error) {
	if text == "" {
		return m, nil
	}
	number, hash, _ := strings.Cut(text, ":")
	m.Hash = hash
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != sha256.Size { // cut off when it was copied, it would accuse the record
		return m, kind.New(kind.Invalid, "audit.mark")
	}
	if m.Position, err = strconv.ParseInt(number, 10, 64); err != nil || m.Position < 1 {
		return m, kind.New(kind.Invalid, "audit.mark")
	}
	return m, nil
}

// expect compares the chain with a mark of it that was noted.
func (k *checker) expect(ctx context.Context, noted, anchor Mark) error {
	switch {
	case noted.Position == 0:
		return nil
	case noted.Position < anchor.Position:
		return kind.New(kind.NotFound, "audit.mark_gone")
	}
	is := anchor.Hash
	if noted.Position > anchor.Position {
		seals, err := k.chain.Store.SealsAfter(ctx, noted.Position-1, 1)
		if err != nil {
			return err
		}
		is = ""
		if len(seals) > 0 && seals[0].Position == noted.Position {
			is = seals[0].Hash
		}
	}
	if !secret.Equal(is, noted.Hash) {
		k.find(Finding{Flaw: Other, Position: noted.Position})
	}
	return nil
}
