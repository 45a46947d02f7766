package agserver

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// socketID is a socket's id as the reference makes it: twelve random bytes and
// a counter, so that no two of one server are equal whatever the dice say. Its
// text is made when somebody asks.
type socketID [15]byte

// String returns the id's 20 characters.
func (id socketID) String() string { return base64.URLEncoding.EncodeToString(id[:]) }

// GenerateID returns a new id of the kind that sockets have.
func (s *Server) GenerateID() string { return s.newID().String() }

func (s *Server) newID() socketID {
	var id socketID
	rand.Read(id[:12]) // never fails
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], s.ids.Add(1))
	copy(id[12:], n[1:])
	return id
}

// parseID reads an id's text.
func parseID(text string) (id socketID, ok bool) {
	if len(text) != 20 {
		return id, false
	}
	n, err := base64.URLEncoding.Decode(id[:], []byte(text))
	return id, err == nil && n == len(id)
}
