import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Config } from './config.ts';
import { workerIdOf } from './jobs/worker-id.ts';
import { createLog } from './log.ts';
import { startWorker } from './worker.ts';

/** Where `SupervisedWorker` reads that it works. */
const serverDescriptor = 3;

// The server's settings come first, not by the environment: they hold secrets. The pipe then ends with the server.
const lines = createInterface({ input: process.stdin });
const settings = await new Promise<string>(resolve => lines.once('line', resolve));
const config = JSON.parse(settings) as Config;
const log = createLog(config.logLevel);
const stopped = new Promise<void>(resolve => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve());
  lines.once('close', resolve);
});
const worker = await startWorker(config, log, workerIdOf('worker', config.contentDir));
writeSync(serverDescriptor, 'ready\n');
await stopped;
await worker.close();
process.exit(0);
