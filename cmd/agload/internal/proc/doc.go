// Package proc reads what the system tells about processes: CPU time, memory,
// and who listens on a port, from /proc on Linux. Elsewhere nothing is visible,
// and every function says so by an empty answer. It keeps no state and imports
// the standard library alone.
package proc
