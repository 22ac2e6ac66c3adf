package storage_test

import (
	"testing"

	"pratu/storage/storagetest"
)

func TestGrants(t *testing.T)         { storagetest.Databases(t, storagetest.Grants) }
func TestRestoredGrants(t *testing.T) { storagetest.Databases(t, storagetest.RestoredGrants) }
func TestTokens(t *testing.T)         { storagetest.Databases(t, storagetest.Tokens) }
func TestInteractions(t *testing.T)   { storagetest.Engines(t, storagetest.Interactions) }
