package server

import "strings"

// Routed is what the table has, each as a method and a path.
func Routed(d Deps) (list []string) {
	for _, line := range table(d) {
		for _, method := range strings.Fields(line.methods) {
			list = append(list, method+" "+line.path)
		}
	}
	return list
}
