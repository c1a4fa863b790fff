import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { ChildProgram } from './child-program.ts';
import type { PidFiles } from './pid-files.ts';

/** What a supervisor needs: a name for the log and the pid file, and how to start the program once more. */
export type Supervision = {
  readonly name: string;
  /** Starts it and resolves when it works; on failure leaves nothing running and rejects. */
  readonly launch: (signal: AbortSignal) => Promise<ChildProgram>;
  /** Where `launch` remembers the program under its name; it is forgotten once it has ended for good. */
  readonly pidFiles: Pick<PidFiles, 'forget'>;
  readonly log: Log;
};

// The first restart follows at once, so that a single death costs well under a second; a program that
// dies again and again is given more and more time.
const firstDelayMillis = 100;
const maxDelayMillis = 5_000;
/** Living this long makes earlier deaths forgotten. */
const steadyMillis = 1_000;

/** Keeps a program running: when it dies it is started again at once, and with growing delays when that fails. */
export class SupervisedProgram {
  readonly #supervision: Supervision;
  readonly #closed = new AbortController();
  #program: ChildProgram | undefined;
  #life: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(supervision: Supervision) {
    this.#supervision = supervision;
  }

  /** @throws what `launch` throws the first time; only a program that worked once is supervised. */
  static async start(supervision: Supervision): Promise<SupervisedProgram> {
    const supervised = new SupervisedProgram(supervision);
    supervised.#program = await unlessKilled(() => supervision.launch(supervised.#closed.signal));
    supervised.#life = supervised.#supervise(supervised.#program);
    return supervised;
  }

  /** Of the one that runs now; undefined between a death and the restart. */
  get pid(): number | undefined {
    return this.#program?.pid;
  }

  /** Whether it runs and works now. */
  get isUp(): boolean {
    return this.#program !== undefined;
  }

  /** Ends it for good. Safe to call twice, never throws. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { pidFiles, name } = this.#supervision;
    this.#closed.abort();
    await this.#program?.close();
    await this.#life;
    await pidFiles.forget(name).catch(() => undefined);
  }

  async #supervise(first: ChildProgram): Promise<void> {
    const { log, name } = this.#supervision;
    const signal = this.#closed.signal;
    let program: ChildProgram | undefined = first;
    let failures = 0;
    while (program !== undefined) {
      const began = performance.now();
      const exit = await program.exited;
      this.#program = undefined;
      if (signal.aborted) return;
      if (performance.now() - began > steadyMillis) failures = 0;
      log.warn({ program: name, ...exit, said: lastLine(program) }, 'program died, starting it again');
      const died = performance.now();
      program = await this.#restart(failures);
      failures += 1;
      this.#program = program;
      if (program !== undefined) {
        const downSeconds = (performance.now() - died) / 1_000;
        log.info({ program: name, pid: program.pid, downSeconds }, 'program is back');
      }
    }
  }

  /** Resolves with a program that works, or with undefined when closed meanwhile. */
  async #restart(failures: number): Promise<ChildProgram | undefined> {
    const { launch, log, name } = this.#supervision;
    const signal = this.#closed.signal;
    for (let attempt = failures; !signal.aborted; attempt += 1) {
      const waitMillis = attempt === 0 ? 0 : Math.min(maxDelayMillis, firstDelayMillis * 2 ** (attempt - 1));
      try {
        await delay(waitMillis, undefined, { signal });
        const program = await launch(signal);
        if (!signal.aborted) return program;
        await program.close();
      } catch (error) {
        if (!signal.aborted) log.error({ err: error, program: name }, 'program could not be started again');
      }
    }
    return undefined;
  }
}

/**
 * Does `work` again, twice at the most, when a program in it was killed from outside: the kernel short of memory,
 * or a person, meant that process and not our start.
 * @throws what `work` throws.
 */
export async function unlessKilled<T>(work: () => Promise<T>): Promise<T> {
  for (let triesLeft = 2; ; triesLeft -= 1) {
    try {
      return await work();
    } catch (error) {
      if (triesLeft === 0 || !(error instanceof Error && /was ended by SIGKILL/.test(error.message)))
        throw error;
    }
  }
}

function lastLine(program: ChildProgram): string | undefined {
  return program.stderrTail().trim().split('\n').at(-1);
}
