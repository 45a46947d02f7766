//go:build race

package hardening_test

// raceDetector says whether the test was built with -race.
const raceDetector = true
