import { defineCommand } from './command.ts';

/** `livereel worker`: background tasks in a process or on a machine of their own. */
export const workerCommand = defineCommand({
  summary: 'do background tasks until it is told to stop',
  help: `Works on what is to be made of videos, beside the worker that "livereel serve" starts by itself (WORKER=off
keeps it from that). It needs the same CONTENT_DIR and the same database as the server; the embedded database is
there while the server runs. SIGTERM or Ctrl-C ends it cleanly: what it works on goes on elsewhere or later.`,
  examples: [
    { line: 'livereel worker', says: 'one more worker beside the server that uses ./content' },
    {
      line: 'DATABASE_URL=postgres://… CONTENT_DIR=/srv/livereel livereel worker',
      says: 'on another machine that shares both',
    },
  ],
  operands: [],
  flags: {},
  async run({ output, environment, stopped }) {
    const [{ readConfig }, { createLog }, { startWorker }, { randomUUID }] = await Promise.all([
      import('../config.ts'),
      import('../log.ts'),
      import('../worker.ts'),
      import('node:crypto'),
    ]);
    const config = readConfig(environment);
    const log = createLog(config.logLevel);
    const worker = await startWorker(config, log, `worker ${randomUUID()}`);
    output.result({ type: 'ready' }, 'livereel worker is ready');
    if (!stopped.aborted) await new Promise(resolve => stopped.addEventListener('abort', resolve));
    log.info({ reason: stopped.reason }, 'stopping');
    await worker.close();
    return 0;
  },
});
