package console

import (
	"strings"
)

// Measures of a chart, in the units of its viewBox.
const (
	chartWidth  = 600
	chartHeight = 160
	// maxSeries is how many colours there are.
	maxSeries = 5
)

// Series is one row of values, in the order of the days. Its words are those of Name.
type Series struct {
	Name   string
	Values []int64
	Total  int64
	Colour int // 1 to maxSeries: a class of the stylesheet
}

// Chart is bars, the series of a day on top of each other.
type Chart struct {
	ID            string // words are console.chart.ID
	Series        []Series
	Bars          []Bar
	Rows          []ChartRow // the same as numbers
	Max           int64
	First, Last   string // days
	Width, Height int
}

// Bar is a rectangle.
type Bar struct{ X, Y, Width, Height, Colour int }

// ChartRow is a day of the table beside a chart.
type ChartRow struct {
	Label  string
	Values []int64
}

// newChart draws bars. A day on which something happened is at least a line, however little it was.
func newChart(id string, labels []string, series []Series) Chart {
	c := Chart{ID: id, Series: series, Width: chartWidth, Height: chartHeight, First: labels[0], Last: labels[len(labels)-1]}
	for i, label := range labels {
		row, total := ChartRow{Label: label}, int64(0)
		for n := range series {
			value := series[n].Values[i]
			row.Values = append(row.Values, value)
			series[n].Total += value
			series[n].Colour = n + 1
			total += value
		}
		c.Rows = append(c.Rows, row)
		c.Max = max(c.Max, total)
	}
	step := chartWidth / len(labels)
	for i, row := range c.Rows {
		base := chartHeight
		for n, value := range row.Values {
			if value == 0 {
				continue
			}
			height := max(int(value*int64(chartHeight-4)/c.Max), 2)
			height = min(height, base)
			base -= height
			c.Bars = append(c.Bars, Bar{X: i*step + 1, Y: base, Width: max(step-2, 2), Height: height, Colour: n + 1})
		}
	}
	return c
}

// short is a grant type as our words know it.
func short(grant string) string {
	return grant[strings.LastIndex(grant, ":")+1:]
}
