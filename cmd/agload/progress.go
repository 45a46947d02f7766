package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// plainEvery is how often a line is written in a phase where it is no terminal.
const plainEvery = 5 * time.Second

// teller tells how a run goes: on a terminal in one line that is written anew,
// elsewhere by a line for each phase and now and then. It is used by one goroutine.
type teller struct {
	out        io.Writer
	quiet      bool
	isTerminal bool
	last       time.Time
	phase      string
	isOpen     bool // a line without its end stands on the terminal
}

func newTeller(out io.Writer, quiet bool) *teller {
	return &teller{out: out, quiet: quiet, isTerminal: isTerminal(out), last: time.Now()}
}

// isTerminal reports whether the writer is a device that shows characters.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (t *teller) tell(p load.Progress) {
	const clearToEnd = "\x1b[K"
	switch {
	case t.quiet:
	case t.isTerminal:
		fmt.Fprintf(t.out, "\r%s%s", p, clearToEnd)
		t.isOpen = true
	case p.Phase != t.phase || time.Since(t.last) >= plainEvery:
		t.phase, t.last = p.Phase, time.Now()
		fmt.Fprintln(t.out, p)
	}
}

// end makes room for what is printed next.
func (t *teller) end() {
	if t.isOpen {
		fmt.Fprint(t.out, "\r\x1b[K")
	}
}
