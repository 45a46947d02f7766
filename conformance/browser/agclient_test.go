package browser_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// fakeSocket replaces WebSocket by one that the test plays: play(client) opens
// the last one made, and answers its handshake.
const fakeSocket = `(async () => {
	const {AGClient} = await import('./agclient.js');
	window.AGClient = AGClient;
	window.WebSocket = class extends EventTarget {
		static OPEN = 1;
		readyState = 0;
		sent = [];
		constructor(url) { super(); this.url = url; window.fake = this; }
		send(data) { this.sent.push(data); }
		close(code, reason) { this.readyState = 3; this.closedWith = code; }
		open() { this.readyState = 1; this.dispatchEvent(new Event('open')); }
		receive(data) { this.dispatchEvent(new MessageEvent('message', {data})); }
		lose(code) { this.readyState = 3; this.dispatchEvent(new CloseEvent('close', {code})); }
	};
	window.settle = () => new Promise((resolve) => setTimeout(resolve));
	window.play = async (client, status = {}) => {
		client.connect();
		fake.open();
		fake.receive(JSON.stringify({rid: JSON.parse(fake.sent[0]).cid, data: {id: 'x', pingTimeout: 20000, ...status}}));
		await settle();
		fake.sent.length = 0;
	};
	return true;
})()`

