package proc

// Usage is what a group of processes has used so far. Its zero value stands for
// processes that cannot be seen.
type Usage struct {
	User, System float64 // CPU seconds, to 10 ms
	RSS          int64   // resident memory in bytes
	Processes    int     // how many of the group are alive

	// Read and Written are bytes of files and sockets that passed through read and
	// write (not through calls such as send).
	Read, Written int64
}

// CPU is all CPU time in seconds.
func (u Usage) CPU() float64 { return u.User + u.System }

// Machine is the CPU time of all cores since the start, in ticks of the system.
type Machine struct {
	Total, Idle, Stolen float64
}

// Share returns which part of the time between two readings of the machine was
// idle, and which was taken by other machines on the same host, in percent.
func Share(before, after Machine) (idle, stolen float64) {
	total := after.Total - before.Total
	if total <= 0 {
		return 0, 0
	}
	return 100 * (after.Idle - before.Idle) / total, 100 * (after.Stolen - before.Stolen) / total
}
