// Package lock has mutexes that record which other ones are held when they are
// asked for: see package lockorder, which puts them into copies of other packages.
// They are slow. Each new pair is appended to the file that the environment
// variable LOCKORDER names, as a line of JSON.
package lock
