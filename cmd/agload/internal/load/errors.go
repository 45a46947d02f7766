package load

import "errors"

// Why a run cannot be begun.
var (
	// ErrUnreachable: nobody takes connections at the URL.
	ErrUnreachable = errors.New("the server cannot be reached")

	// ErrNotAG: somebody does, but does not answer as an AG server would.
	ErrNotAG = errors.New("not an AG server")

	// ErrNoProcedure: nobody answers the procedure that was to be called, or not
	// with the data of the call.
	ErrNoProcedure = errors.New("no procedure that returns its data")

	// ErrFiles: the system lets this process open too few files.
	ErrFiles = errors.New("too few open files are allowed")

	// ErrConnect: some connections did not become ready.
	ErrConnect = errors.New("not all connections became ready")
)
