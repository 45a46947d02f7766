// Package link is what brokers that reach others over a connection have in
// common: whether it is there, how publications wait for it, and what their options
// may not be.
package link
