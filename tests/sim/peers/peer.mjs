// peer.mjs - what the peers' tests share: simulators, cases, waiting
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const build = resolve(process.argv[2] ?? 'build');

// The clients as CommonJS, from where run.sh has put them.
export const load = createRequire(`${build}/peers/package.json`);
export const tls = ['--tls-cert', `${build}/peers/tls/cert.pem`,
                    '--tls-key', `${build}/peers/tls/key.pem`];

let passed = 0, failed = 0;

// Run one case; it has a time limit, and its failure is one line.
export async function test(name, run) {
    let timer;
    const limit = new Promise((_, no) => {
        timer = setTimeout(() => no(new Error('time is up')), 15000);
    });

    try {
        await Promise.race([run(), limit]);
        passed++;
    } catch (e) {
        failed++;
        console.log(`FAILED ${name}: ${e.stack ?? e}`);
    } finally {
        clearTimeout(timer);
    }
}

export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

export function check(cond, what) {
    if (!cond)
        throw new Error(what ?? 'check failed');
}

export function equal(want, have) {
    const w = JSON.stringify(want), h = JSON.stringify(have);

    if (w !== h)
        throw new Error(`want ${w}, have ${h}`);
}

export const sleep = ms => new Promise(yes => setTimeout(yes, ms));

// Poll until @probe gives something true.
export async function until(probe, ms = 5000) {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
        const value = await probe();
        if (value)
            return value;
    }
    throw new Error('it never came');
}

// Start a simulator, run @use with it, and end it; it must end in order and
// must have no complaint that @use has not taken with violations().
export async function withSim(name, args, use) {
    const child = spawn(`${build}/${name}-sim`, args,
                        { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    const ended = new Promise(yes => child.on('exit', yes));

    child.stderr.on('data', d => { log += d; });
    try {
        const url = (await until(() =>
            log.match(/listening url=(\S+)/)))[1];
        const state = async () => (await fetch(`${url}/sim/state`)).json();
        const fault = async body => {
            const r = await fetch(`${url}/sim/fault`, { method: 'POST', body });
            check(r.ok, `fault ${body}`);
        };
        let expected = 0;
        await use({
            url, port: Number(new URL(url).port), state, fault,
            expect: n => { expected += n; },
        });
        const { violations } = await state();
        if ((violations.length ?? violations) !== expected)
            throw new Error(`violations: ${JSON.stringify(violations)}`);
    } finally {
        child.kill();
        check(await ended === 0, `${name}-sim did not end in order: ${log}`);
    }
}
