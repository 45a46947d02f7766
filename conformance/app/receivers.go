package main

import (
	"context"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func (a *app) handleReceivers() {
	a.srv.HandleReceiver("note", func(_ context.Context, s *agserver.Socket, data protocol.Data) error {
		a.journal.note(s, data)
		return nil
	})
	a.srv.HandleReceiver("shout", func(_ context.Context, s *agserver.Socket, data protocol.Data) error {
		s.Transmit("shouted", data)
		return nil
	})
	a.srv.HandleReceiver("signIn", func(ctx context.Context, s *agserver.Socket, data protocol.Data) error {
		c := credentials{data.Member("claims"), data.Member("options")}
		signIn := func() {
			if err := c.signIn(ctx, s); err != nil {
				a.journal.addError("signIn", err)
			}
		}
		if rejects(c.Options) {
			go signIn() // ends with the call's timeout
		} else {
			signIn()
		}
		return nil
	})
	a.srv.HandleReceiver("signOut", func(ctx context.Context, s *agserver.Socket, _ protocol.Data) error {
		if err := s.Deauthenticate(ctx, nil); err != nil {
			a.journal.addError("signOut", err)
		}
		return nil
	})
	a.srv.HandleRaw(func(_ context.Context, s *agserver.Socket, m agserver.Message) error {
		if m.Binary {
			s.Transmit("raw", map[string][]byte{"binary": m.Data})
		} else {
			s.Transmit("raw", map[string]string{"text": string(m.Data)})
		}
		return nil
	})
}
