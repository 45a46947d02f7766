package engine

// OpCode tells what a frame carries (RFC 6455, section 11.8).
type OpCode uint8

// The opcodes a Handler meets and may send. Continuations and close frames
// are the engine's own business.
const (
	OpText   OpCode = 0x1
	OpBinary OpCode = 0x2
	OpPing   OpCode = 0x9
	OpPong   OpCode = 0xA
)

// Opcodes that stay inside the engine.
const (
	opcodeContinuation OpCode = 0x0
	opcodeClose        OpCode = 0x8
)
