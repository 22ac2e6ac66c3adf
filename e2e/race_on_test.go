//go:build race

package e2e

const race = true // the program under test is then built with the race detector as well
