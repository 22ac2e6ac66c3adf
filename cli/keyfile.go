package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pratu/flows/secret"
)

// localKey is the secret key of the data directory. A dry run leaves making it to the server: a file that another user
// made is one that the server can't read.
func (c *Config) localKey() (string, error) {
	path := filepath.Join(c.DataDir, secretKeyFile)
	if !c.dry {
		return generatedKey(path)
	}
	text, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return text, err
}

// generatedKey returns the secret key of a localhost issuer, which lives in a file that only the owner reads. Two
// processes that start at once agree on one: the file appears complete, by link, and the loser reads it.
func generatedKey(path string) (string, error) {
	if text, err := readKey(path); !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(secret.Bytes(keyBytes)) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return "", err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without links: the rename may overwrite a twin's key only within the same instant.
		if err := os.Rename(tmp.Name(), path); err != nil {
			return "", err
		}
	}
	return readKey(path)
}

func readKey(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s is readable by others (mode %o): run chmod 600 on it", path, mode)
	}
	raw, err := os.ReadFile(path)
	text := strings.TrimSpace(string(raw))
	if err == nil && text == "" { // ours appear complete
		err = fmt.Errorf("%s is empty: restore it, or remove it where nothing was sealed with it", path)
	}
	return text, err
}
