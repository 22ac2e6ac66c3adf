package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

const maxInput = 1 << 20

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// openInput opens a file, or stdin for "-". The flag is the one that names it, "" where an argument does.
func (a *app) openInput(flag, path string) (io.Reader, func(), error) {
	if path == "-" {
		return a.stdin, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, unreadable(flag, path, err)
	}
	return f, func() { _ = f.Close() }, nil
}

func unreadable(flag, path string, err error) error {
	return fmt.Errorf("%s can't be read (%w): correct the path or its permissions", strings.TrimPrefix(flag+" "+path, " "), reason(err))
}

// readFile reads the file that a flag names.
func readFile(flag, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(flag, path, err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxInput))
}

// secretFromStdin reads one line: secrets are never flag values, which every process on the machine can see.
func (a *app) secretFromStdin() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(a.stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	switch {
	case line == "":
		return "", usage("stdin is empty: the secret is expected there")
	case !utf8.ValidString(line) || strings.ContainsRune(line, 0):
		return "", usage("what stdin holds is not UTF-8 text")
	}
	return line, nil
}
