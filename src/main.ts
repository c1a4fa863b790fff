#!/usr/bin/env -S node --max-semi-space-size=2
// Media goes by in buffers that die young. A nursery of the usual 16 MiB lets tens of MiB of them wait to be collected;
// a small one costs less time too, for it stays in the processor's cache (docs/benchmarks.md).
import { type Invocation, readArguments } from './cli/arguments.ts';
import { Output } from './cli/output.ts';
import { readVersion } from './cli/version.ts';
import { PublishError } from './client/publish-error.ts';
import { LivereelError } from './errors.ts';

// A wrong address or setting is for a person to mend; a process manager need not try again.
const exitConfiguration = 78;
const exitFailure = 1;

/** Runs a command; resolves with the exit code. */
async function run({ name, command, isJson, call }: Extract<Invocation, { kind: 'run' }>): Promise<number> {
  const output = new Output(isJson, { results: process.stdout, remarks: process.stderr });
  const [stopping, hurrying] = [new AbortController(), new AbortController()];
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => (stopping.signal.aborted ? hurrying : stopping).abort(signal));
  }
  try {
    return await command.run({
      ...call,
      output,
      environment: process.env,
      version: readVersion(),
      stopped: stopping.signal,
      hurried: hurrying.signal,
    });
  } catch (error) {
    const isKnown = error instanceof LivereelError || error instanceof PublishError;
    const message = isKnown ? error.message : String((error as Error)?.stack ?? error);
    const code = isKnown ? error.code : 'internal';
    output.remark({ type: 'error', code, message }, `livereel ${name}: ${message}`);
    return code === 'bad-configuration' ? exitConfiguration : exitFailure;
  }
}

const invocation = readArguments(process.argv.slice(2), readVersion(), process.env);
if (invocation.kind === 'print') {
  (invocation.exitCode === 0 ? process.stdout : process.stderr).write(`${invocation.text}\n`);
  process.exitCode = invocation.exitCode;
} else {
  process.exitCode = await run(invocation);
  // What is written to a pipe is out only after a while; a reader that is gone is not waited for.
  await new Promise(resolve => process.stdout.write('', resolve));
  process.exit();
}
