package record

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode"

	"pratu/storage"
)

// Line is a row of the record as it is exported. A program that reads it has to bear members that it doesn't know.
type Line struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Event     string          `json:"event"`
	Outcome   string          `json:"outcome"`
	ActorKind string          `json:"actor_kind"`
	ActorID   string          `json:"actor_id,omitempty"`
	AccountID string          `json:"account_id,omitempty"`
	ClientID  string          `json:"client_id,omitempty"`
	SessionID string          `json:"session_id,omitempty"`
	IP        string          `json:"ip,omitempty"`
	UserAgent string          `json:"user_agent,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Details   json.RawMessage `json:"details,omitempty"`
	Position  int64           `json:"position,omitempty"` // 0: no seal yet
	Hash      string          `json:"hash,omitempty"`
}

// Export writes the rows of a filter as NDJSON, the oldest first, and tells how many. It holds a batch at a time.
func (c *Chain) Export(ctx context.Context, w io.Writer, f storage.AuditFilter) (lines int64, err error) {
	err = c.walk(ctx, f, func(rows []storage.AuditEvent, seals map[string]storage.AuditSeal) (bool, error) {
		var b bytes.Buffer
		for _, e := range rows {
			raw, err := json.Marshal(lineOf(e, seals[e.ID]))
			if err != nil {
				return false, err
			}
			b.Write(Inert(raw))
			b.WriteByte('\n')
		}
		lines += int64(len(rows))
		_, err := w.Write(b.Bytes())
		return true, err
	})
	return lines, err
}

func lineOf(e storage.AuditEvent, s storage.AuditSeal) Line {
	l := Line{
		ID: e.ID, At: e.At.Time(), Event: e.Event, Outcome: e.Outcome, ActorKind: e.ActorKind, ActorID: e.ActorID, AccountID: e.AccountID,
		ClientID: e.ClientID, SessionID: e.SessionID, IP: e.IP, UserAgent: e.UserAgent, RequestID: e.RequestID, Reason: e.Reason,
		Position: s.Position, Hash: s.Hash,
	}
	switch {
	case e.Details == noDetails:
	case json.Valid([]byte(e.Details)):
		l.Details = json.RawMessage(e.Details)
	default: // somebody changed it; it must not break the lines around it
		l.Details, _ = json.Marshal(e.Details)
	}
	return l
}

// Inert writes characters that a terminal obeys, or that turn the text around them, as escapes of JSON, which mean the same.
// Ends of lines stay: in a string of JSON they are escapes already.
func Inert(raw []byte) []byte {
	if !bytes.ContainsFunc(raw, Obeyed) {
		return raw
	}
	var b bytes.Buffer
	for _, r := range string(raw) {
		switch {
		case !Obeyed(r) || r == '\n':
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// Obeyed tells of a character that isn't shown but does something.
func Obeyed(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}
