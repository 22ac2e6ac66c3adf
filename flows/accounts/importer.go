package accounts

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/storage"
)

// ImportResult is how an import went.
type ImportResult struct {
	Read      int64 `json:"read"`
	Imported  int64 `json:"imported"`
	Unchanged int64 `json:"unchanged"` // imported before
	Refused   int64 `json:"refused"`
	Bytes     int64 `json:"-"` // read so far
}

// Importer reads accounts of another system, one JSON object in each line, any number of them. It may be broken off and run
// again: what was imported is known by the line it came by. A line that can't be imported is told of and costs no other.
type Importer struct {
	Accounts *Service
	First    int64 // number of the first line, for a part of a file; 1 unless said otherwise
	// Refuse is told of a line that isn't imported; why has a code and the member it is about, and never its value.
	Refuse func(line int64, why error) error
	// Progress is told how far it is.
	Progress func(r ImportResult)

	mu     sync.Mutex // of the result and of whom is told
	result ImportResult
}

// importBatch is how many accounts are written in one transaction.
const importBatch = 500

// importLine is a line on its way.
type importLine struct {
	number  int64
	raw     []byte
	keys    []string // hashes of the line, the current key's first
	account storage.Import
	err     error
}

// importWriters is how many batches are written at once: a database has more than one processor too.
const importWriters = 2

