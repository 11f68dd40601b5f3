// openai.mjs - OpenAI's own client against openai-sim
import { writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { check, equal, load, test, tls, until, withSim } from './peer.mjs';

const OpenAI = load('openai').default ?? load('openai');

const rules = `when user time
say One moment.
call get_time {"tz":"UTC","style":"24 hours"}
call end_call
when user slow
say a b c d e f g h i j k l m n
rate 10
`;
const script = `${mkdtempSync(`${tmpdir()}/peer`)}/rules`;
writeFileSync(script, rules);
const args = ['--key', 'k', '--ttft-ms', '10', '--rate', '500',
              '--script', script];
const tools = ['get_time', 'end_call'].map(name => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: {} } },
}));
const body = (content, more = {}) => ({
    model: 'gpt-4.1', stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'system', content: 'Be brief.' },
               { role: 'user', content }],
    ...more,
});

const client = (sim, more = {}) => new OpenAI({
    apiKey: 'k', baseURL: `${sim.url}/v1`, maxRetries: 0, ...more });

async function collect(stream) {
    let text = '', usage = null, finish = null;
    const calls = [];

    for await (const chunk of stream) {
        usage = chunk.usage ?? usage;
        const choice = chunk.choices[0];
        if (!choice)
            continue;
        finish = choice.finish_reason ?? finish;
        text += choice.delta.content ?? '';
        for (const c of choice.delta.tool_calls ?? []) {
            calls[c.index] ??= { name: c.function.name, arguments: '' };
            calls[c.index].arguments += c.function.arguments;
        }
    }
    return { text, usage, finish, calls };
}

async function error(promise) {
    try {
        await promise;
    } catch (e) {
        return e;
    }
    throw new Error('no error came');
}

const ask = async (sim, content, more, options) =>
    collect(await client(sim, options).chat.completions.create(
        body(content, more)));

export default async function () {
    const on = (name, use, more = []) =>
        test(`openai: ${name}`,
             () => withSim('openai', [...args, ...more], use));

    await on('text and usage', async sim => {
        const r = await ask(sim, 'Grüß Gott €');
        equal('You said: Grüß Gott €', r.text);
        equal('stop', r.finish);
        check(r.usage.completion_tokens > 3 && r.usage.prompt_tokens > 3);
    });
    await on('over TLS', async sim => {
        equal('You said: hi', (await ask(sim, 'hi')).text);
    }, tls);
    await on('two parallel tools', async sim => {
        const r = await ask(sim, 'What time is it?', { tools });
        equal('tool_calls', r.finish);
        equal('get_time', r.calls[0].name);
        equal({ tz: 'UTC', style: '24 hours' },
              JSON.parse(r.calls[0].arguments));
        equal('end_call', r.calls[1].name);
    });
    await on('not streamed', async sim => {
        const r = await client(sim).chat.completions.create(
            body('x', { stream: false, stream_options: undefined }));
        equal('You said: x', r.choices[0].message.content);
    });
    await on('models', async sim => {
        const list = await client(sim).models.list();
        check(list.data.some(m => m.id === 'gpt-4.1'));
    });
    await on('a wrong key', async sim => {
        const e = await error(ask(sim, 'x', {}, { apiKey: 'no' }));
        check(e instanceof OpenAI.AuthenticationError, e);
        equal('invalid_api_key', e.code);
        sim.expect(1);
    });
    await on('a wrong request', async sim => {
        const e = await error(ask(sim, 'x', { temperature: 7 }));
        check(e instanceof OpenAI.BadRequestError, e);
        equal('temperature', e.param);
        sim.expect(1);
    });
    await on('429, then an answer', async sim => {
        await sim.fault('error:429/rate_limit_exceeded,times=2\n' +
                        'retry-after:30');
        equal('You said: x', (await ask(sim, 'x', {},
                                        { maxRetries: 2 })).text);
        equal(3, (await sim.state()).requests.length);
    });
    await on('no quota', async sim => {
        await sim.fault('error:429/insufficient_quota');
        equal('insufficient_quota', (await error(ask(sim, 'x'))).code);
    });
    await on('an error in mid-stream', async sim => {
        await sim.fault('mid-error:2');
        const e = await error(ask(sim, 'one two three'));
        check(e instanceof OpenAI.APIError && /had an error/.test(e.message),
              e);
    });
    await on('a cut stream', async sim => {
        await sim.fault('cut:2');
        check(/terminated/.test((await error(ask(sim, 'a b c'))).message));
    });
    await on('a stream in hostile pieces', async sim => {
        await sim.fault('shred:1\ncrlf\ncomments');
        equal('You said: Grüße €', (await ask(sim, 'Grüße €')).text);
    });
    await on('an abort', async sim => {
        const stream = await client(sim).chat.completions.create(body('slow'));
        for await (const chunk of stream)
            if (chunk.choices[0]?.delta.content)
                break;
        await until(async () => (await sim.state()).answers[0].end ===
                                'client hung up');
    });
    for (const dialect of ['llama.cpp', 'ollama', 'vllm', 'groq', 'azure'])
        await on(`dialect ${dialect}`, async sim => {
            equal('You said: x', (await ask(sim, 'x')).text);
        }, ['--dialect', dialect]);
}
