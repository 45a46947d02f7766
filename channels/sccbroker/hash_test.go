package sccbroker

import "testing"

// The wants are scc-broker-client's.
func TestHashIndex(t *testing.T) {
	for key, want := range map[string]int{
		"":                               0,
		"a":                              0,
		"ab":                             98,
		"room/1":                         887,
		"12":                             101,
		"0":                              48,
		"007":                            208,
		" 12 ":                           235,
		"1e5":                            23,
		"-5":                             357,
		"+7":                             115,
		"1.5":                            398,
		".5":                             448,
		"5.":                             494,
		"0x1F":                           28,
		"0b11":                           277,
		"0o17":                           28,
		"Infinity":                       841,
		"-Infinity":                      416,
		"NaN":                            85,
		"1e400":                          399,
		"1_000":                          809,
		"0x":                             120,
		"0x-1":                           764,
		"inf":                            512,
		"é":                              0,
		"频道":                             947,
		"🙂":                              898,
		" 12":                            821,
		"123456789012345678901234567890": 546,
		"-0":                             443,
		"4294967296.7":                   73,
	} {
		if got := hashIndex(key, 1000); got != want {
			t.Errorf("hashIndex(%q, 1000) = %d, want %d", key, got, want)
		}
	}
	if got := hashIndex("a", 0); got != 0 {
		t.Errorf("hashIndex of none = %d, want 0", got)
	}
}
