package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
)

// fuzzOptions are the servers that generated transcripts are played on.
var fuzzOptions = []struct{ name, options string }{
	{"plain", `{}`},
	{"lax", `{"strictHandshake":false}`},
	{"middleware", `{"app":{"middleware":["handshake","inbound","outbound"]}}`},
	{"version1", `{"protocolVersion":1,"socketChannelLimit":2}`},
}

// fuzzBytes is the entropy of one generated transcript.
const fuzzBytes = 400

// GenerateGroups makes n transcripts from a seed, in groups that can be played
// at the same time. The same seed makes the same transcripts.
func GenerateGroups(seed uint64, n, groups int) ([]*Group, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	var all []*Group
	for range max(1, groups/len(fuzzOptions)) {
		for i := range fuzzOptions {
			group, err := fuzzGroup(i)
			if err != nil {
				return nil, err
			}
			all = append(all, group)
		}
	}
	for i := range n {
		entropy := make([]byte, fuzzBytes)
		for j := range entropy {
			entropy[j] = byte(random.Uint32())
		}
		group := all[i%len(all)]
		t := Generate(entropy)
		t.Title = fmt.Sprintf("generated %d of seed %d, options %s", i, seed, group.Name)
		group.Transcripts = append(group.Transcripts, t)
	}
	return all, nil
}

// fuzzGroup is an empty group with one of the fuzzOptions.
func fuzzGroup(i int) (*Group, error) {
	group := &Group{Name: fuzzOptions[i].name, Options: maps.Clone(baseOptions)}
	err := json.Unmarshal([]byte(fuzzOptions[i].options), &group.Options)
	return group, err
}

// Generate makes a transcript from bytes: each decides about a small part of
// it, so that small changes of the bytes are small changes of the transcript.
// Steps wait for one another, and nothing is sent that the table of differences
// covers: second handshakes, several messages at once, odd frame lengths.
func Generate(entropy []byte) *Transcript {
	g := &generator{entropy: entropy}
	g.script = &Transcript{Title: "generated", File: "generated", lets: []let{
		{"good", `token {"username":"bob"}`},
		{"expired", `token {"username":"bob","exp":1000000000}`},
		{"forged", `token key=other {"username":"bob"}`},
	}}
	for _, client := range []string{"a", "b"} {
		switch g.pick(8) {
		case 0: // something comes before the handshake
			g.step(client, "open", "")
			g.send(client)
		case 1:
			g.step(client, "join", "${good}")
		case 2:
			g.step(client, "join", "${expired}")
		default:
			g.step(client, "join", "")
		}
	}
	for len(g.script.Steps) < maxGenerated && len(g.entropy) > 0 {
		g.send([]string{"a", "a", "b"}[g.pick(3)])
	}
	return g.script
}

// maxGenerated bounds the steps of a generated transcript.
const maxGenerated = 16

type generator struct {
	entropy []byte
	script  *Transcript
	depth   int
}

func (g *generator) step(client, verb, args string) {
	g.script.Steps = append(g.script.Steps, Step{Client: client, Verb: verb, Args: args})
}

// pick takes one byte and chooses one of n; 0 when there are no more.
func (g *generator) pick(n int) int {
	if len(g.entropy) == 0 {
		return 0
	}
	b := g.entropy[0]
	g.entropy = g.entropy[1:]
	return int(b) % n
}

func (g *generator) of(choices ...string) string { return choices[g.pick(len(choices))] }

// send adds one message, mostly a packet.
func (g *generator) send(client string) {
	switch g.pick(16) {
	case 0:
		g.step(client, ">q", strconv.Quote(g.of("", "hello", "#1", "#2", " ", "{", "[", "\u2028", "[]", "{}", "[1]", "null")))
	case 1:
		g.step(client, ">b", strconv.Quote(g.of("", "\x00\xff", "hello", "{}", "[]", "#2")))
	case 2:
		g.step(client, ">q", strconv.Quote(g.damaged()))
	case 3:
		g.step(client, ">b", strconv.Quote(g.packet()))
	case 4:
		g.fragments(client, g.packet())
	case 5:
		g.step(client, ">f", "op="+g.of("9", "10")+" "+strconv.Quote(g.of("", "x", "ping")))
	case 6:
		g.step(client, ">", "["+g.packet()+"]")
	case 7:
		g.step(client, ">", fmt.Sprintf(`{"rid":%s,%s}`, g.of("1", "2", "3", "-1", "1.5"), g.of(`"data":`+g.value(), `"error":`+g.value(), `"data":null`)))
	default:
		g.step(client, ">", g.packet())
	}
}

// fragments sends a text in pieces, perhaps with a ping between them.
func (g *generator) fragments(client, text string) {
	cut := g.pick(len(text) + 1)
	g.step(client, ">f", "fin=0 op=1 "+strconv.Quote(text[:cut]))
	if g.pick(2) == 0 {
		g.step(client, ">f", `op=9 "between"`)
	}
	g.step(client, ">f", "fin=1 op=0 "+strconv.Quote(text[cut:]))
}

// damaged is a packet with a change in one place. Its event is one that takes
// any data: what the app does with some data is not specified for others.
func (g *generator) damaged() string {
	event := g.of("echo", "note", "shout", "endEmpty", "whoami", "nobody", "#subscribe", "#unsubscribe", "#publish")
	data, ok := g.suitable(event)
	if !ok {
		data = g.value()
	}
	text := fmt.Sprintf(`{"event":%q,"data":%s,"cid":%s}`, event, data, g.callID())
	at := g.pick(len(text))
	return text[:at] + g.of("", "", `"`, "}", ",", "0", " ", "\\", "x") + text[min(len(text), at+g.pick(3)):]
}

