package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"sync/atomic"
)

// counter counts statements, for metrics and for tests that assert an operation's cost.
type counter struct{ statements atomic.Int64 }

// preparing makes connections that keep their prepared statements: lib/pq needs two round trips for an ad-hoc statement
// and one for a prepared one. Doing it below database/sql works in transactions too, where preparing through the pool
// would take a second connection and, with SQLite's one writer, wait for ever.
type preparing struct {
	driver.Connector
	counter  *counter
	finalize bool // statements must end before their connection
	plain    bool // transactions begin with no more than BEGIN
}

func (p *preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{Conn: c, counter: p.counter, finalize: p.finalize, plain: p.plain, statements: map[string]driver.Stmt{}}, nil
}

// maxPrepared bounds the statements of a connection; there are fewer queries than this in the house.
const maxPrepared = 256

type preparedConn struct {
	driver.Conn
	counter    *counter
	finalize   bool
	plain      bool
	statements map[string]driver.Stmt // database/sql uses a connection from one goroutine at a time
}

func (c *preparedConn) statement(ctx context.Context, query string) (driver.Stmt, error) {
	if st, ok := c.statements[query]; ok {
		return st, nil
	}
	st, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, harmless(err)
	}
	if len(c.statements) >= maxPrepared {
		for old, st := range c.statements {
			_ = st.Close()
			delete(c.statements, old)
		}
	}
	c.statements[query] = st
	return st, nil
}

// forget drops a statement that failed: its plan may be of a table that was migrated meanwhile.
func (c *preparedConn) forget(query string) {
	if st, ok := c.statements[query]; ok {
		_ = st.Close()
		delete(c.statements, query)
	}
}

// Close ends the statements first where that matters: SQLite keeps the file open, and its log unfolded, as long as one
// lives. PostgreSQL forgets them by itself, and asking it costs a round trip for each.
func (c *preparedConn) Close() error {
	if c.finalize {
		for query := range c.statements {
			c.forget(query)
		}
	}
	return c.Conn.Close()
}

func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.counter.statements.Add(1)
	st, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := st.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		c.forget(query)
		if strings.HasPrefix(query, "SELECT") {
			err = harmless(err)
		}
	}
	return rows, err
}

// harmless makes database/sql take another connection when this one turns out to be dead, as all of them are after a
// restart of PostgreSQL. It may concern only what can be sent twice: reading, preparing and BEGIN. Within a transaction
// database/sql never does.
func harmless(err error) error {
	var network *net.OpError
	if errors.As(err, &network) {
		return driver.ErrBadConn
	}
	return err
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.counter.statements.Add(1)
	st, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := st.(driver.StmtExecContext).ExecContext(ctx, args)
	if err != nil {
		c.forget(query)
	}
	return result, err
}

// What follows hands through what both drivers offer.

func (c *preparedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *preparedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.plain && o == (driver.TxOptions{}) { // lib/pq's BEGIN READ WRITE is a change of settings, which has to be taken back
		tx, err := c.Begin() //nolint:staticcheck // database/sql ends the transaction when ctx ends
		return tx, harmless(err)
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return tx, harmless(err)
}

func (c *preparedConn) Ping(ctx context.Context) error { return c.Conn.(driver.Pinger).Ping(ctx) }

func (c *preparedConn) ResetSession(ctx context.Context) error {
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

func (c *preparedConn) IsValid() bool { return c.Conn.(driver.Validator).IsValid() }

func (c *preparedConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
