// deepgram.mjs - Deepgram's own client against deepgram-sim
import { check, equal, load, sleep, test, tls, until, withSim }
    from './peer.mjs';

const { DeepgramClient } = load('@deepgram/sdk');
const WebSocket = load('ws');

const args = ['--key', 'k', '--latency-ms', '10', '--finalize-ms', '10',
              '--intake-slack-ms', '60000'];
const query = { model: 'nova-3', encoding: 'mulaw', sample_rate: 8000,
                interim_results: 'true', punctuate: 'true',
                vad_events: 'true', reconnectAttempts: 0 };

const quiet = ms => Buffer.alloc(ms * 8, 0xff);
// Loud and soft codes in turn: a tone of 500 Hz in mu-law.
const tone = ms => Buffer.from(Uint8Array.from(
    { length: ms * 8 }, (_, i) => i % 16 < 8 ? 0xa0 : 0x20));

async function open(sim, more = {}, apiKey = 'k') {
    const http = `http://127.0.0.1:${sim.port}`;
    const ws = `ws://127.0.0.1:${sim.port}`;
    const client = new DeepgramClient({
        apiKey,
        environment: { base: http, production: ws, agent: ws,
                       agentRest: http } });
    const socket = await client.listen.v1.connect({ ...query, ...more });
    const s = { socket, messages: [], closed: null, error: null };

    socket.on('message', m => s.messages.push(m));
    socket.on('close', e => { s.closed = e; });
    socket.on('error', e => { s.error = e; });
    socket.connect();
    return s;
}

const transcripts = (s, wanted) => s.messages.filter(wanted)
    .map(m => m.channel.alternatives[0].transcript);

export default async function () {
    const on = (name, use, more = []) =>
        test(`deepgram: ${name}`,
             () => withSim('deepgram', [...args, ...more], use));

    await on('interims, a final, the end', async sim => {
        const s = await open(sim, { keyterm: ['blue widget', 'Ängström'] });
        await s.socket.waitForOpen();
        s.socket.sendMedia(tone(2000));
        s.socket.sendMedia(quiet(800));
        await until(() => s.messages.some(m => m.speech_final));
        check(s.messages.some(m => m.type === 'SpeechStarted'));
        check(s.messages.some(m => m.type === 'Results' && !m.is_final));
        equal(['Hello, who is this?'], transcripts(s, m => m.speech_final));
        s.socket.sendCloseStream({ type: 'CloseStream' });
        await until(() => s.closed);
        equal(1000, s.closed.code);
        equal('Metadata', s.messages.at(-1).type);
        const q = (await sim.state()).requests[0].query;
        equal(['blue widget', 'Ängström'],
              q.filter(([k]) => k === 'keyterm').map(([, v]) => v));
    });
    await on('Finalize', async sim => {
        const s = await open(sim, { endpointing: 'false' });
        await s.socket.waitForOpen();
        s.socket.sendMedia(tone(2500));
        s.socket.sendFinalize({ type: 'Finalize' });
        await until(() => s.messages.some(m => m.from_finalize));
        check(transcripts(s, m => m.from_finalize)[0].startsWith('Hello,'));
        s.socket.sendKeepAlive({ type: 'KeepAlive' });
        await until(async () =>
            (await sim.state()).streams[0].keepalives === 1);
        s.socket.close();
    });
    await on('a wrong key', async sim => {
        const s = await open(sim, {}, 'no');
        await until(() => s.error);
        check(/401/.test(s.error.message), s.error);
        sim.expect(1);
    });
    await on('silence of the client', async sim => {
        const s = await open(sim);
        await until(() => s.closed);
        equal(1011, s.closed.code);
        check(/NET-0001/.test(s.closed.reason));
    }, ['--idle-ms', '300']);
    await on('fragments, pings and TLS, by ws', async sim => {
        await sim.fault('fragment:40');
        const ws = new WebSocket(`wss://localhost:${sim.port}/v1/listen?` +
            'model=nova-3&encoding=mulaw&sample_rate=8000',
            { headers: { Authorization: 'Token k' } });
        const texts = [];
        let pings = 0;
        ws.on('ping', () => pings++);
        ws.on('message', m => texts.push(JSON.parse(m)));
        await new Promise((yes, no) => ws.on('open', yes).on('error', no));
        ws.send(tone(2000));
        ws.send(quiet(700));
        await until(() => texts.some(t => t.speech_final));
        check(pings > 5);
        ws.close(1000);
        await sleep(50);
    }, tls);
}
