package storage_test

import (
	"testing"

	"pratu/storage/storagetest"
)

func TestTransactions(t *testing.T) { storagetest.Replicas(t, 2, storagetest.Transactions) }
func TestFailures(t *testing.T)     { storagetest.Databases(t, storagetest.Failures) }
func TestCrash(t *testing.T)        { storagetest.Databases(t, storagetest.Crash) }
func TestPrepared(t *testing.T)     { storagetest.Databases(t, storagetest.Prepared) }
func TestStatements(t *testing.T)   { storagetest.Engines(t, storagetest.Statements) }

func TestAfterCommit(t *testing.T) { storagetest.Engines(t, storagetest.AfterCommit) }
func TestBackup(t *testing.T)      { storagetest.Engines(t, storagetest.Backup) }

func TestMigrations(t *testing.T) {
	for engine, url := range storagetest.URLs(t) {
		t.Run(engine, func(t *testing.T) { storagetest.Migrations(t, url) })
	}
	for engine, url := range storagetest.URLs(t) {
		t.Run(engine+"/broken off", func(t *testing.T) { storagetest.BrokenOff(t, url) })
	}
}

func TestClients(t *testing.T)    { storagetest.Engines(t, storagetest.Clients) }
func TestSessions(t *testing.T)   { storagetest.Databases(t, storagetest.Sessions) }
func TestContacts(t *testing.T)   { storagetest.Databases(t, storagetest.Contacts) }
func TestConnectors(t *testing.T) { storagetest.Databases(t, storagetest.Connectors) }
func TestIdentities(t *testing.T) { storagetest.Databases(t, storagetest.Identities) }
func TestPasskeys(t *testing.T)   { storagetest.Databases(t, storagetest.Passkeys) }
func TestLimits(t *testing.T)     { storagetest.Engines(t, storagetest.Limits) }
func TestLeases(t *testing.T)     { storagetest.Engines(t, storagetest.Leases) }
func TestAudit(t *testing.T)      { storagetest.Engines(t, storagetest.Audit) }
func TestJanitor(t *testing.T)    { storagetest.Databases(t, storagetest.Janitor) }

func TestOutbox(t *testing.T)        { storagetest.Engines(t, storagetest.Outbox) }
func TestOutboxPayload(t *testing.T) { storagetest.Databases(t, storagetest.OutboxPayload) }
func TestRegistration(t *testing.T)  { storagetest.Engines(t, storagetest.Registration) }
func TestDirectory(t *testing.T)     { storagetest.Engines(t, storagetest.Directory) }
func TestPeople(t *testing.T)        { storagetest.Databases(t, storagetest.People) }
func TestPlayers(t *testing.T)       { storagetest.Databases(t, storagetest.Players) }
