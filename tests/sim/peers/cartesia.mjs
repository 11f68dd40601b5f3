// cartesia.mjs - Cartesia's own client against cartesia-sim
import { check, equal, load, test, tls, withSim } from './peer.mjs';

const Cartesia = load('@cartesia/cartesia-js').default;

const args = ['--key', 'k', '--latency-ms', '10', '--pace', '40', ...tls];
const context = { model_id: 'sonic-3.5',
                  voice: { mode: 'id',
                           id: '71a7ad14-091c-4e8e-a314-022ece01c121' },
                  output_format: { container: 'raw', encoding: 'pcm_mulaw',
                                   sample_rate: 8000 },
                  language: 'en', add_timestamps: true,
                  max_buffer_delay_ms: 0 };

const client = (sim, apiKey = 'k') =>
    new Cartesia({ apiKey, baseURL: `https://localhost:${sim.port}` });

async function hear(ctx) {
    const heard = { bytes: 0, words: [], starts: [], types: new Set() };

    for await (const e of ctx.receive({ timeout: 3000 })) {
        heard.types.add(e.type);
        if (e.type === 'chunk')
            heard.bytes += (e.audio ?? Buffer.from(e.data, 'base64')).length;
        if (e.type === 'timestamps') {
            heard.words.push(...e.word_timestamps.words);
            heard.starts.push(...e.word_timestamps.start);
        }
    }
    return heard;
}

async function speak(ws, more, ...texts) {
    const ctx = ws.context({ ...context, ...more });

    for (const transcript of texts)
        await ctx.push({ transcript });
    await ctx.no_more_inputs();
    return hear(ctx);
}

export default async function () {
    const on = (name, use) =>
        test(`cartesia: ${name}`, () => withSim('cartesia', args, use));

    await on('two sentences are one after another', async sim => {
        const ws = await client(sim).tts.websocket();
        const one = await speak(ws, {}, 'Hello there. ');
        const two = await speak(ws, {}, 'How are you?');
        const both = await speak(ws, {}, 'Hello there. ', 'How are you?');
        equal(one.bytes + two.bytes, both.bytes);
        equal(['Hello', 'there.', 'How', 'are', 'you?'], both.words);
        check(both.starts.every((t, i) => i === 0 || t > both.starts[i - 1]));
        check(both.types.has('flush_done') && both.types.has('done'));
        ws.close();
    });
    await on('two contexts side by side', async sim => {
        const ws = await client(sim).tts.websocket();
        const [a, b] = await Promise.all([speak(ws, {}, 'red green blue'),
                                          speak(ws, {}, 'one two')]);
        equal(['red', 'green', 'blue'], a.words);
        equal(['one', 'two'], b.words);
        ws.close();
    });
    await on('a cancelled context', async sim => {
        const ws = await client(sim).tts.websocket();
        const ctx = ws.context(context);
        await ctx.push({ transcript: 'one two three. ' });
        await ctx.push({ transcript: 'four five six. ' });
        await ctx.cancel();
        await speak(ws, {}, 'the next');
        const state = await sim.state();
        equal('cancelled', state.contexts[0].end);
        check(state.contexts[0].audio_ms < 1500);
        ws.close();
    });
    await on('a model that is not there', async sim => {
        const ws = await client(sim).tts.websocket();
        let error = null;
        ws.on('error', e => { error = e.error; });
        try {
            await speak(ws, { model_id: 'sonic-1' }, 'x');
        } catch (e) {
            error ??= e;
        }
        equal('model_not_found', error.error_code);
        const { violations_total } = await sim.state();
        check(violations_total > 0);
        sim.expect(violations_total);
        ws.close();
    });
    await on('a wrong key', async sim => {
        // The client reports it as a rejection that nobody can await.
        const refused = new Promise(yes =>
            process.once('unhandledRejection', e => yes(String(e.message))));
        try {
            await (await client(sim, 'no').tts.websocket()).connect();
        } catch (e) {
            check(/401/.test(e.message), e);
        }
        check(/401/.test(await refused));
        const { violations_total } = await sim.state();
        sim.expect(violations_total);
    });
}
