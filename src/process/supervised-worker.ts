import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Log, writeLogLine } from '../log.ts';
import { type ChildProgram, failure, startProgram } from './child-program.ts';
import { PidFiles } from './pid-files.ts';
import { SupervisedProgram } from './supervised-program.ts';

const pidName = 'worker';
const startTimeoutMillis = 60_000;
// What it works on is put back in the database before it goes.
const graceSeconds = 5;
/** Answers of the server go before the worker's own housekeeping. */
const niceness = 5;

/** The worker process that a server runs beside it: background tasks must not disturb what is live. */
export class SupervisedWorker {
  readonly #supervised: SupervisedProgram;

  private constructor(supervised: SupervisedProgram) {
    this.#supervised = supervised;
  }

  /** `settings`: handed over as JSON. @throws LivereelError `program-failed` with its last words. */
  static async start(settings: object, runDir: string, log: Log): Promise<SupervisedWorker> {
    const pidFiles = new PidFiles(runDir, log);
    const launch = (signal: AbortSignal) => launchWorker(settings, runDir, pidFiles, log, signal);
    return new SupervisedWorker(await SupervisedProgram.start({ name: pidName, launch, pidFiles, log }));
  }

  /** Of the one that runs now; undefined between a death and the restart. */
  get pid(): number | undefined {
    return this.#supervised.pid;
  }

  /** Safe to call twice, never throws. */
  close(): Promise<void> {
    return this.#supervised.close();
  }
}

async function launchWorker(
  settings: object,
  runDir: string,
  pidFiles: PidFiles,
  log: Log,
  signal: AbortSignal,
): Promise<ChildProgram> {
  const program = startProgram({
    name: 'worker',
    program: process.execPath,
    args: nodeArguments(),
    cwd: runDir,
    stdin: 'pipe',
    stdout: 'pipe',
    outputs: 1,
    niceness,
    graceSeconds,
    onErrorLine: line => log.warn({ said: line }, 'worker'),
    log,
  });
  try {
    if (program.stdout !== null) createInterface({ input: program.stdout }).on('line', writeLogLine);
    program.stdin?.write(`${JSON.stringify(settings)}\n`);
    await pidFiles.remember(pidName, program.pid, 'node');
    const ready = program.outputs[0];
    const until = AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMillis)]);
    await Promise.race([
      ready && once(ready, 'data', { signal: until }),
      program.exited.then(exit => {
        throw failure('worker', exit, program.stderrTail());
      }),
    ]);
    return program;
  } catch (error) {
    await program.close();
    throw error;
  }
}

function nodeArguments(): string[] {
  const extension = extname(new URL(import.meta.url).pathname);
  const entry = fileURLToPath(new URL(`../worker-process${extension}`, import.meta.url));
  // As `npm start`: a small young generation keeps the process small.
  const memory = '--max-semi-space-size=2';
  return extension === '.ts' ? [memory, '--import', import.meta.resolve('tsx'), entry] : [memory, entry];
}
