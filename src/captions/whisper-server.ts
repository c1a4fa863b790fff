import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ChildProgram, failure, startProgram } from '../process/child-program.ts';
import { listenAddress } from '../process/listen-address.ts';
import { PidFiles } from '../process/pid-files.ts';
import { SupervisedProgram } from '../process/supervised-program.ts';
import type { TranscriptionServer } from './openai-recogniser.ts';

export type WhisperServerOptions = {
  /** whisper.cpp's `whisper-server`, as the set-up built it. */
  readonly program: string;
  readonly modelPath: string;
  /** Its pid file is `<name>.pid`: one name a server that runs at the same time. */
  readonly name: string;
  /** undefined: chosen for this machine. */
  readonly threads: number | undefined;
  readonly runDir: string;
  readonly log: Log;
};

const loopback = '127.0.0.1';
const inferencePath = '/v1/audio/transcriptions';
// What is live comes first: ffmpeg and the server itself are never kept waiting by captions.
const niceness = 10;
/** More threads than this wait for each other longer than they compute. */
const mostThreads = 8;
/** A large model from a slow disk. */
const startTimeoutSeconds = 180;
const lookMillis = 25;
/** A port that was free a moment ago may be taken by another. */
const portTries = 3;
/** While it restarts, requests wait this long for it. */
const patienceSeconds = 30;
/** whisper.cpp would begin a new segment every 60 characters. */
const longestSegmentCharacters = 10_000;

/**
 * whisper.cpp's own server as a program beside ours: the model in memory once, for all sessions. It takes one request
 * after the other. Restarted when it dies, ended with us; reached from this machine alone, under a path that is
 * drawn anew each time, for it trusts whoever asks (a page in a browser on this machine must not).
 */
export class WhisperServer implements TranscriptionServer {
  readonly #options: WhisperServerOptions;
  readonly #pidFiles: PidFiles;
  #supervised: SupervisedProgram | undefined;
  #running: ChildProgram | undefined;
  #url: URL | undefined;
  #isClosed = false;

  private constructor(options: WhisperServerOptions) {
    this.#options = options;
    this.#pidFiles = new PidFiles(options.runDir, options.log);
  }

  /**
   * Resolves when the model is loaded. What a killed server left of it is ended first.
   * @throws LivereelError `program-missing`; `program-failed` with its own words, for a model that it cannot load too;
   * the signal's reason.
   */
  static async start(options: WhisperServerOptions, signal: AbortSignal): Promise<WhisperServer> {
    const server = new WhisperServer(options);
    const { name, log } = options;
    let isFirst = true;
    const launch = (closed: AbortSignal) => {
      const until = isFirst ? AbortSignal.any([closed, signal]) : closed;
      isFirst = false;
      return server.#launch(until);
    };
    server.#supervised = await SupervisedProgram.start({ name, launch, pidFiles: server.#pidFiles, log });
    return server;
  }

  /** Of the program that runs now; undefined between a death and the restart. */
  get pid(): number | undefined {
    return this.#supervised?.pid;
  }

  /** Whether it takes requests. */
  get isUp(): boolean {
    return this.#supervised?.isUp ?? false;
  }

  /** Where to ask; waits while it restarts. @throws LivereelError `recogniser-failed`; the signal's reason. */
  async address(signal: AbortSignal): Promise<URL> {
    const giveUpAt = performance.now() + patienceSeconds * 1_000;
    for (;;) {
      signal.throwIfAborted();
      if (this.isUp && this.#url !== undefined) return this.#url;
      if (this.#isClosed || performance.now() > giveUpAt) {
        throw new LivereelError('recogniser-failed', 'The recogniser does not run; the log says why.');
      }
      await delay(lookMillis, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Kills it: what hangs in native code hears no request to end. The next one starts at once. */
  hangs(): void {
    this.#options.log.warn({ pid: this.pid }, 'the recogniser hangs, killing it');
    this.#running?.killGroup('SIGKILL');
  }

  /** Ends it for good. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#supervised?.close();
  }

  async #launch(signal: AbortSignal): Promise<ChildProgram> {
    const { name } = this.#options;
    await this.#pidFiles.endLeftover(name, { signal: 'SIGKILL' });
    for (let triesLeft = portTries - 1; ; triesLeft -= 1) {
      const { port } = await listenAddress(loopback, 0);
      const requestPath = `/${randomBytes(16).toString('hex')}`;
      const base = `http://${loopback}:${port}${requestPath}`;
      const program = this.#start(port, requestPath);
      await this.#pidFiles.remember(name, program.pid, 'whisper-server');
      if (await isReady(program, `${base}/health`, signal)) {
        this.#running = program;
        this.#url = new URL(base + inferencePath);
        return program;
      }
      await program.close();
      signal.throwIfAborted();
      const said = program.stderrTail();
      if (triesLeft === 0 || !said.includes("couldn't bind")) throw failure(name, await program.exited, said);
    }
  }

  #start(port: number, requestPath: string): ChildProgram {
    const { program, modelPath, name, threads, runDir, log } = this.#options;
    const libraries = process.env.LD_LIBRARY_PATH;
    return startProgram({
      name,
      program,
      args: [
        ...['--host', loopback, '--port', String(port)],
        ...['--request-path', requestPath, '--inference-path', inferencePath],
        ...['--model', modelPath, '--language', 'auto'],
        ...['--threads', String(threads ?? threadsFor(availableParallelism()))],
        ...['--max-len', String(longestSegmentCharacters), '--no-language-probabilities'],
      ],
      cwd: runDir,
      // Threads that wait for each other spin for some microseconds, then sleep: what is live needs the time.
      env: { GOMP_SPINCOUNT: '10000', ...(libraries !== undefined && { LD_LIBRARY_PATH: libraries }) },
      stdin: 'ignore',
      niceness,
      // It holds nothing that is worth a farewell.
      endSignal: 'SIGKILL',
      log,
    });
  }
}

/** How many threads compute: one core is left to what is live. */
export function threadsFor(cores: number): number {
  return Math.max(1, Math.min(mostThreads, cores - 1));
}

/** Waits until it answers; false when it ended, took too long or is not wanted any more. */
async function isReady(program: ChildProgram, health: string, signal: AbortSignal): Promise<boolean> {
  let hasEnded = false;
  void program.exited.then(() => {
    hasEnded = true;
  });
  const giveUpAt = performance.now() + startTimeoutSeconds * 1_000;
  while (!hasEnded && !signal.aborted && performance.now() < giveUpAt) {
    const answer = await fetch(health, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.status === 200) return !hasEnded;
    await delay(lookMillis);
  }
  return false;
}
