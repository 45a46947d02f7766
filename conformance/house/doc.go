// Package house holds the rules by which this code base is built, as ordinary
// tests: which package may import which, where packages are described, and how
// large files and functions may become. Each rule states its reason.
//
// The tests read the source, not the build, so that what is behind build tags
// counts too. Test files and testdata may do as they need, but for the size of
// files.
//
// A rule that stands in the way of something better is changed here, with the
// reason, and not worked around.
package house
