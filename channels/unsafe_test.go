package channels_test

import "unsafe"

// unsafeString is a string that aliases the buffer, as the names in a packet do.
func unsafeString(buffer []byte) string { return unsafe.String(&buffer[0], len(buffer)) }
