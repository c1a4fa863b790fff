#!/usr/bin/env -S node --max-semi-space-size=2
// Media goes by in buffers that die young. A nursery of the usual 16 MiB lets tens of MiB of them wait to be collected;
// a small one costs less time too, for it stays in the processor's cache (docs/benchmarks.md).
import { readArguments } from './cli/arguments.ts';
import { readVersion } from './cli/version.ts';
import { readConfig } from './config.ts';
import { LivereelError } from './errors.ts';
import { startLivereel } from './livereel.ts';
import { createLog } from './log.ts';

// A wrong address or setting is for a person to mend; a process manager need not try again.
const exitConfiguration = 78;
const exitFailure = 1;

/** Runs the server until it is told to stop. */
async function serve(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  let stop: (reason: string) => void = () => undefined;
  const stopped = new Promise<string>(resolve => {
    stop = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  const livereel = await startLivereel(config, log, readVersion());
  process.stdout.write(`livereel is ready: open ${livereel.url}\n`);
  const reason = await stopped;
  log.info({ reason }, 'stopping');
  const patience = setTimeout(() => {
    log.error('not stopped in time: what was acknowledged is stored and goes on at the next start');
    process.exit(exitFailure);
  }, config.drainSeconds * 1_000);
  await livereel.close();
  clearTimeout(patience);
}

const invocation = readArguments(process.argv.slice(2), readVersion());
if (invocation.kind === 'print') {
  (invocation.exitCode === 0 ? process.stdout : process.stderr).write(`${invocation.text}\n`);
  process.exitCode = invocation.exitCode;
} else {
  try {
    await serve();
    process.exit(0);
  } catch (error) {
    const isKnown = error instanceof LivereelError;
    process.stderr.write(
      `livereel cannot run: ${isKnown ? error.message : String((error as Error)?.stack ?? error)}\n`,
    );
    process.exit(isKnown && error.code === 'bad-configuration' ? exitConfiguration : exitFailure);
  }
}
