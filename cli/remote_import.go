package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/kind"
	"pratu/server/adminapi"
)

// What is sent in one request: little enough for a slow line and the server's patience.
const (
	partLines = 500
	partBytes = 256 << 10
)

// remoteAccountImport sends a file in parts. What is sent again after it was broken off is known there.
func remoteAccountImport(r *remote) error {
	if r.tokenStdin && r.args[0] == "-" {
		return usage("stdin can't be both the token and the file: give the token as %s", tokenVariable)
	}
	in, done, err := r.openInput("", r.args[0])
	if err != nil {
		return err
	}
	defer done()
	out, closeRejects, err := r.rejects(r.flag("rejects"), in)
	if err != nil {
		return err
	}
	defer closeRejects()
	told := r.newTelling(in, out)
	result, err := r.importParts(in, told)
	return told.end(result, err)
}

func (r *remote) importParts(in io.Reader, told *telling) (sum accounts.ImportResult, err error) {
	lines := bufio.NewReaderSize(in, 1<<20)
	var part bytes.Buffer
	first, next := int64(1), int64(1)
	for end := false; !end; {
		raw, err := lines.ReadBytes('\n')
		if end = errors.Is(err, io.EOF); err != nil && !end {
			return sum, err
		}
		sum.Bytes += int64(len(raw))
		raw = bytes.TrimSpace(raw)
		if len(raw) > accounts.MaxImportLine { // nobody takes it; an empty line stands for it, so that the others keep their numbers
			sum.Read, sum.Refused = sum.Read+1, sum.Refused+1
			if err := told.refuse(next, kind.New(kind.Invalid, "import.too_long")); err != nil {
				return sum, err
			}
			raw = nil
		}
		if next++; len(raw) > 0 || !end {
			part.Write(append(raw, '\n'))
		}
		if part.Len() > 0 && (end || part.Len()+accounts.MaxImportLine > partBytes || next-first >= partLines) {
			if err := r.importPart(first, part.Bytes(), &sum, told); err != nil {
				return sum, err
			}
			first = next
			part.Reset()
		}
	}
	return sum, nil
}

// importPart sends lines, and adds to the sum what became of them.
func (r *remote) importPart(first int64, part []byte, sum *accounts.ImportResult, told *telling) error {
	raw, err := r.sendPart(fmt.Sprintf("/accounts/import?line=%d", first), part)
	if err != nil {
		return err
	}
	got, err := as[adminapi.Import](raw)
	if err != nil {
		return err
	}
	sum.Read, sum.Imported = sum.Read+got.Read, sum.Imported+got.Imported
	sum.Unchanged, sum.Refused = sum.Unchanged+got.Unchanged, sum.Refused+got.Refused
	for _, x := range got.Refusals {
		why := kind.New(kind.Invalid, cell(x.Code)).WithField(cell(x.Member)).WithArg("hint", accounts.ImportHint(x.Member))
		if err := told.refuse(x.Line, why); err != nil {
			return err
		}
	}
	told.progress(*sum)
	return nil
}

// sendPart waits for the machine's next budget where this one is spent.
func (r *remote) sendPart(path string, part []byte) (json.RawMessage, error) {
	for {
		raw, _, err := r.ask(http.MethodPost, path, part, "Content-Type", "application/x-ndjson")
		var p *refusal
		if !errors.As(err, &p) || p.Status != http.StatusTooManyRequests || p.after <= 0 {
			return raw, err
		}
		select {
		case <-time.After(p.after):
		case <-r.cmd.Context().Done():
			return nil, r.cmd.Context().Err()
		}
	}
}
