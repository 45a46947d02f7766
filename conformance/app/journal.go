package main

import (
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// engineError stands for errors whose text is the WebSocket engine's affair.
const engineError = "EngineError"

// journal is the event log. Events wait in a consumer that has all of them in
// the order of their emission, and are entered before anything else is, or when
// somebody looks.
type journal struct {
	mu       sync.Mutex
	events   *stream.Consumer[agserver.Event]
	entries  [][]any
	labels   map[string]string // by socket id
	logged   map[string]bool   // channels of the exchange
	exchange []*stream.Consumer[protocol.Data]
}

func newJournal(srv *agserver.Server) *journal {
	return &journal{
		events:  srv.Events().All.Consume(),
		entries: [][]any{},
		labels:  map[string]string{},
		logged:  map[string]bool{},
	}
}

// add enters something that is no event of the server.
func (j *journal) add(entry ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drainLocked()
	j.entries = append(j.entries, entry)
}

// addError enters an error that the app caught.
func (j *journal) addError(procedure string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drainLocked()
	name, message := j.describeLocked(err)
	j.entries = append(j.entries, []any{"app", procedure, name, message})
}

// note enters what a socket's receiver was sent.
func (j *journal) note(s *agserver.Socket, data protocol.Data) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drainLocked()
	j.entries = append(j.entries, []any{"note", j.labelLocked(s), orNull(data)})
}

// follow enters what a channel's consumer takes, once for each channel.
func (j *journal) follow(ch string, c func() *stream.Consumer[protocol.Data]) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.logged[ch] {
		return
	}
	j.logged[ch] = true
	consumer := c()
	j.exchange = append(j.exchange, consumer)
	go func() { // ends with the process, as the consumer does
		for data := range consumer.C() {
			j.add("exchange", ch, orNull(data))
		}
	}()
}

// all returns what was entered, and what waits to be.
func (j *journal) all() [][]any {
	j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drainLocked()
	out := make([][]any, 0, len(j.entries))
	for _, entry := range j.entries {
		out = append(out, textsOf(entry))
	}
	return out
}

// settle waits, for a moment, until nothing is on its way from the exchange.
func (j *journal) settle() {
	for range 100 {
		j.mu.Lock()
		waiting := 0
		for _, c := range j.exchange {
			waiting += c.Backpressure()
		}
		j.mu.Unlock()
		time.Sleep(time.Millisecond)
		if waiting == 0 {
			return
		}
	}
}

// reset empties the journal; the next socket is s1.
func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drainLocked()
	j.entries = [][]any{}
	clear(j.labels)
}

func (j *journal) drainLocked() {
	for {
		ev, ok := j.events.TryNext()
		if !ok {
			return
		}
		if entry := j.entryLocked(ev); entry != nil {
			j.entries = append(j.entries, append([]any{ev.EventName()}, entry...))
		}
	}
}

// entryLocked returns what is entered of an event, without its name.
func (j *journal) entryLocked(ev agserver.Event) []any {
	switch ev := ev.(type) {
	case agserver.HandshakeEvent:
		j.labels[ev.Socket.ID()] = "s" + strconv.Itoa(len(j.labels)+1)
		return []any{j.labelLocked(ev.Socket)}
	case agserver.ConnectionEvent:
		return []any{j.labelLocked(ev.Socket), ev.IsAuthenticated, nameOf(ev.AuthError)}
	case agserver.ConnectionAbortEvent:
		return j.closedLocked(ev.Socket, ev.CloseStatus)
	case agserver.DisconnectionEvent:
		return j.closedLocked(ev.Socket, ev.CloseStatus)
	case agserver.ClosureEvent:
		return j.closedLocked(ev.Socket, ev.CloseStatus)
	case agserver.SubscriptionEvent:
		return []any{j.labelLocked(ev.Socket), ev.Channel, ev.Options}
	case agserver.UnsubscriptionEvent:
		return []any{j.labelLocked(ev.Socket), ev.Channel}
	case agserver.AuthenticationEvent:
		return []any{j.labelLocked(ev.Socket), claims(ev.AuthToken)}
	case agserver.DeauthenticationEvent:
		return []any{j.labelLocked(ev.Socket), claims(ev.OldAuthToken)}
	case agserver.AuthenticationStateChangeEvent:
		return []any{j.labelLocked(ev.Socket), ev.Old.String(), ev.New.String()}
	case agserver.BadSocketAuthTokenEvent:
		return []any{j.labelLocked(ev.Socket), nameOf(ev.AuthError)}
	case agserver.WarningEvent:
		name, message := j.describeLocked(ev.Warning)
		return []any{name, message}
	case agserver.ErrorEvent:
		name, message := j.describeLocked(ev.Error)
		return []any{name, message}
	}
	return nil
}

func (j *journal) closedLocked(s *agserver.Socket, end agserver.CloseStatus) []any {
	if end.Local && end.Reason == "" {
		return []any{j.labelLocked(s), end.Code, nil}
	}
	return []any{j.labelLocked(s), end.Code, end.Reason}
}

func (j *journal) labelLocked(s *agserver.Socket) any {
	if label, ok := j.labels[s.ID()]; ok {
		return label
	}
	return nil
}

// describeLocked returns name and message of an error as they are entered.
func (j *journal) describeLocked(err error) (name, message any) {
	if errors.Is(err, agserver.ErrTransport) {
		return engineError, nil
	}
	var v *protocol.Value
	if errors.As(err, &v) {
		if len(v.Data) > 0 && (v.Data[0] == '{' || v.Data[0] == '[') {
			return j.valueLocked(v.Member("name")), j.valueLocked(v.Member("message"))
		}
		return nil, j.valueLocked(v.Data)
	}
	var e *protocol.Error
	if errors.As(err, &e) {
		return nameOf(e), j.withLabelsLocked(e.Message)
	}
	return "Error", j.withLabelsLocked(err.Error())
}

// valueLocked is a value that was part of an error, as it is entered.
func (j *journal) valueLocked(v protocol.Data) any {
	if text, ok := v.Text(); ok {
		return j.withLabelsLocked(text)
	}
	return orNull(v)
}

func (j *journal) withLabelsLocked(text string) string {
	for id, label := range j.labels {
		text = strings.ReplaceAll(text, id, label)
	}
	return text
}

// nameOf returns an error's name as JavaScript has it; nil for no error and for
// a plain value without one.
func nameOf(err error) any {
	var (
		e *protocol.Error
		v *protocol.Value
	)
	switch {
	case errors.As(err, &v):
		if name, ok := v.Member("name").Text(); ok {
			return name
		}
		return nil
	case err == nil || !errors.As(err, &e):
		return nil
	case e.Name == "":
		return "Error"
	}
	return e.Name
}

// claims are those of a token without its times.
func claims(token authtoken.Claims) any {
	if token == nil {
		return nil
	}
	rest := maps.Clone(token)
	for _, name := range []string{"iat", "exp", "nbf"} {
		delete(rest, name)
	}
	return rest
}

// textsOf returns the values with texts as JSON. What encoding/json makes of
// half a surrogate pair, which a channel's name may hold, is not what it was.
func textsOf[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
		if text, ok := any(v).(string); ok {
			out[i] = protocol.Data(protocol.AppendString(nil, text))
		}
	}
	return out
}

func orNull(d protocol.Data) protocol.Data {
	if d == nil {
		return protocol.Null
	}
	return d
}
