package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// comparePairs measures two builds in turns, each on a database of its own, and prints what an operation of the second costs
// as a part of what it costs in the first. Both may be built with -tags cheaphash; else operations that hash passwords say little.
func comparePairs(first, second, engine string, s settings) error {
	var both [2]*ready
	for n, path := range []string{first, second} {
		i, r, end, err := begin(path, engine, strconv.Itoa(n+1), s)
		if err != nil {
			return err
		}
		defer end()
		both[n] = r
		if err := i.settle(both[n], s); err != nil {
			return err
		}
	}
	fmt.Printf("\n### %s, ID token ES256: %s against %s\n\n", engine, second, first)
	return pairs(os.Stdout, both, s)
}

func pairs(w io.Writer, both [2]*ready, s settings) error {
	fmt.Fprintln(w, "| operation | process | CPU-ms, first | second | ratio, median | quartiles |")
	fmt.Fprintln(w, "| --- | --- | ---: | ---: | ---: | --- |")
	for _, op := range s.ops {
		cpu := [2]map[string][]float64{{}, {}}
		ratios := map[string][]float64{}
		for range s.repeat {
			var turn [2]result
			for n, t := range both {
				r, err := load(t.target, t.md, t.rt, op, s.load)
				if err != nil {
					return fmt.Errorf("%s: %w", op.name, err)
				}
				turn[n] = r
			}
			for name, v := range turn[1].cpu {
				cpu[0][name], cpu[1][name] = append(cpu[0][name], turn[0].cpu[name]), append(cpu[1][name], v)
				if turn[0].cpu[name] > 0 {
					ratios[name] = append(ratios[name], v/turn[0].cpu[name])
				}
			}
		}
		for _, p := range both[1].procs {
			r := ratios[p.name]
			if len(r) < s.repeat {
				continue // too little to measure
			}
			fmt.Fprintf(w, "| %s | %s | %.3f | %.3f | %.3f | %.3f to %.3f |\n", op.name, p.name,
				quantile(cpu[0][p.name], .5), quantile(cpu[1][p.name], .5), quantile(r, .5), quantile(r, .25), quantile(r, .75))
		}
	}
	return nil
}

func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	return v[min(len(v)-1, int(q*float64(len(v))))]
}
