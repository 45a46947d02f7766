// Package rate counts how often things are done, and by whom, in bounded memory.
//
//	perAddress := rate.NewTable[netip.Addr](rate.Limit{PerSecond: 10, Burst: 100}, 0)
//	if wait := perAddress.Take(addr); wait > 0 {
//		// too often: there is room again after wait
//	}
//
// A [Limit] is a token bucket: so many at once, so many a second in the long run. A
// bucket is one number, the time at which it will be full again, and a full bucket is
// not kept: who has done nothing for a while costs nothing. A [Table] has a bucket
// for each key and holds a bounded number of them. When there are more keys than
// that, buckets that are nearly full are forgotten first, so that whoever does the
// most is remembered for longest.
//
// middleware.RateLimit and the server's options ConnectRate and ConnectRatePerAddress
// are made of it.
//
// # Concurrency
//
// A Table is used by many goroutines at once. It starts none, has no timer, and
// imports the standard library alone. The memory of buckets that have filled up is
// given back when the table is used again.
package rate
