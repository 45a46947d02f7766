package agclient

import (
	"context"
	"sync"
)

// TokenStore keeps signed auth tokens by name, as the reference's client-side
// auth engine does: in memory, in a file, in a keyring. A client calls it from
// one goroutine, one operation after the other; the context ends when the
// client was closed and waited for as long as it may. A store must not wait for
// the client that uses it.
type TokenStore interface {
	// LoadToken returns the token of that name, "" if there is none. An error ends
	// the connection attempt with 4003.
	LoadToken(ctx context.Context, name string) (string, error)
	// SaveToken keeps the token. An error is emitted as an Error event; the client
	// is authenticated none the less.
	SaveToken(ctx context.Context, name, token string) error
	// RemoveToken forgets the token and returns it, "" if there was none. An error
	// is emitted as an Error event.
	RemoveToken(ctx context.Context, name string) (old string, err error)
}

// MemoryTokenStore keeps tokens in memory. The zero value is ready to use, by
// any number of clients and goroutines.
type MemoryTokenStore struct {
	mu     sync.Mutex
	tokens map[string]string
}

var _ TokenStore = (*MemoryTokenStore)(nil)

// LoadToken returns the token of that name, "" if there is none.
func (s *MemoryTokenStore) LoadToken(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[name], nil
}

// SaveToken keeps the token.
func (s *MemoryTokenStore) SaveToken(_ context.Context, name, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		s.tokens = make(map[string]string)
	}
	s.tokens[name] = token
	return nil
}

// RemoveToken forgets the token and returns it.
func (s *MemoryTokenStore) RemoveToken(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.tokens[name]
	delete(s.tokens, name)
	return old, nil
}
