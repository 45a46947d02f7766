//go:build !linux

package proc

// Group returns no processes: here none are visible.
func Group(...int) []int { return nil }

// Measure returns nothing used.
func Measure([]int) Usage { return Usage{} }

// Command returns "".
func Command(int) string { return "" }

// ReadMachine returns no time.
func ReadMachine() Machine { return Machine{} }

// Listener returns 0.
func Listener(int) int { return 0 }

// Processor returns "".
func Processor() string { return "" }

// Kernel returns "".
func Kernel() string { return "" }
