package soak

import (
	"fmt"
	"sync"
	"time"
)

// violation is a kind of what must not be.
type violation string

// The kinds of violations.
const (
	lost           violation = "lost"            // a message, without a fault that explains it
	outOfOrder     violation = "out_of_order"    // a message
	duplicate      violation = "duplicate"       // a message
	malformed      violation = "malformed"       // a message
	unknownStream  violation = "unknown_stream"  // a message of nobody
	uninvited      violation = "uninvited"       // a message to a socket that is not subscribed
	unexplained    violation = "unexplained_end" // of a connection
	unanswered     violation = "unanswered"      // a call, though the connection stands
	wrongAnswer    violation = "wrong_answer"    // to a call
	refused        violation = "refused"         // a call that has to be allowed
	authentication violation = "authentication"  // a token that is not taken for what it is
	notBack        violation = "not_back"        // a client that cannot come back in calm weather
	notReleased    violation = "not_released"    // sockets that the server keeps
	unheard        violation = "unheard"         // a node, by a subscriber on another, in calm weather
	growing        violation = "growing"         // memory
	restartFailed  violation = "restart_failed"  // a server
)

// maxExamples bounds the texts that are kept.
const maxExamples = 20

// journal keeps what happened. Its methods may be called by anybody.
type journal struct {
	start time.Time
	log   func(string)

	mu         sync.Mutex
	violations map[violation]uint64
	examples   []string
	faults     map[string]uint64
	ends       map[string]uint64 // why connections ended
	counts     counts
}

// counts are the sums of a soak.
type counts struct {
	Connects        uint64 `json:"connects"`
	Published       uint64 `json:"published"`
	Acknowledged    uint64 `json:"acknowledged"`
	Uncertain       uint64 `json:"uncertain"` // the connection ended before the answer
	Failed          uint64 `json:"failed"`    // answered with an error that a fault explains
	Delivered       uint64 `json:"delivered"`
	LostBetween     uint64 `json:"lost_between"`   // while the way between nodes was broken
	LostExplained   uint64 `json:"lost_explained"` // acknowledged, but the subscriber's connection ended
	Calls           uint64 `json:"calls"`
	CallsCutOff     uint64 `json:"calls_cut_off"`
	Authentications uint64 `json:"authentications"`
	Subscriptions   uint64 `json:"subscriptions"`
	Unsubscriptions uint64 `json:"unsubscriptions"`
	Restarts        uint64 `json:"restarts"`
	Rounds          uint64 `json:"rounds"`
}

func newJournal(log func(string)) *journal {
	if log == nil {
		log = func(string) {}
	}
	return &journal{
		start: time.Now(), log: log,
		violations: map[violation]uint64{}, faults: map[string]uint64{}, ends: map[string]uint64{},
	}
}

func (j *journal) at() string { return fmt.Sprintf("%9.3f", time.Since(j.start).Seconds()) }

// violate notes a violation.
func (j *journal) violate(kind violation, who, text string) {
	line := fmt.Sprintf("%s violation %s: %s: %s", j.at(), kind, who, text)
	j.mu.Lock()
	j.violations[kind]++
	if len(j.examples) < maxExamples {
		j.examples = append(j.examples, line)
	}
	j.mu.Unlock()
	j.log(line)
}

// fault notes a fault that was made on purpose.
func (j *journal) fault(kind, text string) {
	j.mu.Lock()
	j.faults[kind]++
	j.mu.Unlock()
	j.log(fmt.Sprintf("%s fault %s: %s", j.at(), kind, text))
}

// count changes the sums.
func (j *journal) count(change func(*counts)) {
	j.mu.Lock()
	change(&j.counts)
	j.mu.Unlock()
}

// end notes why a connection ended.
func (j *journal) end(why string) {
	j.mu.Lock()
	j.ends[why]++
	j.mu.Unlock()
}

// wrong is how many violations there were.
func (j *journal) wrong() (n uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, v := range j.violations {
		n += v
	}
	return n
}
