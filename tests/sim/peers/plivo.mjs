// plivo.mjs - Plivo's own client, and ws as the bot, against plivo-sim
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { check, equal, load, test, until, withSim } from './peer.mjs';

const plivo = load('plivo');
const { WebSocketServer } = load('ws');
const id = 'MAPEER00000000000000', token = 'token-of-the-peer';
const args = ['--auth-id', id, '--auth-token', token, '--quiet'];

// The client knows one host for calls; requests to it go to the simulator.
let target = '';
const axios = createRequire(load.resolve('plivo'))('axios');
const create = axios.create.bind(axios);
axios.create = config => {
    const instance = create(config);

    instance.interceptors.request.use(c => {
        c.url = c.url.replace('https://api.plivo.com', target);
        return c;
    });
    return instance;
};

function client(sim, secret = token) {
    target = sim.url;
    return new plivo.Client(id, secret);
}

const rejected = promise => promise.then(
    () => { throw new Error('no error came'); }, e => e);

// A server with an answer URL and a stream, as our own programs have them.
async function withServer(use) {
    const server = createServer(), sockets = new WebSocketServer({ server });
    const seen = { hooks: [], events: [], socket: null, upgrade: null };

    server.on('request', async (req, res) => {
        let text = '';
        for await (const piece of req)
            text += piece;
        const form = Object.fromEntries(new URLSearchParams(text));
        const url = `http://127.0.0.1:${server.address().port}${req.url}`;
        seen.hooks.push({
            path: req.url, form,
            signed: plivo.validateV3Signature(
                req.method, url, req.headers['x-plivo-signature-v3-nonce'],
                token, req.headers['x-plivo-signature-v3'], form),
        });
        res.setHeader('Content-Type', 'application/xml');
        res.end(req.url === '/answer' ? answer(server) : '');
    });
    sockets.on('connection', (socket, req) => {
        seen.socket = socket;
        seen.upgrade = req.headers;
        socket.on('message', m => seen.events.push(JSON.parse(m)));
    });
    await new Promise(yes => server.listen(0, '127.0.0.1', yes));
    try {
        await use(seen, `http://127.0.0.1:${server.address().port}`);
    } finally {
        seen.socket?.terminate();
        server.closeAllConnections();
        server.close();
    }
}

function answer(server) {
    const xml = plivo.Response();

    xml.addStream(`ws://127.0.0.1:${server.address().port}/ws`,
                  { bidirectional: true, keepCallAlive: true,
                    contentType: 'audio/x-mulaw;rate=8000' });
    return xml.toXML();
}

export default async function () {
    const on = (name, use) =>
        test(`plivo: ${name}`, () => withSim('plivo', args, use));

    await on('a whole call', sim => withServer(async (seen, base) => {
        const calls = client(sim).calls;
        const made = await calls.create('15550001111', '15550002222',
                                        `${base}/answer`,
                                        { answerMethod: 'POST',
                                          hangupUrl: `${base}/hangup`,
                                          hangupMethod: 'POST' });
        check(made.requestUuid, made);
        const named = e => seen.events.find(x => x.event === e);
        const start = await until(() => named('start'));
        check(seen.upgrade['x-plivo-signature-v3'], 'upgrade not signed');
        await until(() => named('media'));
        const { streamId, callId } = start.start;
        const say = o => seen.socket.send(JSON.stringify(o));
        say({ event: 'playAudio', streamId,
              media: { contentType: 'audio/x-mulaw', sampleRate: 8000,
                       payload: Buffer.alloc(1600, 0x90)
                           .toString('base64') } });
        say({ event: 'checkpoint', streamId, name: 'heard' });
        equal('heard', (await until(() => named('playedStream'))).name);
        say({ event: 'clearAudio', streamId });
        await until(() => named('clearedAudio'));
        await calls.hangup(callId);
        const end = await until(() =>
            seen.hooks.find(h => h.path === '/hangup'));
        equal('Hangup', end.form.Event);
        check(seen.hooks.length >= 2 && seen.hooks.every(h => h.signed),
              'a webhook is not signed');
    }));
    await on('a wrong token', async sim => {
        const e = await rejected(client(sim, 'no').calls.create(
            '15550001111', '15550002222', 'http://127.0.0.1:1/'));
        check(/AuthenticationError|access level/.test(`${e.constructor.name} ${e}`), e);
    });
    await on('a wrong request', async sim => {
        const e = await rejected(client(sim).calls.create(
            '15550001111', 'sip:', 'no url'));
        check(/to parameter is invalid/.test(`${e.constructor.name} ${e}`), e);
    });
    await on('a call that is not there', async sim => {
        const e = await rejected(client(sim).calls.hangup(
            '00000000-0000-4000-8000-000000000000'));
        check(/NotFound|not found/.test(`${e.constructor.name} ${e}`), e);
    });
}
