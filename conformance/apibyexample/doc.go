// Package apibyexample holds the programs by which the API was designed, written
// before the code they use, as tests: they are compiled as they stand, and run.
// An API change that would make one of them longer or stranger is to be thought
// over; one that breaks them breaks other people's programs too.
package apibyexample
