package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"pratu/flows/accounts"
	"pratu/flows/kind"
	"pratu/flows/office"
)

// rejected is a line that wasn't imported, as scripts see it. It has no value of the line: those are somebody's.
type rejected struct {
	Line   int64  `json:"line"`
	Code   string `json:"code"`
	Member string `json:"member,omitempty"`
	Reason string `json:"reason"`
}

func (a *app) accountImport() *cobra.Command {
	var rejects string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import accounts of another system, one JSON object in each line; - reads stdin",
		Long: "docs/import.md describes the lines. An import that was broken off is run again: what was imported is known and left\n" +
			"alone. A line that is refused is listed with its reason and costs no other; the exit code is 1 then.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			in, done, err := a.openInput("", list[0])
			if err != nil {
				return err
			}
			defer done()
			out, closeRejects, err := a.rejects(rejects, in)
			if err != nil {
				return err
			}
			defer closeRejects()
			return a.withTools(cmd, func(t *tools) error { return a.importAccounts(t, in, out) })
		},
	}
	cmd.Flags().StringVar(&rejects, "rejects", "", "file for the lines that are refused, as JSON; stderr when left out")
	return cmd
}

// rejects is where refused lines are told of. The file that is imported can't be it: it would be emptied before it is read.
func (a *app) rejects(path string, in io.Reader) (io.Writer, func(), error) {
	if path == "" {
		return a.stderr, func() {}, nil
	}
	if from, isFile := in.(*os.File); isFile {
		one, err := from.Stat()
		if other, err2 := os.Stat(path); errors.Join(err, err2) == nil && os.SameFile(one, other) {
			return nil, nil, usage("--rejects %s is the file that is imported: name another one", path)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("--rejects %s can't be written (%w): correct the path or its permissions", path, reason(err))
	}
	return f, func() { _ = f.Close() }, nil
}

func (a *app) importAccounts(t *tools, in io.Reader, rejects io.Writer) error {
	told := a.newTelling(in, rejects)
	result, err := t.office.ImportAccounts(t.ctx, office.Host(), in, 1, told.refuse, told.progress)
	return told.end(result, err)
}

// telling shows how far an import is, and how it went.
type telling struct {
	*app
	bar     *progress
	rejects io.Writer
	lines   *json.Encoder
}

func (a *app) newTelling(in io.Reader, rejects io.Writer) *telling {
	return &telling{a, a.newProgress(sizeOf(in), "accounts"), rejects, json.NewEncoder(rejects)}
}

func (t *telling) refuse(line int64, why error) error {
	e, _ := kind.As(why)
	r := rejected{Line: line, Code: kind.Code(why), Reason: plain(why)}
	if e != nil {
		r.Member = e.Field
	}
	if t.rejects == t.stderr {
		t.bar.clear()
	}
	return t.lines.Encode(r)
}

func (t *telling) progress(r accounts.ImportResult) { t.bar.at(r.Bytes, r.Read) }

// end prints what was done, also where it was broken off.
func (t *telling) end(result accounts.ImportResult, err error) error {
	t.bar.end()
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	if shown := t.print.one(result, [][2]string{
		{"read", count(result.Read)}, {"imported", count(result.Imported)}, {"unchanged", count(result.Unchanged)}, {"refused", count(result.Refused)},
	}); err == nil {
		err = shown
	}
	if err == nil && result.Refused > 0 {
		lines := "1 line was"
		if result.Refused > 1 {
			lines = count(result.Refused) + " lines were"
		}
		err = kind.New(kind.Invalid, "import.refused").WithArg("lines", lines)
	}
	return err
}

// sizeOf is how many bytes come, or 0.
func sizeOf(in io.Reader) int64 {
	f, ok := in.(*os.File)
	if !ok {
		return 0
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
