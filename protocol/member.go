package protocol

// Member returns the value of a top-level member, which aliases d; nil if d is
// no object or has no such member. Of doubled members the last counts, and a key
// may be written with escapes, as JSON.parse reads it.
func (d Data) Member(key string) Data {
	var found Data
	d.eachMember(func(k string, _ int, value Data, _ span) {
		if k == key {
			found = value
		}
	})
	return found
}
