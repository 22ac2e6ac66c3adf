package main

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"time"

	_ "github.com/lib/pq" // the driver
)

// newDatabase makes an empty database on the server that scripts/with-postgres.sh started.
func newDatabase() (string, error) {
	u, err := url.Parse(os.Getenv("PRATU_TEST_POSTGRES"))
	if err != nil {
		return "", err
	}
	db, err := sql.Open("postgres", u.String())
	if err != nil {
		return "", err
	}
	defer db.Close()
	name := fmt.Sprintf("bench_%d", time.Now().UnixNano())
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func dropDatabase(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	db, err := sql.Open("postgres", os.Getenv("PRATU_TEST_POSTGRES"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec("DROP DATABASE IF EXISTS " + u.Path[1:] + " WITH (FORCE)")
	return err
}
