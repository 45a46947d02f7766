// Package link is what brokers that reach others over a connection have in
// common: whether it is there, and how publications wait for it.
package link
