package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pratu/flows/audit"
	"pratu/flows/office"
	"pratu/flows/record"
	"pratu/storage"
)

// errTampered makes the exit code 6.
var errTampered = errors.New("the record of events isn't what was sealed")

// verdict is what pratu audit verify prints.
type verdict struct {
	Intact bool `json:"intact"`
	*record.Report
}

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Verify and export the record of events", Args: args(cobra.NoArgs), RunE: help}
	cmd.AddCommand(a.auditVerify(), a.auditExport())
	return cmd
}

func (a *app) auditVerify() *cobra.Command {
	var expect string
	cmd := &cobra.Command{
		Use: "verify", Short: "Tell whether the record of events was changed past the program", Args: args(cobra.NoArgs),
		Long: "A running server chains the record, a second behind its events. This command follows the chain and names each row that was\n" +
			"changed, removed or put in since. It exits with 6 when it finds one, with 1 when it can't tell.\n" +
			"Who can write to the database and has an old copy of it could put that in place of everything: note the head, which the\n" +
			"log has too, and give it with --expect the next time.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTools(cmd, func(t *tools) error {
				r, err := t.chain.Verify(t.ctx, expect)
				if err != nil {
					return err
				}
				if err := a.printVerdict(r); err != nil || r.Intact() {
					return err
				}
				return errTampered
			})
		},
	}
	cmd.Flags().StringVar(&expect, "expect", "", "a head that was noted earlier, POSITION:HASH")
	return cmd
}

func (a *app) printVerdict(r *record.Report) error {
	if a.print.format == "table" {
		for _, f := range r.Findings {
			fmt.Fprintln(a.print.out, flawText(f))
		}
		if r.More > 0 {
			fmt.Fprintf(a.print.out, "%d more\n", r.More)
		}
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return a.print.one(verdict{r.Intact(), r}, [][2]string{
		{"intact", strconv.FormatBool(r.Intact())}, {"rows", n(r.Rows)}, {"without a seal yet", n(r.Waiting)}, {"emptied by erasure", n(r.Emptied)}, {"head", r.Head},
	})
}

// flaws are sentences with what stands at position or positions, and which row.
var flaws = map[record.Flaw]string{
	record.Changed:  "the row at position {at} was changed, or moved there: {row}",
	record.Resealed: "the seal at position {at} was changed; its row wasn't: {row}",
	record.Removed:  "the row at position {at} was removed: {row}",
	record.Cut:      "positions {at} to {last} were removed with their seals",
	record.Inserted: "a row without a seal was put among sealed ones, or written by a machine whose clock was wrong: {row}",
	record.Beyond:   "positions {at} to {last} aren't the sealer's",
	record.Head:     "the mark of the last row is missing, or isn't the sealer's",
	record.Anchor:   "the mark of the last row that retention took is missing, or isn't the janitor's",
	record.Key:      "the chain's own key was removed: nothing can be verified",
	record.Expired:  "{rows} rows that retention removed didn't fit their seals",
	record.Other:    "position {at} isn't what it was when its head was noted",
}

func flawText(f record.Finding) string {
	row := f.ID
	if f.Event != "" {
		row += " " + strconv.Quote(f.Event)
	}
	if f.At > 0 {
		row += " of " + f.At.Time().Format(time.RFC3339)
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return strings.NewReplacer("{at}", n(f.Position), "{last}", n(f.Last), "{rows}", n(f.Rows), "{row}", row).Replace(flaws[f.Flaw])
}

func (a *app) auditExport() *cobra.Command {
	var since, until, account string
	var f storage.AuditFilter
	cmd := &cobra.Command{
		Use: "export", Short: "Write the record of events to stdout, one JSON object a line, the oldest first", Args: args(cobra.NoArgs),
		Long: "Each line has the row's position and hash in the chain, once it has them. Characters that a terminal obeys are escaped.\n" +
			"That somebody exported is an event too.\n\nEvents:\n" + wrapped(audit.Names()),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, b := range []struct {
				flag, text string
				to         *storage.Instant
			}{{"since", since, &f.At}, {"until", until, &f.Until}} {
				at, err := instant(b.flag, b.text, a.now())
				if err != nil {
					return err
				}
				*b.to = storage.At(at)
			}
			return a.withTools(cmd, func(t *tools) error {
				return t.office.Export(t.ctx, office.Host(), a.stdout, f, account)
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "events from then on: RFC 3339, a day like 2026-11-30 in UTC, or how long ago, like 24h")
	cmd.Flags().StringVar(&until, "until", "", "events before then")
	cmd.Flags().StringVar(&account, "account", "", "events about an account: an e-mail address, a phone number, an ssoid or an oid")
	cmd.Flags().StringVar(&f.Event, "event", "", "events of a name, like signin.failed")
	cmd.Flags().StringVar(&f.ClientID, "client", "", "events that concern a client")
	return cmd
}

// wrapped are words in lines of a terminal's width.
func wrapped(words []string) string {
	text, width := "", 0
	for _, word := range words {
		if width+len(word) > 98 {
			text, width = text+"\n", 0
		}
		text, width = text+"  "+word, width+len(word)+2
	}
	return text
}

// instant reads a moment that somebody typed; "" is the zero time.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil && at.Unix() > 0 {
			return at, nil
		}
	}
	return time.Time{}, usage("--%s %q: write 2026-11-30, 2026-11-30T12:00:00Z, or 24h for how long ago", flag, text)
}
