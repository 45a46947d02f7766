package stream_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// modelItem is a value that a consumer has not read. One that is for somebody
// else is passed over.
type modelItem struct {
	value int
	mine  bool
}

// modelConsumer is a consumer, and the list that it should be.
type modelConsumer struct {
	*stream.Consumer[int]
	name    string // of its stream
	backlog []modelItem
	closed  bool // ends behind the backlog
	ended   bool
}

// values are those that it will deliver.
func (c *modelConsumer) values() []int {
	var values []int
	for _, it := range c.backlog {
		if it.mine {
			values = append(values, it.value)
		}
	}
	return values
}

// next is what TryNext should return. It forgets what it passes over.
func (c *modelConsumer) next() (int, bool) {
	for len(c.backlog) > 0 {
		it := c.backlog[0]
		c.backlog = c.backlog[1:]
		if it.mine {
			return it.value, true
		}
	}
	c.ended = c.ended || c.closed
	return 0, false
}

func (c *modelConsumer) kill() { c.backlog, c.ended = nil, true }

func (c *modelConsumer) backpressure() int {
	switch {
	case c.ended:
		return 0
	case c.closed:
		return len(c.backlog) + 1
	}
	return len(c.backlog)
}

// streams is what an Emitter and a Demux have in common.
type streams struct {
	emit       func(name string, v int) bool
	emitTo     func(id stream.ID, v int) bool
	skip       func(name string, most int) int
	stream     func(name string) *stream.Stream[int]
	closeAll   func()
	killAll    func()
	has        func(id stream.ID) bool
	closeOne   func(id stream.ID) bool
	killOne    func(id stream.ID) bool
	stats      func() []stream.Stats
	total, max func() int
}

func ofEmitter() *streams {
	e := new(stream.Emitter[int])
	s := e.Stream()
	return &streams{
		emit:     func(_ string, v int) bool { return e.Emit(v) },
		emitTo:   e.EmitTo,
		skip:     func(_ string, most int) int { return e.Skip(most) },
		stream:   func(string) *stream.Stream[int] { return s },
		closeAll: s.Close, killAll: s.Kill, has: s.Has, closeOne: s.CloseConsumer, killOne: s.KillConsumer,
		stats: s.Stats, total: s.Consumers, max: s.Backpressure,
	}
}

func ofDemux() *streams {
	d := new(stream.Demux[int])
	return &streams{
		emit: d.Emit, emitTo: d.EmitTo, skip: d.Skip, stream: d.Stream,
		closeAll: d.Close, killAll: d.Kill, has: d.Has, closeOne: d.CloseConsumer, killOne: d.KillConsumer,
		stats: d.Stats, total: d.Consumers, max: d.Backpressure,
	}
}

// machine does things to streams and to the model, and compares.
type machine struct {
	*streams
	names     []string
	consumers []*modelConsumer // all that there ever were
	value     int
}

func (m *machine) name(t *rapid.T) string { return rapid.SampledFrom(m.names).Draw(t, "name") }

// some returns one of the consumers, ended ones included.
func (m *machine) some(t *rapid.T) *modelConsumer {
	if len(m.consumers) == 0 {
		t.Skip("no consumer")
	}
	return rapid.SampledFrom(m.consumers).Draw(t, "consumer")
}

// of returns the consumers of a stream that have not ended; "*" is for all.
func (m *machine) of(name string) []*modelConsumer {
	var of []*modelConsumer
	for _, c := range m.consumers {
		if !c.ended && (name == "*" || c.name == name) {
			of = append(of, c)
		}
	}
	return of
}

func (m *machine) Consume(t *rapid.T) {
	name := m.name(t)
	m.consumers = append(m.consumers, &modelConsumer{Consumer: m.stream(name).Consume(), name: name})
}

func (m *machine) Emit(t *rapid.T) {
	name := m.name(t)
	m.value++
	reaches := false
	for _, c := range m.of(name) {
		if !c.closed {
			reaches = true
			c.backlog = append(c.backlog, modelItem{m.value, true})
		}
	}
	if has := m.stream(name).HasConsumers(); has != reaches {
		t.Fatalf("HasConsumers() = %v, want %v", has, reaches)
	}
	if got := m.emit(name, m.value); got != reaches {
		t.Fatalf("Emit() = %v, want %v", got, reaches)
	}
}

