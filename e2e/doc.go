// Package e2e owns the tests that see Pratu from outside, as people and applications do: the real program in its own
// process, Chromium, and a relying party from npm. It knows the product by its pages, its protocol and its command
// line only, and is a module of its own so that the browser driver's changes stay out of the product.
package e2e
