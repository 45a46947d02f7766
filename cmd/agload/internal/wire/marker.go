package wire

// Marker is what makes a payload accountable.
type Marker struct {
	Publisher int    // 0 to MaxPublisher
	Sequence  uint32 // counts from 0 for each publisher and channel
	At        int64  // when it was sent, in ns of the sender's clock
}

// MaxPublisher is the largest number a publisher may have.
const MaxPublisher = 1<<16 - 1

// The text of a marker: '~', and hexadecimal digits of fixed lengths.
const (
	publisherDigits = 4
	sequenceDigits  = 8
	timeDigits      = 16
	markerLen       = 1 + publisherDigits + sequenceDigits + timeDigits
)

const hexDigits = "0123456789abcdef"

func (m Marker) append(b []byte) []byte {
	b = append(b, '~')
	b = appendHex(b, uint64(m.Publisher), publisherDigits)
	b = appendHex(b, uint64(m.Sequence), sequenceDigits)
	return appendHex(b, uint64(m.At), timeDigits)
}

// parseMarker reads a marker at the start of b, which holds at least markerLen
// bytes.
func parseMarker(b []byte) (m Marker, ok bool) {
	if b[0] != '~' {
		return m, false
	}
	publisher, ok1 := parseHex(b[1 : 1+publisherDigits])
	sequence, ok2 := parseHex(b[1+publisherDigits : 1+publisherDigits+sequenceDigits])
	at, ok3 := parseHex(b[1+publisherDigits+sequenceDigits : markerLen])
	return Marker{Publisher: int(publisher), Sequence: uint32(sequence), At: int64(at)}, ok1 && ok2 && ok3
}

func appendHex(b []byte, v uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		b = append(b, hexDigits[v>>(4*i)&15])
	}
	return b
}

// parseHex reads lower-case digits. It gathers what is wrong in one variable
// rather than to branch at each digit: it runs for every message.
func parseHex(b []byte) (v uint64, ok bool) {
	var wrong byte
	for _, c := range b {
		digit := hexValues[c]
		wrong |= digit
		v = v<<4 | uint64(digit&15)
	}
	return v, wrong < 16
}

// hexValues has the value of each digit, and 16 for what is none.
var hexValues = func() (values [256]byte) {
	for i := range values {
		values[i] = 16
	}
	for i := range hexDigits {
		values[hexDigits[i]] = byte(i)
	}
	return values
}()
