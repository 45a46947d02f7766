package report

import "strings"

// bars is a drawing of runs that differ in nothing but the server: there is no
// curve to be drawn.
type bars struct {
	Title, Y      string
	Width, Height int
	Bars          []bar
}

type bar struct {
	Class, Name, Value      string
	X, Y, Width, Height     float64
	NameX, ValueX, Baseline float64
}

const (
	barHeight, barSpace = 26, 12
	barLeft, barRight   = 190, 90
)

// drawBars lays out a drawing as bars.
func (d *drawing) drawBars(all []series, classes map[string]string) (b bars, ok bool) {
	b = bars{Title: d.title, Y: d.y, Width: plotWidth}
	_, ys := d.values(all)
	if len(ys) == 0 {
		return b, false
	}
	largest := 1e-12
	for _, v := range ys {
		largest = max(largest, v)
	}
	for _, one := range all {
		for i, f := range d.figures {
			v, ok := one.points[0].median(f)
			if !ok {
				continue
			}
			y := float64(len(b.Bars)*(barHeight+barSpace) + barSpace)
			length := max(1, max(0, v)/largest*(plotWidth-barLeft-barRight))
			name, class := one.name, classes[one.server]
			if len(d.figures) > 1 {
				figureName, _, _ := strings.Cut(f.name, ",")
				name += " " + figureName
			}
			if i > 0 {
				class += " second"
			}
			b.Bars = append(b.Bars, bar{
				Class: class, Name: name, Value: f.format(v),
				X: barLeft, Y: y, Width: float64(int(length)), Height: barHeight,
				NameX: barLeft - 10, ValueX: float64(int(barLeft + length + 8)), Baseline: y + barHeight*0.68,
			})
		}
	}
	b.Height = len(b.Bars)*(barHeight+barSpace) + barSpace
	return b, true
}
