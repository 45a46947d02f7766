package report

import (
	"fmt"
	"slices"
	"strings"
)

// The measures of a plot, in units of its own.
const (
	plotWidth, plotHeight = 760, 340
	left, right           = 64, 190 // right has room for the names of the curves
	top, bottom           = 16, 52
	labelHeight           = 17
)

// plot is a drawing that is ready for the page.
type plot struct {
	Title, X, Y   string
	Width, Height int
	Left, Right   int // edges of the field
	Top, Bottom   int
	XTicks        []mark
	YTicks        []mark
	Curves        []curve
	IsLogX        bool
	IsLogY        bool
}

// mark is a tick with its place.
type mark struct {
	At    float64
	Label string
}

// curve is a line with its points and its name.
type curve struct {
	Class  string // s0, s1 … by server; "second" for the second figure
	Name   string
	Path   string
	Dots   []dot
	LabelX float64
	LabelY float64
	EndX   float64 // where the line ends, which its label may be pushed away from
	EndY   float64
}

// dot is a point of a curve.
type dot struct {
	X, Y  float64
	Title string
}

// draw lays out a drawing. ok is false if no run has its figures.
func (d *drawing) draw(axis setting, all []series, classes map[string]string) (p plot, ok bool) {
	p = plot{
		Title: d.title, X: axis.name, Y: d.y, Width: plotWidth, Height: plotHeight,
		Left: left, Right: plotWidth - right, Top: top, Bottom: plotHeight - bottom,
	}
	xs, ys := d.values(all)
	if len(ys) == 0 {
		return p, false
	}
	x := newScale(xs, float64(p.Left), float64(p.Right))
	y := newScale(ys, float64(p.Bottom), float64(p.Top))
	p.IsLogX, p.IsLogY = x.log, y.log
	p.XTicks, p.YTicks = x.marks(), y.marks()
	for _, one := range all {
		for i, f := range d.figures {
			c := curve{Class: classes[one.server], Name: one.name}
			if len(d.figures) > 1 {
				name, _, _ := strings.Cut(f.name, ",")
				c.Name += " " + name
			}
			if i > 0 {
				c.Class += " second"
			}
			for _, pt := range one.points {
				if v, ok := pt.median(f); ok {
					c.Dots = append(c.Dots, dot{x.at(pt.x), y.at(v), fmt.Sprintf("%s: %s at %s %s", c.Name, f.format(v), grouped(pt.x), axis.name)})
				}
			}
			if len(c.Dots) > 0 {
				c.finish()
				p.Curves = append(p.Curves, c)
			}
		}
	}
	separate(p.Curves, p.Bottom)
	return p, true
}

// values are all coordinates of a drawing.
func (d *drawing) values(all []series) (xs, ys []float64) {
	for _, one := range all {
		for _, pt := range one.points {
			for _, f := range d.figures {
				if v, ok := pt.median(f); ok {
					xs, ys = append(xs, pt.x), append(ys, v)
				}
			}
		}
	}
	return xs, ys
}

func (s *scale) marks() []mark {
	marks := make([]mark, len(s.ticks))
	for i, t := range s.ticks {
		marks[i] = mark{t.at, t.label}
	}
	return marks
}

// finish draws the line and puts the name at its end.
func (c *curve) finish() {
	var path strings.Builder
	for i, d := range c.Dots {
		fmt.Fprintf(&path, "%c%v %v", "ML"[min(i, 1)], d.X, d.Y)
	}
	c.Path = path.String()
	last := c.Dots[len(c.Dots)-1]
	c.LabelX, c.LabelY = plotWidth-right+14, last.Y
	c.EndX, c.EndY = last.X, last.Y
}

// separate moves names apart that would lie on each other.
func separate(curves []curve, bottom int) {
	order := make([]*curve, len(curves))
	for i := range curves {
		order[i] = &curves[i]
	}
	slices.SortFunc(order, func(a, b *curve) int { return int(a.LabelY*10) - int(b.LabelY*10) })
	for i, c := range order {
		if i > 0 {
			c.LabelY = max(c.LabelY, order[i-1].LabelY+labelHeight)
		}
	}
	// What was pushed below the field comes back up.
	limit := float64(bottom)
	for _, c := range slices.Backward(order) {
		c.LabelY = min(c.LabelY, limit)
		limit = c.LabelY - labelHeight
	}
}
