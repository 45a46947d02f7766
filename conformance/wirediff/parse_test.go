package main

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const text = `# a comment
group one {"ackTimeout":5}
let x = text of the group
=== first title
: fresh
: any pings
let y = text of the transcript
a join
b > {"event":"#1"}
wait 10
expect some-id
- a < text x
+ a < text y

=== second title
a open ?x=1 | Origin: y
group two
=== third title
a tcp
`
	groups, err := Parse("file.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 2 || len(groups[0].Transcripts) != 2 || len(groups[1].Transcripts) != 1 {
		t.Fatalf("Parse() = %d groups, want 2 of 2 and 1 transcripts", len(groups))
	}
	if got := string(groups[0].Options["ackTimeout"]); got != "5" {
		t.Errorf("ackTimeout = %s, want 5", got)
	}
	if _, ok := groups[1].Options["ackTimeout"]; ok {
		t.Error("the second group has the options of the first")
	}
	first := groups[0].Transcripts[0]
	if first.Title != "first title" || first.Line != 4 || !first.Fresh || !first.AnyPings {
		t.Errorf("first transcript = %+v", first)
	}
	wantSteps := []Step{
		{Client: "a", Verb: "join", Line: 8},
		{Client: "b", Verb: ">", Args: `{"event":"#1"}`, Line: 9},
		{Verb: "wait", Args: "10", Line: 10},
	}
	if !slices.Equal(first.Steps, wantSteps) {
		t.Errorf("Steps = %+v, want %+v", first.Steps, wantSteps)
	}
	if first.Difference != "some-id" || !slices.Equal(first.Expected, []string{"- a < text x", "+ a < text y"}) {
		t.Errorf("Difference = %q %q", first.Difference, first.Expected)
	}
	if got, want := len(first.lets), 2; got != want {
		t.Errorf("%d lets, want %d", got, want)
	}
	if got, want := len(groups[0].Transcripts[1].lets), 1; got != want {
		t.Errorf("%d lets in the second transcript, want %d", got, want)
	}
}

func TestParse_NamesTheLine(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"NoGroup", "\na join"},
		{"NoTranscript", "group g\na join"},
		{"BadOptions", "\ngroup g {"},
		{"BadStep", "group g\n=== t\na frobnicate"},
		{"BadFlag", "group g\n=== t\n: later"},
		{"BadLet", "group g\nlet x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f.txt", tt.text)
			if err == nil || !strings.HasPrefix(err.Error(), "f.txt:") {
				t.Errorf("Parse(%q) = %v, want an error with the line", tt.text, err)
			}
		})
	}
}

func TestVariables_Expand(t *testing.T) {
	v := newVariables("key")
	for _, l := range []let{
		{"many", "repeat 3 ab"}, {"plain", "text a\"b"}, {"token", `token {"u":1}`}, {"bad", "tamper ${token}"},
	} {
		if err := v.define(l); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := v.expand("<${many}|${q:plain}>"); got != `<ababab|a\"b>` || err != nil {
		t.Errorf("expand() = %s, %v", got, err)
	}
	if !verifyToken(v.values["token"], "key") || verifyToken(v.values["bad"], "key") {
		t.Error("verifyToken() does not tell a good token from one that was tampered with")
	}
	if _, err := v.expand("${nobody}"); err == nil {
		t.Error("expand(${nobody}) = nil error")
	}
}

func TestMakeToken_Algorithms(t *testing.T) {
	for _, alg := range []string{"HS256", "HS384", "HS512", "RS256", "RS512", "PS256", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			token, err := makeToken("alg="+alg+` {"u":1}`, "key")
			if err != nil {
				t.Fatal(err)
			}
			if !verifyToken(token, "key") {
				t.Errorf("verifyToken(%s) = false", token)
			}
			if verifyToken(token[:len(token)-6]+"AAAAAA", "key") {
				t.Error("verifyToken() accepts another signature")
			}
		})
	}
}

func TestUpgradeRequest(t *testing.T) {
	for _, tt := range []struct{ name, args, want string }{
		{"Default", "", "GET /socketcluster/ HTTP/1.1\r\nHost"},
		{"Query", `?ws={"a b":1}`, "GET /socketcluster/?ws=%7B%22a%20b%22:1%7D HTTP/1.1\r\n"},
		{"Path", "/x | Origin: y", "GET /x HTTP/1.1\r\n"},
		{"Added", "| Origin: y", "\r\nOrigin: y\r\n\r\n"},
		{"Replaced", "| upgrade: h2c", "localhost\r\nupgrade: h2c\r\nConnection"},
		{"Removed", "| -Upgrade", "localhost\r\nConnection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := upgradeRequest(tt.args); !strings.Contains(got, tt.want) {
				t.Errorf("upgradeRequest(%q) = %q, want %q in it", tt.args, got, tt.want)
			}
		})
	}
}

func TestFrame_Append(t *testing.T) {
	for _, tt := range []struct {
		args string
		want []byte
	}{
		{`mask=0 op=1 "hi"`, []byte{0x81, 2, 'h', 'i'}},
		{`mask=0 fin=0 op=2 rsv=4`, []byte{0x42, 0}},
		{`mask=0 op=9 len=300`, []byte{0x89, 126, 1, 44}},
		{`mask=0 form=64 op=1 "x"`, []byte{0x81, 127, 0, 0, 0, 0, 0, 0, 0, 1, 'x'}},
	} {
		f, err := parseFrame(tt.args)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Append(nil); !bytes.Equal(got, tt.want) {
			t.Errorf("parseFrame(%s).Append() = %x, want %x", tt.args, got, tt.want)
		}
	}
}

func TestReadFrame_ReadsWhatServersSend(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536} {
		sent := Frame{Fin: true, Op: opBinary, Unmasked: true, Length: -1, Payload: bytes.Repeat([]byte{7}, size)}
		got, err := readFrame(bufio.NewReader(bytes.NewReader(sent.Append(nil))))
		if err != nil || got.Op != sent.Op || !got.Fin || !got.Unmasked || !bytes.Equal(got.Payload, sent.Payload) {
			t.Errorf("readFrame() of %d bytes = op %d, %d bytes, %v", size, got.Op, len(got.Payload), err)
		}
	}
}

func TestDeflate_RoundTrip(t *testing.T) {
	text := strings.Repeat("hello ", 1000)
	i := newInflater("permessage-deflate; server_no_context_takeover")
	for range 2 {
		if got, err := i.inflate(deflate(text)); string(got) != text || err != nil {
			t.Errorf("inflate(deflate()) = %d bytes, %v, want %d", len(got), err, len(text))
		}
	}
}

func TestExpectIn(t *testing.T) {
	lines := strings.Split("group g\n=== one\na join\nexpect old\n- x\n\n=== two\na join\n", "\n")
	r := Result{Transcript: &Transcript{Line: 2}, Diff: []string{"- p", "+ q"}}
	got, err := expectIn(lines, r, "new-id")
	if err != nil {
		t.Fatal(err)
	}
	want := "group g\n=== one\na join\nexpect new-id\n- p\n+ q\n\n=== two\na join\n"
	if strings.Join(got, "\n") != want {
		t.Errorf("expectIn() = %q, want %q", strings.Join(got, "\n"), want)
	}
}
