package storage

// Digest is one blind-index entry: the keyed hash of a canonical contact under one of the living keys.
type Digest struct {
	KeyID  string `db:"key_id"`
	Digest string `db:"digest"`
}