// Run imports all lines. While batches are written the next ones are read and judged. Of two lines that want the same thing
// the first one gets it, unless they are so close that both are on their way.
func (i *Importer) Run(ctx context.Context, r io.Reader) (ImportResult, error) {
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []importLine, importWriters)
	group.Go(func() error {
		defer close(batches)
		return i.read(ctx, r, batches)
	})
	for range importWriters {
		group.Go(func() error {
			for batch := range batches {
				if err := i.write(ctx, batch); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	err := group.Wait()
	return i.result, err
}

// read cuts the input into batches and prepares them.
func (i *Importer) read(ctx context.Context, r io.Reader, batches chan<- []importLine) error {
	in := bufio.NewReaderSize(r, 1<<20)
	var batch []importLine
	send := func() bool {
		i.prepare(batch)
		select {
		case batches <- batch:
			batch = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	for number := max(i.First, 1); ; number++ {
		raw, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			batch = append(batch, importLine{number: number, raw: raw})
		}
		if (len(batch) >= importBatch || errors.Is(err, io.EOF) && len(batch) > 0) && !send() {
			return nil
		}
		if err != nil {
			return nil //nolint:nilerr // the end
		}
	}
}

// prepare judges, seals and indexes, on all processors.
func (i *Importer) prepare(batch []importLine) {
	var wg sync.WaitGroup
	share := (len(batch) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	for begin := 0; begin < len(batch); begin += share {
		some := batch[begin:min(begin+share, len(batch))]
		wg.Go(func() {
			for n := range some {
				line := &some[n]
				line.account, line.err = i.Accounts.readLine(line.raw)
				for _, d := range i.Accounts.Keyring.Digests("import", string(line.raw)) {
					line.keys = append(line.keys, d.Digest)
				}
				line.account.Key = line.keys[0]
			}
		})
	}
	wg.Wait()
}

// write imports what isn't there. Somebody who registers at the same moment may win a contact: then the batch is written
// line by line.
func (i *Importer) write(ctx context.Context, batch []importLine) error {
	fresh, refusals, err := i.fresh(ctx, batch)
	if err != nil {
		return err
	}
	written := len(fresh)
	if written > 0 {
		err = i.insert(ctx, fresh)
	}
	if errors.Is(err, storage.ErrExists) {
		written, err = 0, nil
		for _, line := range fresh {
			one, lost, err := i.alone(ctx, line)
			if err != nil {
				return err
			}
			written, refusals = written+one, append(refusals, lost...)
		}
	}
	if err != nil {
		return err
	}
	return i.tell(batch, int64(written), refusals)
}

// alone imports a line whose batch lost something, and tells of it where that was the line: not if the same line won, because
// it was sent twice. Who won meanwhile is there when it is looked again.
func (i *Importer) alone(ctx context.Context, line importLine) (written int, refusals []refusal, err error) {
	for range 2 {
		fresh, refusals, err := i.fresh(ctx, []importLine{line})
		if err != nil || len(fresh) == 0 {
			return 0, refusals, err
		}
		if err = i.insert(ctx, fresh); !errors.Is(err, storage.ErrExists) {
			return 1, nil, err
		}
	}
	return 0, []refusal{{line.number, refused("taken", "")}}, nil
}

// refusal is a line that isn't imported.
type refusal struct {
	line int64
	why  error
}

// tell counts a batch that is over.
func (i *Importer) tell(batch []importLine, written int64, refusals []refusal) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	r := &i.result
	r.Read, r.Imported, r.Refused = r.Read+int64(len(batch)), r.Imported+written, r.Refused+int64(len(refusals))
	r.Unchanged += int64(len(batch)) - written - int64(len(refusals))
	for _, line := range batch {
		r.Bytes += int64(len(line.raw)) + 1
	}
	for _, x := range refusals {
		if err := i.Refuse(x.line, x.why); err != nil {
			return err
		}
	}
	i.Progress(*r)
	return nil
}

func (i *Importer) insert(ctx context.Context, lines []importLine) error {
	list := make([]storage.Import, len(lines))
	for n, line := range lines {
		list[n] = line.account
	}
	return i.Accounts.Store.InTx(ctx, func(ctx context.Context) error {
		if err := i.Accounts.Store.ImportAccounts(ctx, list); err != nil {
			return err
		}
		return i.Accounts.Audit.Append(ctx, audit.Event{
			Name: "accounts.imported", ActorKind: audit.CLI, Details: map[string]any{"accounts": len(list), "from_line": lines[0].number},
		})
	})
}

// fresh leaves out lines that were imported before, and refuses those that can't be.
func (i *Importer) fresh(ctx context.Context, batch []importLine) (fresh []importLine, refusals []refusal, err error) {
	var keys []string
	var list []storage.Import
	for _, line := range batch {
		keys = append(keys, line.keys...)
		if line.err == nil {
			list = append(list, line.account)
		}
	}
	taken, err := i.Accounts.Store.ImportsTaken(ctx, keys, list)
	for _, line := range batch {
		if err != nil || imported(line, taken) {
			continue
		}
		why := line.err
		if why == nil {
			why = claim(line.account, taken)
		}
		if why != nil {
			refusals = append(refusals, refusal{line.number, why})
			continue
		}
		taken.Keys[line.keys[0]] = true
		fresh = append(fresh, line)
	}
	return fresh, refusals, err
}

func imported(line importLine, taken storage.Taken) bool {
	for _, key := range line.keys {
		if taken.Keys[key] {
			return true
		}
	}
	return false
}

// claim takes what an account needs, so that a later line of the batch can't have it; or tells what is taken.
func claim(x storage.Import, taken storage.Taken) error {
	switch {
	case taken.SSOIDs[x.SSOID]:
		return kind.New(kind.Exists, "import.ssoid_taken").WithField("ssoid")
	case taken.OIDs[x.OID]:
		return kind.New(kind.Exists, "import.oid_taken").WithField("oid")
	}
	var digests, bindings []string
	for n, c := range x.Contacts {
		for _, d := range c.Digests {
			id := c.Kind + " " + d.Digest
			if c.VerifiedAt.IsZero() {
				continue
			}
			if taken.Digests[id] {
				return kind.New(kind.Exists, "import.contact_taken").WithField(fmt.Sprintf("contacts[%d]", n))
			}
			digests = append(digests, id)
		}
	}
	for n, b := range x.Bindings {
		id := b.Partner + " " + b.ExternalID
		if taken.Bindings[id] {
			return kind.New(kind.Exists, "import.binding_taken").WithField(fmt.Sprintf("bindings[%d]", n))
		}
		bindings = append(bindings, id)
	}
	taken.SSOIDs[x.SSOID], taken.OIDs[x.OID] = true, true
	for _, id := range digests {
		taken.Digests[id] = true
	}
	for _, id := range bindings {
		taken.Bindings[id] = true
	}
	return nil
}
