// Command wirediff compares this server with the reference, frame by frame.
//
//	go run ./conformance/wirediff                      all transcripts against conformance/app
//	go run ./conformance/wirediff -same -times 10      is the reference equal to itself?
//	go run ./conformance/wirediff -run 'kick' -v       some transcripts
//	go run ./conformance/wirediff -coverage -same      what of the reference they reach
//	go run ./conformance/wirediff -subject '/tmp/mutant'
//	go run ./conformance/wirediff -subject '/tmp/app --nats nats://127.0.0.1:4222'   on a broker
//
// A transcript is a sequence of things that clients do. It is played against
// two programs that are conformance apps, the reference on Node and the one to
// be judged, and everything that can be seen is compared: the answers to
// upgrade requests, every frame in its order on each connection, close codes,
// the end of connections, the server's event log and its counts of sockets.
// Only what is truly undetermined is normalised: socket ids, iat and exp and
// the signatures over them. Texts that are equal as JSON are equal. The exit
// status is 0 if all agrees, 1 if something differs.
//
// # Transcripts
//
// They stand in transcripts/*.txt. A line is a step: the name of a client, a
// verb and its arguments. Every step waits until its consequences have come
// back, timers apart, so that transcripts need no waiting of their own: on the
// reference by WebSocket pings there and back, on the other server until it
// has shown as many frames and events as the reference had by then.
//
//	group NAME {options}      servers with these options; the transcripts below
//	                          run on them one after another
//	let NAME = VALUE          a value for ${NAME}: "text …", "repeat N TEXT",
//	                          "token [alg=A] [key=K] [header=H] CLAIMS", "tamper TOKEN"
//	=== TITLE                 begins a transcript
//	: fresh                   it wants server processes of its own
//	: any pings               the number of protocol pings is left to time
//	expect ID                 the difference that docs/differences.md has under ID;
//	                          lines with "- " and "+ " that state it follow
//
//	a open [TARGET] [| H: V]  connect and send an upgrade request; JSON in the
//	                          query is escaped; "+H: V" adds, "-H" leaves out
//	a join [TOKEN]            open and complete the handshake
//	a shake [TOKEN]           send the usual #handshake
//	a > TEXT                  send a text message; >q "…" one in quotes, with
//	                          escapes; >b "…" a binary one; >z TEXT a deflated one
//	a >f fin=0 op=2 … "…"     send a frame: fin, op, rsv, mask, len and form
//	a >r "…"                  send bytes; >p "…" ones that end inside a frame
//	a >> TEXT                 hold back, to go out at once with the next send;
//	                          also >>q, >>b, >>f, >>r, >>z and >>open
//	a until [xN] TEXT         wait until a message came that has TEXT in it
//	a until ping              wait for a protocol ping
//	a ended                   wait until the server has ended the connection
//	a close [CODE [REASON]]   close, and wait for the end
//	a fin, a reset            end the TCP connection, cleanly or not
//	a mute                    do not answer close frames from now on
//	a keep NAME               name the token that the server set last
//	a tcp, a reply            connect only; wait for an answer to raw bytes
//	wait MS                   let time pass
//	log TEXT                  wait until the event log has TEXT in it
//	get PATH                  a plain request
//
// Clients that are still open at the end are closed with 1000, one after the
// other.
package main
