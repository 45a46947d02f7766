//go:build !unix

package load

// allowFiles has nothing to raise.
func allowFiles(int) error { return nil }