// packet is an event, a call or something like it.
func (g *generator) packet() string {
	event, data := g.event()
	members := []string{`"event":` + strconv.Quote(event)}
	if data != "" {
		members = append(members, `"data":`+data)
	}
	if event == "twice" {
		members = append(members, `"cid":7`) // its message holds the id as text
	} else if g.pick(5) > 0 && event != "note" {
		members = append(members, `"cid":`+g.callID())
	}
	if g.pick(8) == 0 {
		members = append(members, g.of(`"x":1`, `"rid":1`, `"cid":9`, `"event":"echo"`))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (g *generator) callID() string {
	if g.pick(6) > 0 {
		return strconv.Itoa(2 + g.pick(100))
	}
	return g.of("0", "-1", "1.5", "1e3", "1e21", "9007199254740993", "-0", `"5"`, "null", "true", "[1]", "{}", "1e400")
}

// event chooses an event and data that often suit it.
func (g *generator) event() (event, data string) {
	suits := g.pick(5) > 0
	event = g.of("echo", "echo", "note", "shout", "endEmpty", "fail", "failValue", "whoami", "counts", "isSubscribed",
		"transmit", "burst", "publish", "kick", "login", "logout", "logoutSelf", "invoke", "batch", "twice", "never",
		"#subscribe", "#subscribe", "#unsubscribe", "#publish", "#publish", "#authenticate", "#removeAuthToken",
		"nobody", "signIn", "signOut", "close")
	if suits {
		if data, ok := g.suitable(event); ok {
			return event, data
		}
	}
	switch event {
	case "#unsubscribe", "burst", "login", "signIn", "close", "fail", "failValue", "kick", "transmit", "invoke", "publish", "batch",
		"isSubscribed":
		// What the app does with other data is not specified, and a name with
		// half a character is not a channel's.
		data, _ := g.suitable(event)
		return event, data
	}
	if g.pick(8) == 0 {
		return event, ""
	}
	return event, g.value()
}

// suitable is data as the app's specification or the protocol asks for it.
func (g *generator) suitable(event string) (data string, ok bool) {
	channel := strconv.Quote(g.of("c", "d", "e", "", "x y"))
	switch event {
	case "#subscribe":
		return g.of(`{"channel":`+channel+`}`, `{"channel":`+channel+`,"data":`+g.value()+`}`), true
	case "#publish", "publish":
		return g.of(`{"channel":`+channel+`}`, `{"channel":`+channel+`,"data":`+g.value()+`}`), true
	case "#unsubscribe", "isSubscribed":
		return channel, true
	case "kick":
		return g.of(`{"channel":`+channel+`,"message":"out"}`, `{"channel":`+channel+`}`, `{}`, `{"channel":["c","d"],"message":"m"}`), true
	case "#authenticate":
		return g.of(`"${good}"`, `"${expired}"`, `"${forged}"`, `"x.y.z"`, `null`), true
	case "fail":
		return g.of(`{"name":"N","message":"m"}`, `{"message":"m","more":[1]}`, `{}`), true
	case "failValue":
		return g.of(`"text"`, `5`, `null`, `false`, `""`), true
	case "transmit", "invoke":
		return `{"event":"q","data":` + g.value() + `}`, true
	case "burst":
		return `{"event":"tick","count":` + g.of("0", "1", "3") + `}`, true
	case "login", "signIn":
		return g.of(`{"claims":{"u":1}}`, `{"claims":{"u":[null]},"options":{"expiresIn":60}}`, `{"claims":{"exp":4102444800}}`), true
	case "batch":
		return strconv.Quote(g.of("startBatch", "flushBatch", "flushBatch", "cancelBatch")), true
	case "close":
		return g.of(`{"code":4100}`, `{"code":1000,"reason":"bye"}`), true
	}
	return "", false
}

// value is a JSON value; verdicts for the middleware are among them.
func (g *generator) value() string {
	g.depth++
	defer func() { g.depth-- }()
	n := 14
	if g.depth > 3 {
		n = 10
	}
	switch g.pick(n) {
	case 0:
		return "null"
	case 1:
		return g.of("true", "false")
	case 2:
		return g.of("0", "-0", "1", "1.50", "1e400", "12345678901234567890", "-1e-7")
	case 3:
		return g.of(`""`, `"text"`, `"\u0041\n"`, `"\ud800"`, `"ü\u2028"`, `"<&>"`)
	case 10:
		return "[" + g.value() + "," + g.value() + "]"
	case 11:
		return `{"a":` + g.value() + `,"b":` + g.value() + `}`
	case 12:
		return `{"mw":` + g.verdict() + `}`
	case 13:
		return `{"out":` + g.verdict() + `}`
	default:
		return strconv.Itoa(g.pick(10))
	}
}

// verdict tells the app's middleware what to do, at once.
func (g *generator) verdict() string {
	return g.of(`{}`, `{"block":{"name":"No","message":"no"}}`, `{"blockEmpty":true}`, `{"blockValue":"text"}`,
		`{"block":{"message":"m","silent":true}}`, `{"data":`+g.value()+`}`, `5`)
}
