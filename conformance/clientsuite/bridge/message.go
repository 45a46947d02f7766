package main

import "github.com/socketcluster-go/socketcluster/protocol"

// message is one line between the bridge and Node. Type says what it is about
// and which other members it has.
//
// From the bridge:
//
//	listening       the server accepts connections {pingTimeout}
//	connection      a socket has completed its handshake {socket}
//	closure         a socket has ended {socket}
//	invoke          a client's call {socket, name, data, call}
//	transmit        a client's message {socket, name, data}
//	action          an inbound action to decide {socket, action, channel, data, call}
//	closed          close is done
//
// From Node:
//
//	end             the answer to an invoke {call, data} or {call, error}
//	allow, block    the decision over an action {call, data} or {call, error}
//	inspect         inbound actions are to be decided by Node, or not {on}
//	setAuthToken    {socket, data}
//	setAuthKeys     {signatureKey, verificationKey}
//	stopListening   httpServer.close()
//	close           server.close()
type message struct {
	Type            string        `json:"type"`
	Socket          string        `json:"socket,omitempty"`
	Name            string        `json:"name,omitempty"`
	Action          string        `json:"action,omitempty"`
	Channel         string        `json:"channel,omitempty"`
	Data            protocol.Data `json:"data,omitempty"`
	Error           protocol.Data `json:"error,omitempty"`
	Call            int64         `json:"call,omitempty"`
	On              bool          `json:"on,omitempty"`
	PingTimeout     int64         `json:"pingTimeout,omitempty"` // milliseconds
	SignatureKey    string        `json:"signatureKey,omitempty"`
	VerificationKey string        `json:"verificationKey,omitempty"`
}
