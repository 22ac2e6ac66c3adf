// Pratu is a self-hosted OpenID Connect provider; everything is in package cli and below.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"pratu/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
