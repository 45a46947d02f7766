// Package hardening attacks a server: one automated test for each way in which a
// client, a network or a proxy may be hostile or broken. It has no code but tests.
//
// The table in table_test.go names the attacks, by row, and the test of each. A
// test plays its attack with bytes of its own over loopback TCP, on both backends
// of the engine, while another socket, the witness, goes on calling and receiving.
// During the attack no more memory is held than the row of the table says. After
// it the server must be alive, the witness must have lost nothing, and goroutines,
// file descriptors and memory must be back where they were: harness_test.go has the
// tolerances.
//
// How long others wait is counted in beats of a connection beside the server, which a
// busy machine slows down as well (metronome_test.go). What is held is measured while
// the attacker is still connected, what is there for a moment by what is allocated,
// and what an attack costs by the CPU time of something harmless of the same size
// (bounds_test.go).
//
// No test asserts a time. Where an attack is meant to starve others, it goes on
// until the witness has made so much progress; where something must end, the test
// waits for the end and gives up after a long while.
package hardening