func (m *machine) EmitTo(t *rapid.T) {
	to := m.some(t)
	m.value++
	reaches := !to.closed && !to.ended
	for _, c := range m.of(to.name) {
		if reaches && !c.closed {
			c.backlog = append(c.backlog, modelItem{m.value, c == to})
		}
	}
	if got := m.emitTo(to.ID(), m.value); got != reaches {
		t.Fatalf("EmitTo() = %v, want %v", got, reaches)
	}
}

func (m *machine) Skip(t *rapid.T) {
	name, most, lost := m.name(t), rapid.IntRange(1, 5).Draw(t, "most"), 0
	for _, c := range m.of(name) {
		if n := len(c.backlog); n > most && !c.closed {
			lost = max(lost, n)
			c.backlog = nil
		}
	}
	if got := m.skip(name, most); got != lost {
		t.Fatalf("Skip(%d) = %d, want %d", most, got, lost)
	}
}

func (m *machine) TryNext(t *rapid.T) {
	c := m.some(t)
	want, ok := c.next()
	if got, has := c.TryNext(); got != want || has != ok {
		t.Fatalf("TryNext() = %d, %v, want %d, %v", got, has, want, ok)
	}
}

func (m *machine) Next(t *rapid.T) {
	c := m.some(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	wantErr := error(nil)
	if rapid.Bool().Draw(t, "ctx has ended") {
		cancel()
		if _, err := c.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Next() = %v, want the error of ctx", err)
		}
		return
	}
	if len(c.values()) == 0 && !c.closed && !c.ended {
		t.Skip("it would wait")
	}
	want, ok := c.next()
	if !ok {
		wantErr = stream.ErrEnded
	}
	if got, err := c.Next(ctx); got != want || !errors.Is(err, wantErr) {
		t.Fatalf("Next() = %d, %v, want %d, %v", got, err, want, wantErr)
	}
}

// Range reads a part of the backlog in a loop, whose end kills the consumer.
func (m *machine) Range(t *rapid.T) {
	c := m.some(t)
	want := c.values()
	if !c.closed && !c.ended {
		if len(want) == 0 {
			t.Skip("it would wait")
		}
		want = want[:rapid.IntRange(1, len(want)).Draw(t, "values")]
	}
	var got []int
	for v := range c.All(context.Background()) {
		if got = append(got, v); len(got) == len(want) && !c.closed {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("All() = %v, want %v", got, want)
	}
	c.kill()
}

// Channel reads a part of the backlog from the consumer's channel.
func (m *machine) Channel(t *rapid.T) {
	c := m.some(t)
	want, toEnd := c.values(), c.closed || c.ended
	out := c.C()
	for _, v := range want {
		if got, ok := <-out; !ok || got != v {
			t.Fatalf("<-C() = %d, %v, want %d", got, ok, v)
		}
	}
	if !toEnd {
		c.Consumer.Kill()
	}
	if v, ok := <-out; ok {
		t.Fatalf("<-C() = %d at the end", v)
	}
	c.kill()
}

func (m *machine) CloseConsumer(t *rapid.T) {
	c := m.some(t)
	if rapid.Bool().Draw(t, "by id") {
		if got := m.closeOne(c.ID()); got == c.ended {
			t.Fatalf("CloseConsumer() = %v, want %v", got, !c.ended)
		}
	} else {
		c.Close()
	}
	c.closed = true
}

func (m *machine) KillConsumer(t *rapid.T) {
	c := m.some(t)
	if rapid.Bool().Draw(t, "by id") {
		if got := m.killOne(c.ID()); got == c.ended {
			t.Fatalf("KillConsumer() = %v, want %v", got, !c.ended)
		}
	} else {
		c.Kill()
	}
	c.kill()
}

func (m *machine) CloseStream(t *rapid.T) {
	name := m.name(t)
	m.stream(name).Close()
	for _, c := range m.of(name) {
		c.closed = true
	}
}

func (m *machine) KillStream(t *rapid.T) {
	name := m.name(t)
	m.stream(name).Kill()
	for _, c := range m.of(name) {
		c.kill()
	}
}

func (m *machine) EndAll(t *rapid.T) {
	if !rapid.Bool().Draw(t, "kill") {
		m.closeAll()
		for _, c := range m.of("*") {
			c.closed = true
		}
		return
	}
	m.killAll()
	for _, c := range m.of("*") {
		c.kill()
	}
}

// Check compares all that can be asked.
func (m *machine) Check(t *rapid.T) {
	most := 0
	for _, c := range m.consumers {
		want := c.backpressure()
		most = max(most, want)
		if got := c.Backpressure(); got != want {
			t.Fatalf("consumer %d: Backpressure() = %d, want %d", c.ID(), got, want)
		}
		if m.has(c.ID()) == c.ended {
			t.Fatalf("Has(%d) = %v, want %v", c.ID(), c.ended, !c.ended)
		}
	}
	if got := m.max(); got != most {
		t.Fatalf("Backpressure() = %d, want %d", got, most)
	}
	all := m.of("*")
	if got := m.total(); got != len(all) {
		t.Fatalf("Consumers() = %d, want %d", got, len(all))
	}
	for i, st := range m.stats() {
		if c := all[i]; st.ID != c.ID() || st.Backpressure != c.backpressure() {
			t.Fatalf("Stats()[%d] = %+v, want consumer %d with %d", i, st, c.ID(), c.backpressure())
		}
	}
	for _, name := range m.names {
		if got, want := m.stream(name).Consumers(), len(m.of(name)); got != want {
			t.Fatalf("Stream(%q).Consumers() = %d, want %d", name, got, want)
		}
	}
}

// TestStream_IsAListPerConsumer does whatever can be done to a stream, and
// compares with a list for each consumer.
func TestStream_IsAListPerConsumer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{streams: ofEmitter(), names: []string{""}}
		defer m.killAll()
		t.Repeat(rapid.StateMachineActions(m))
	})
}

