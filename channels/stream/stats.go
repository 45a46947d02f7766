package stream

// ID names a consumer. Ids start at 1 and are not used twice: within one
// stream, or within all the streams of one [Demux]. Zero names nobody.
type ID uint64

// Stats describes a consumer at one moment.
type Stats struct {
	ID           ID
	Stream       string // the stream's name within its Demux; empty for an Emitter's
	Backpressure int    // values that it has not read yet, its end included
}
