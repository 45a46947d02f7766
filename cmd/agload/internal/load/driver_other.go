//go:build !linux

package load

func newDriver(r *runner) (driver, error) { return newPortable(r), nil }