// TestDemux_IsAListPerConsumer does the same to the streams of a demux.
func TestDemux_IsAListPerConsumer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{streams: ofDemux(), names: []string{"", "a", "b"}}
		defer m.killAll()
		t.Repeat(rapid.StateMachineActions(m))
	})
}

// TestDemux_KeepsForTheFirstConsumer compares EmitOrKeep with a list per name.
func TestDemux_KeepsForTheFirstConsumer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d stream.Demux[int]
		kept, readers, value := map[string][]int{}, map[string]*modelConsumer{}, 0
		name := rapid.SampledFrom([]string{"a", "b"})
		t.Repeat(map[string]func(*rapid.T){
			"EmitOrKeep": func(t *rapid.T) {
				value++
				at := name.Draw(t, "name")
				r := readers[at]
				if got := d.EmitOrKeep(at, value); got != (r != nil) {
					t.Fatalf("EmitOrKeep() = %v, want %v", got, r != nil)
				}
				if r != nil {
					r.backlog = append(r.backlog, modelItem{value, true})
					return
				}
				kept[at] = append(kept[at], value)
			},
			"Consume": func(t *rapid.T) {
				at := name.Draw(t, "name")
				if readers[at] != nil {
					t.Skip("it has one")
				}
				c := &modelConsumer{Consumer: d.Stream(at).Consume(), name: at}
				for _, v := range kept[at] {
					c.backlog = append(c.backlog, modelItem{v, true})
				}
				delete(kept, at)
				readers[at] = c
			},
			"Read": func(t *rapid.T) {
				at := name.Draw(t, "name")
				if r := readers[at]; r != nil {
					want, ok := r.next()
					if got, has := r.TryNext(); got != want || has != ok {
						t.Fatalf("TryNext() = %d, %v, want %d, %v", got, has, want, ok)
					}
				}
			},
			"Kill": func(t *rapid.T) {
				at := name.Draw(t, "name")
				if r := readers[at]; r != nil {
					r.Consumer.Kill()
					delete(readers, at)
				}
			},
			"Forget": func(t *rapid.T) {
				forgotten := d.Forget()
				if len(forgotten) != len(kept) {
					t.Fatalf("Forget() = %v, want %v", forgotten, kept)
				}
				for at, want := range kept {
					if !slices.Equal(forgotten[at], want) {
						t.Fatalf("Forget() = %v, want %v", forgotten, kept)
					}
				}
				clear(kept)
			},
		})
	})
}
