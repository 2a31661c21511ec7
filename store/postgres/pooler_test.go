package postgres_test

import (
	"context"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/postgres"
)

// pooler stands between clients and a server as PgBouncer does: a client gets a
// connection to the server for one transaction, or for as long as it stays.
type pooler struct {
	*testing.T
	server  string
	session bool

	mu   sync.Mutex
	idle []*pgconn.HijackedConn
}

// newPooler returns the URL of a pooler in front of a database.
func newPooler(t *testing.T, database string, session bool) string {
	t.Helper()
	p := &pooler{T: t, server: database, session: session}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		clients.Wait()
		for _, c := range p.idle {
			_ = c.Conn.Close()
		}
	})
	clients.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer conn.Close()
				p.serve(conn)
			})
		}
	})
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.Addr().String()
	return u.String()
}

// take returns the connection that was given back last, or a new one.
func (p *pooler) take() (*pgconn.HijackedConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return c, nil
	}
	conn, err := pgconn.Connect(context.Background(), p.server)
	if err != nil {
		return nil, err
	}
	return conn.Hijack()
}

func (p *pooler) giveBack(c *pgconn.HijackedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
}

func (p *pooler) serve(conn net.Conn) {
	client := pgproto3.NewBackend(conn, conn)
	if _, err := client.ReceiveStartupMessage(); err != nil {
		return
	}
	client.Send(&pgproto3.AuthenticationOk{})
	client.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	client.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	client.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if client.Flush() != nil {
		return
	}
	var server *pgconn.HijackedConn
	defer func() {
		if server != nil {
			_ = server.Conn.Close()
		}
	}()
	for {
		message, err := client.Receive()
		if err != nil {
			return
		}
		if _, leaves := message.(*pgproto3.Terminate); leaves {
			return
		}
		if server == nil {
			if server, err = p.take(); err != nil {
				return
			}
		}
		server.Frontend.Send(message)
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
			ended, err := answer(client, server.Frontend)
			if err != nil {
				return
			}
			if ended && !p.session {
				p.giveBack(server)
				server = nil
			}
		}
	}
}

// answer passes on what the server says, and reports whether it is in no
// transaction then.
func answer(client *pgproto3.Backend, server *pgproto3.Frontend) (bool, error) {
	if err := server.Flush(); err != nil {
		return false, err
	}
	for {
		message, err := server.Receive()
		if err != nil {
			return false, err
		}
		client.Send(message)
		if ready, is := message.(*pgproto3.ReadyForQuery); is {
			return ready.TxStatus == 'I', client.Flush()
		}
	}
}

func TestPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	if err := open(t, database).Close(); err != nil { // so that only the pooler can be at fault
		t.Fatal(err)
	}
	refused(t, newPooler(t, database, false), "a pooler in front of the server", "pool_mode = session")
}

func TestPoolerInSessionMode(t *testing.T) {
	t.Parallel()
	s, err := postgres.Open(t.Context(), newPooler(t, testkit.NewDatabase(t), true), postgres.Options{Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Counts(t.Context()); err != nil {
		t.Error(err)
	}
}
