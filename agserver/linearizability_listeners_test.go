package agserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// exchangeListener is server code.
type exchangeListener struct {
	x        *channels.Exchange
	sessions map[string]*stream.Consumer[protocol.Data]
}

func (l *exchangeListener) subscribe(channel string) error {
	l.sessions[channel] = l.x.Channel(channel).Output().Consume()
	l.x.Subscribe(channel)
	return nil
}

func (l *exchangeListener) unsubscribe(channel string) error {
	l.x.Unsubscribe(channel)
	return nil
}

func (l *exchangeListener) publish(channel string, number int) error {
	return l.x.InvokePublish(context.Background(), channel, number)
}

func (l *exchangeListener) heard() map[string][]int {
	heard := map[string][]int{}
	for channel, c := range l.sessions {
		for _, d := range drain(c) {
			n, _ := strconv.Atoi(d.String())
			heard[channel] = append(heard[channel], n)
		}
		if !l.x.IsSubscribed(channel, false) { // what still comes is another session's
			c.Kill()
			delete(l.sessions, channel)
		}
	}
	return heard
}

// wireListener is a client, which reads while it waits for an answer.
type wireListener struct {
	*wire
	calls int
	in    map[string][]int
}

func (l *wireListener) call(event, data string) error {
	l.calls++
	var s script
	s.frame(0x81, fmt.Appendf(nil, `{"event":"%s","data":%s,"cid":%d}`, event, data, l.calls))
	if _, err := l.nc.Write(s.bytes); err != nil {
		return err
	}
	for answered := false; !answered; {
		op, payload, err := l.next()
		if err != nil || op != 1 {
			return fmt.Errorf("%s: read %x %s: %w", event, op, payload, err)
		}
		if len(payload) == 0 { // a ping
			continue
		}
		packets := []json.RawMessage{payload}
		if payload[0] == '[' {
			err = json.Unmarshal(payload, &packets)
		}
		for _, p := range packets {
			if err == nil {
				answered, err = l.packet(p, answered)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: read %s: %w", event, payload, err)
		}
	}
	return nil
}

// packet takes in a packet, and reports whether the call is answered now.
func (l *wireListener) packet(text []byte, answered bool) (bool, error) {
	var p struct {
		RID   *int
		Error json.RawMessage
		Data  json.RawMessage
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return answered, err
	}
	if p.RID != nil {
		if *p.RID != l.calls || p.Error != nil {
			return false, errors.New("another answer")
		}
		return true, nil
	}
	var pub struct {
		Channel string
		Data    int
	}
	err := json.Unmarshal(p.Data, &pub)
	l.in[pub.Channel] = append(l.in[pub.Channel], pub.Data)
	return answered, err
}

func (l *wireListener) subscribe(channel string) error {
	return l.call("#subscribe", `{"channel":"`+channel+`"}`)
}

func (l *wireListener) unsubscribe(channel string) error {
	return l.call("#unsubscribe", `"`+channel+`"`)
}

func (l *wireListener) publish(channel string, number int) error {
	return l.call("#publish", fmt.Sprintf(`{"channel":"%s","data":%d}`, channel, number))
}

func (l *wireListener) heard() map[string][]int {
	in := l.in
	l.in = map[string][]int{}
	return in
}
