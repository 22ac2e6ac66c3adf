package console

// Setting is a setting as the program runs: a secret has no value, only whether it is there.
type Setting struct {
	Name, Value string
	Secret      bool
	Set         bool // it isn't the default
}
