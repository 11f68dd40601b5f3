// all.mjs BUILD - every peer's cases, one after another
import { finish } from './peer.mjs';

for (const name of ['openai', 'deepgram', 'cartesia', 'plivo'])
    await (await import(`./${name}.mjs`)).default();
finish();