// The playground's client, alone: what its tests against a server cannot show.
func TestPlaygroundClient(t *testing.T) {
	b := launch(t)
	s := start(t, "0")
	p := b.open(s.url("/"))
	p.wait(`document.readyState === 'complete'`)
	eval[bool](p, fakeSocket)
	sub := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			p.t = t
			test(t)
		})
	}
	// check compares what a script yields, as JSON.
	check := func(t *testing.T, script, want string) {
		t.Helper()
		got := eval[string](p, fmt.Sprintf(`(async () => {%s})().then(JSON.stringify)`, script))
		var a, b any
		if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}

	sub("ReconnectsByTheOfficialRules", func(t *testing.T) {
		for code, want := range map[int]string{
			1000: "never", 4500: "never", 4999: "never",
			1005: "at once", 4000: "at once", 4001: "at once",
			1001: "later", 1006: "later", 1011: "later", 4003: "later", 4008: "later", 4499: "later",
		} {
			check(t, fmt.Sprintf(`
				const client = new AGClient({url: 'ws://x/'});
				let when = 'never';
				client.on('reconnect', ({delay}) => { when = delay === 0 ? 'at once' : delay >= 10000 && delay <= 20000 ? 'later' : delay; });
				await play(client);
				fake.lose(%d);
				client.disconnect();
				return when;`, code), fmt.Sprintf("%q", want))
		}
	})

	sub("WaitsLongerEachTime", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', randomness: 0});
			const delays = [];
			client.on('reconnect', ({delay}) => delays.push(delay));
			for (let i = 0; i < 7; i++) { client.connect(); fake.lose(1006); }
			await play(client);
			fake.lose(1006);
			client.disconnect();
			return delays;`, `[10000, 15000, 22500, 33750, 50625, 60000, 60000, 10000]`)
	})

	sub("AnswersPings", func(t *testing.T) {
		check(t, `
			const answers = [];
			for (const [protocolVersion, ping] of [[2, ''], [1, '#1']]) {
				const client = new AGClient({url: 'ws://x/', protocolVersion});
				await play(client);
				fake.receive(ping);
				answers.push(fake.sent);
				client.disconnect();
			}
			return answers;`, `[[""], ["#2"]]`)
	})

	sub("MissesPings", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', autoReconnect: false});
			const closed = new Promise((resolve) => client.on('close', ({code}) => resolve(code)));
			await play(client, {pingTimeout: 1});
			const code = await closed;
			return [code, fake.closedWith, client.state];`, `[4000, 4000, "closed"]`)
	})

	sub("Calls", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', autoReconnect: false});
			await play(client);
			const named = (promise) => promise.catch((error) => error.name ?? error);
			const late = named(client.invoke('late', null, {ackTimeout: 1}));
			const [one, two, three, lost] = ['one', 'two', 'three', 'lost'].map((event) => named(client.invoke(event, {})));
			const [, first, second, third] = fake.sent.map((text) => JSON.parse(text).cid);
			fake.receive(JSON.stringify([{rid: second, error: {name: 'NoError', message: ''}}, {rid: first, data: 1}]));
			fake.receive(JSON.stringify({rid: third, error: 'a plain text'}));
			fake.receive(JSON.stringify({rid: 999, data: 'nobody asked'}));
			const answers = [await one, await two, await three, await late];
			fake.lose(1006);
			return [...answers, await lost];`, `[1, "NoError", "a plain text", "TimeoutError", "BadConnectionError"]`)
	})

	sub("AnswersTheServersCalls", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', autoReconnect: false});
			await play(client);
			client.handle('double', (n) => n * 2);
			client.handle('fail', () => { throw Object.assign(new Error('no'), {name: 'NoError'}); });
			fake.receive('{"event":"double","data":21,"cid":1}');
			fake.receive('{"event":"fail","cid":2}');
			fake.receive('{"event":"#setAuthToken","data":{"token":"a.eyJ1c2VybmFtZSI6ImFkYSJ9.c"},"cid":3}');
			fake.receive('{"event":"nobody","cid":4}');
			await settle();
			client.disconnect();
			return [fake.sent.map((text) => JSON.parse(text)).sort((a, b) => a.rid - b.rid), client.claims];`, `[[
				{"rid": 1, "data": 42}, {"rid": 2, "error": {"name": "NoError", "message": "no"}}, {"rid": 3}
			], {"username": "ada"}]`)
	})

	sub("Channels", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', autoReconnect: false});
			const events = [];
			for (const event of ['subscribe', 'subscribeFail', 'unsubscribe', 'kickOut', 'message']) {
				client.on(event, ({channel}) => events.push(event + ' ' + channel));
			}
			await play(client);
			for (const name of ['good', 'bad', 'left', 'kicked']) client.subscribe(name, {data: 1});
			client.unsubscribe('left');
			const [good, bad, , kicked] = fake.sent.map((text) => JSON.parse(text));
			fake.receive(JSON.stringify([{rid: good.cid}, {rid: bad.cid, error: {name: 'NoError'}}, {rid: kicked.cid}]));
			await settle();
			fake.receive('{"event":"#publish","data":{"channel":"good","data":1}}');
			fake.receive('{"event":"#publish","data":{"channel":"left","data":1}}');
			fake.receive('{"event":"#kickOut","data":{"channel":"kicked","message":"bye"}}');
			fake.lose(1006);
			const states = [...client.channels];
			// What is still wanted is subscribed again, with its options.
			client.connect();
			fake.open();
			fake.receive(JSON.stringify({rid: JSON.parse(fake.sent[0]).cid, data: {id: 'y', pingTimeout: 20000}}));
			await settle();
			const again = fake.sent.slice(1).map((text) => JSON.parse(text).data);
			client.disconnect();
			return [events, states, again];`, `[
				["unsubscribe left", "subscribe good", "subscribeFail bad", "subscribe kicked", "message good", "kickOut kicked", "unsubscribe kicked"],
				[["good", "pending"]],
				[{"channel": "good", "data": 1}]
			]`)
	})

	sub("WaitsForTheConnection", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', autoReconnect: false});
			client.transmit('early', 1);
			const answer = client.invoke('call', 2);
			fake.open();
			const before = fake.sent.length;
			fake.receive(JSON.stringify({rid: JSON.parse(fake.sent[0]).cid, data: {id: 'x', pingTimeout: 20000}}));
			await settle();
			const sent = fake.sent.slice(1).map((text) => JSON.parse(text));
			fake.receive(JSON.stringify({rid: sent[1].cid, data: 'done'}));
			const result = await answer;
			client.disconnect();
			return [before, sent.map(({event}) => event), result];`, `[1, ["early", "call"], "done"]`)
	})

	sub("RefusedHandshake", func(t *testing.T) {
		check(t, `
			const client = new AGClient({url: 'ws://x/', autoReconnect: false});
			const codes = [];
			client.on('close', ({code}) => codes.push(code));
			for (const error of [{name: 'NoError', message: '', statusCode: 4501}, {name: 'NoError', message: ''}]) {
				client.connect();
				fake.open();
				fake.receive(JSON.stringify({rid: JSON.parse(fake.sent[0]).cid, error}));
				await settle();
			}
			return codes;`, `[4501, 4003]`)
	})
}
