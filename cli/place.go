package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// loadExisting is the configuration of a command that works on the data of a server. Where nobody said which data that
// is, it has to be there already: made in whatever directory the command was called, a second database would take the
// change and no server would know. A place that was named is made, so that scripts can prepare one (docs/configuration.md).
func (a *app) loadExisting(cmd *cobra.Command) (*Config, problems) {
	c, ps := loadConfig(cmd, a.environ)
	if !c.placed {
		path := filepath.Join(c.DataDir, databaseFile)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if whole, err := filepath.Abs(path); err == nil {
				path = whole
			}
			ps.add("there is no database at %s: run this where the server runs, or name its place with --data-dir or PRATU_DATA_DIR; pratu serve and pratu migrate up make a new one", path)
			return c, ps
		}
	}
	return c, append(ps, c.check()...)
}

// sayNew tells that a command has made a database, which is a surprise when a place was misspelt.
func (a *app) sayNew(c *Config) {
	place := "in PostgreSQL"
	if path, embedded := strings.CutPrefix(c.DatabaseURL, "sqlite:"); embedded {
		place = path
	}
	a.say("There was no database yet: this command made one, %s.", place)
}
