package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// decide is the app's middleware of all types: it looks for a verdict in the
// action and acts by it.
func decide(_ context.Context, a *middleware.Action) error {
	verdict := find(a)
	if !verdict.IsObject() {
		return nil
	}
	if delay := verdict.Member("delay"); delay != nil {
		var ms float64
		delay.Decode(&ms)
		time.Sleep(time.Duration(ms * float64(time.Millisecond)))
	}
	if !verdict.Member("ifExpired").Falsy() && a.AuthTokenExpiredError != nil {
		return a.AuthTokenExpiredError
	}
	if fields := verdict.Member("block"); fields != nil {
		return errorOf(fields)
	}
	if value := verdict.Member("blockValue"); value != nil {
		return valueOf(value)
	}
	if !verdict.Member("blockEmpty").Falsy() {
		return &middleware.Refusal{}
	}
	if data := verdict.Member("data"); data != nil {
		a.Data = data
		if text, ok := data.Text(); ok && a.Kind == middleware.Message {
			a.Message = []byte(text)
		}
	}
	return nil
}

// find returns the verdict of an action, or nil.
func find(a *middleware.Action) protocol.Data {
	switch a.Kind {
	case middleware.HandshakeWS:
		return parse(a.Request.URL.Query().Get("ws"))
	case middleware.HandshakeSC:
		return parse(a.Request.URL.Query().Get("sc"))
	case middleware.Message:
		return findInMessage(a)
	case middleware.Authenticate:
		claims, _ := protocol.Encode(a.AuthToken["mw"])
		return claims
	case middleware.PublishOut:
		verdict := a.Data.Member("out")
		if to, ok := verdict.Member("to").Text(); ok && a.Socket.Request().URL.Query().Get("name") != to {
			return nil
		}
		return verdict
	}
	return a.Data.Member("mw")
}

// findInMessage returns the verdict in front of a raw message, and leaves the
// message proper in the action.
func findInMessage(a *middleware.Action) protocol.Data {
	head, message, ok := strings.Cut(string(a.Message), "\n")
	verdict, marked := strings.CutPrefix(head, "mw:")
	if !ok || !marked || a.Binary {
		return nil
	}
	a.Message = []byte(message)
	return parse(verdict)
}

func parse(text string) protocol.Data {
	if !json.Valid([]byte(text)) {
		return nil
	}
	return protocol.Data(text)
}

// errorOf makes an error that has the members of an object as its fields. Where
// name or message is no text, or the name an empty one, the error is the object
// itself.
func errorOf(object protocol.Data) error {
	e := &protocol.Error{}
	var members map[string]protocol.Data
	object.Decode(&members)
	for key, value := range members {
		text, isText := value.Text()
		switch {
		case key == "stack": // a JavaScript error has one of its own, which does not travel
		case (key == "name" || key == "message") && !isText, key == "name" && text == "":
			if _, ok := members["message"]; !ok {
				object = object.With("message", protocol.Data(`""`))
			}
			return &protocol.Value{Data: object.Without("stack")}
		case key == "name":
			e.Name = text
		case key == "message":
			e.Message = text
		default:
			e.Fields = append(e.Fields, protocol.Field{Key: key, Value: value})
		}
	}
	return e
}

// valueOf makes an error of a plain value.
func valueOf(value protocol.Data) error {
	if value == nil {
		return nil
	}
	return &protocol.Value{Data: value}
}
