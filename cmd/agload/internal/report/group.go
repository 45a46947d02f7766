package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// series are the runs of one server that differ in one setting only.
type series struct {
	name   string
	server string
	points []point // by x
}

// point are the runs with the same settings.
type point struct {
	x    float64
	runs []*Run
}

// median returns the median of a figure; ok is false if no run has it.
func (p point) median(f figure) (v float64, ok bool) {
	var values []float64
	for _, r := range p.runs {
		if v := f.of(r); v != nil {
			values = append(values, *v)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle], true
	}
	return (values[middle-1] + values[middle]) / 2, true
}

func (p point) faults() (n float64) {
	for _, r := range p.runs {
		n += r.faults()
	}
	return n
}

// group finds the setting that becomes the axis, and takes runs together.
func (s *section) group(runs []Run) (axis setting, all []series) {
	var own []*Run
	for i := range runs {
		if slices.Contains(s.modes, runs[i].Mode) {
			own = append(own, &runs[i])
		}
	}
	axis = s.settings[0]
	most := 1
	var varying []setting
	for _, candidate := range s.settings {
		n := distinct(own, candidate)
		if n > 1 {
			varying = append(varying, candidate)
		}
		if n > most {
			axis, most = candidate, n
		}
	}
	varying = slices.DeleteFunc(varying, func(v setting) bool { return v.name == axis.name })

	index := map[string]int{}
	for _, r := range own {
		name := r.nameAmong(varying)
		i, ok := index[name]
		if !ok {
			i = len(all)
			index[name] = i
			all = append(all, series{name: name, server: r.Server})
		}
		all[i].add(axis.of(r), r)
	}
	for _, one := range all {
		slices.SortFunc(one.points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
	}
	return axis, all
}

func distinct(runs []*Run, of setting) int {
	seen := map[float64]bool{}
	for _, r := range runs {
		seen[of.of(r)] = true
	}
	return len(seen)
}

// nameAmong names the server, and whatever else tells its runs apart.
func (r *Run) nameAmong(varying []setting) string {
	parts := []string{r.Server}
	for _, v := range varying {
		if v.of(r) < 0 { // not given
			continue
		}
		number := grouped(v.of(r))
		if unit, isPrefix := strings.CutSuffix(v.unit, " "); isPrefix {
			parts = append(parts, unit+" "+number)
		} else {
			parts = append(parts, number+v.unit)
		}
	}
	return strings.Join(parts, ", ")
}

func (s *series) add(x float64, r *Run) {
	for i := range s.points {
		if s.points[i].x == x {
			s.points[i].runs = append(s.points[i].runs, r)
			return
		}
	}
	s.points = append(s.points, point{x, []*Run{r}})
}

// grouped writes a number with commas between thousands, without a fraction
// unless it is small.
func grouped(v float64) string {
	if v != 0 && v > -10 && v < 10 {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// short writes a number with three digits that count.
func short(v float64) string {
	if v >= 1000 || v <= -1000 {
		return grouped(v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
