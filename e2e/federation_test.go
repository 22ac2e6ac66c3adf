package e2e

import (
	"testing"
)

// The way a newcomer tries first, without any key and without a network: the button, the pretend provider, and the shop.
func TestDemoElsewhere(t *testing.T) {
	p := startDev(t)
	for name, off := range map[string]bool{"with scripts": false, "without scripts": true} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t)
			b.scriptless(off)
			b.open(p.Demo)
			b.click(`#sign-in`)
			b.at(p.Issuer + "/login")
			b.click(`#door-demo button`)
			b.at(p.Demo + "/elsewhere/authorize")
			b.click(`button[value="1"]`)
			if off { // the first time only
				b.at(p.Demo + "/")
			} else {
				b.at(p.Issuer + "/consent")
				b.click(`#consent-allow`)
				b.at(p.Demo + "/")
			}
			b.claims("somchai@elsewhere.example")
		})
	}
}
