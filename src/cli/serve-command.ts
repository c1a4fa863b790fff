import { defineCommand } from './command.ts';

const exitFailure = 1;

/** `livereel serve`: the server. */
export const serveCommand = defineCommand({
  summary: 'run the server until it is told to stop',
  help: `Starts the server: nginx on HOST:PORT, the embedded Postgres (unless DATABASE_URL is set), ingest and API.
Everything it stores is in CONTENT_DIR. SIGTERM or Ctrl-C ends it cleanly: publishers are told, and what they
were promised is stored. Settings are environment variables: docs/configuration.md.`,
  examples: [
    { line: 'livereel serve', says: 'on 127.0.0.1:8000, everything stored in ./content' },
    { line: 'HOST=0.0.0.0 PORT=80 CONTENT_DIR=/srv/livereel livereel serve', says: 'for everybody' },
  ],
  operands: [],
  flags: {},
  async run({ output, environment, version, stopped }) {
    const [{ readConfig }, { createLog }, { startLivereel }] = await Promise.all([
      import('../config.ts'),
      import('../log.ts'),
      import('../livereel.ts'),
    ]);
    const config = readConfig(environment);
    const log = createLog(config.logLevel);
    const livereel = await startLivereel(config, log, version);
    output.result({ type: 'ready', url: livereel.url }, `livereel is ready: open ${livereel.url}`);
    if (!stopped.aborted) await new Promise(resolve => stopped.addEventListener('abort', resolve));
    log.info({ reason: stopped.reason }, 'stopping');
    const patience = setTimeout(() => {
      log.error('not stopped in time: what was acknowledged is stored and goes on at the next start');
      process.exit(exitFailure);
    }, config.drainSeconds * 1_000);
    await livereel.close();
    clearTimeout(patience);
    return 0;
  },
});
