package agserver

import (
	"testing"
	"time"
)

// Code is for loops until it has often taken long, or once a loop was lost to it,
// and again when it has often been quick.
func TestHabit(t *testing.T) {
	const quick, long = quickMost, quickMost + 1
	took := func(d time.Duration, times int) func(*habit) {
		return func(h *habit) {
			for range times {
				h.took(d)
			}
		}
	}
	for _, test := range []struct {
		name  string
		steps []func(*habit)
		want  bool
	}{
		{"New", nil, false},
		{"Quick", []func(*habit){took(quick, 100)}, false},
		{"LongNowAndThen", []func(*habit){took(long, often-1), took(quick, often-1), took(long, often-1)}, false},
		{"LongOften", []func(*habit){took(long, often)}, true},
		{"LongOftenAfterQuick", []func(*habit){took(quick, 100), took(long, often)}, true},
		{"LongForEver", []func(*habit){took(long, 100)}, true},
		{"QuickAgain", []func(*habit){took(long, 100), took(quick, mostOften-often+1)}, false},
		{"NotYetQuickAgain", []func(*habit){took(long, 100), took(quick, mostOften-often)}, true},
		{"HeldUpOnce", []func(*habit){took(quick, 100), (*habit).heldUp}, true},
		{"HeldUpOnceAndQuick", []func(*habit){(*habit).heldUp, took(quick, 1)}, false},
		{"HeldUpAmongLong", []func(*habit){took(long, 100), (*habit).heldUp, took(quick, mostOften-often)}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h habit
			for _, step := range test.steps {
				step(&h)
			}
			if got := h.lingers(); got != test.want {
				t.Errorf("lingers() = %v, want %v", got, test.want)
			}
		})
	}
}

// Calls are timed for a while once one was noticed, whatever they took.
func TestHabit_Timed(t *testing.T) {
	var h habit
	if h.timed() {
		t.Error("timed() = true for code that nobody has noticed")
	}
	for range 2 {
		h.noticed()
		for i := range timedCalls {
			if !h.timed() {
				t.Fatalf("timed() = false for call %d, want %d calls to be timed", i, timedCalls)
			}
			h.took(0)
		}
		if h.timed() {
			t.Errorf("timed() = true behind %d calls", timedCalls)
		}
	}
	h.heldUp()
	if !h.timed() {
		t.Error("timed() = false for code that a loop was lost to")
	}
}

// Code without a habit is not for any of that.
func TestHabit_Nil(t *testing.T) {
	var h *habit
	h.took(time.Hour)
	h.noticed()
	h.heldUp()
	if h.timed() {
		t.Error("timed() = true")
	}
}
