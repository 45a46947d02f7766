// Package lockorder finds the order in which the locks of other packages are
// taken, while their tests run.
//
// It writes copies of their sources in which each mutex that is a struct's field
// is one of package lock, of a class named after the field, and has go test build
// those in place of the real ones (-overlay). The real sources know nothing of it.
//
//	o, err := lockorder.Instrument(root, []string{"agserver", "agserver/engine"}, temp)
//	edges, err := o.Test(ctx, root, []string{"./agserver"})
//
// An edge says that a goroutine has asked for a lock of one class while it held
// one of another: if the edges have no cycle there is no order of events in which
// these goroutines wait for each other. Tests that fail or hang meanwhile are an
// error: what they did not reach was not looked at. The tests that count allocations
// are left out, because the recording allocates. It imports the standard library
// alone and starts no goroutine.
package lockorder
