import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ChildProgram, failure, startProgram } from '../process/child-program.ts';
import { PidFiles } from '../process/pid-files.ts';
import { type EngineReport, type EngineRequest, type EngineSettings, readReport } from './engine-messages.ts';
import { MessageReader, type PipeMessage, packMessage } from './message-pipe.ts';

/** What the child is called in the log, and by its pid file. */
export const engineName = 'webrtc';
/** Node, the native library and the port; much less, but for a machine that is busy. */
const startTimeoutMillis = 20_000;
/** More than this waits to be read only by a child that hangs. */
const mostWaitingBytes = 64 * 1024 * 1024;
/** Above this, frames are not worth sending any more. */
const slowBytes = 4 * 1024 * 1024;

/** Told what the child says, in order; what it throws ends the child. The body is the listener's own. */
export type EngineListener = (report: EngineReport, body: Uint8Array) => void;

/**
 * One life of the engine's process, and the pipes to it: standard input towards it, file descriptor 3 back. What makes
 * no sense, and what nobody reads, ends it: the next one begins clean.
 */
export class EngineChild {
  readonly program: ChildProgram;
  readonly #log: Log;
  #isLeft = false;

  private constructor(program: ChildProgram, log: Log) {
    this.program = program;
    this.#log = log;
  }

  /**
   * Starts it and waits until it holds its port. `listener` is told what comes after that.
   * @throws LivereelError `webrtc-unavailable` when it can never work here, `program-failed` otherwise.
   */
  static async start(
    settings: EngineSettings,
    listener: EngineListener,
    runDir: string,
    log: Log,
    signal: AbortSignal,
  ): Promise<{ child: EngineChild; port: number }> {
    const pidFiles = new PidFiles(runDir, log);
    // It would hold the port.
    await pidFiles.endLeftover(engineName, { signal: 'SIGKILL' });
    const program = startProgram({
      name: engineName,
      program: process.execPath,
      args: [...nodeArguments(), JSON.stringify(settings)],
      cwd: runDir,
      stdin: 'pipe',
      outputs: 1,
      onErrorLine: line => log.warn({ said: line }, 'webrtc engine'),
      log,
    });
    const child = new EngineChild(program, log);
    try {
      await pidFiles.remember(engineName, program.pid, 'node');
      return { child, port: await child.#begin(listener, signal) };
    } catch (error) {
      await program.close();
      throw error;
    }
  }

  /** Whether it reads too slowly: frames would only wait. */
  get isSlow(): boolean {
    return (this.program.stdin?.writableLength ?? 0) > slowBytes;
  }

  /** Sends a request; the body is copied. What cannot be sent is lost with the child. */
  send(request: EngineRequest, body?: Uint8Array): void {
    const { stdin } = this.program;
    if (stdin === null || !stdin.writable || this.#isLeft) return;
    stdin.write(packMessage(request, body));
    if (stdin.writableLength > mostWaitingBytes) this.kill('it does not read what it is told');
  }

  /** Ends a process that cannot be relied on. */
  kill(why: string): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#log.error({ why }, 'webrtc engine is killed');
    this.program.killGroup('SIGKILL');
  }

  /** Resolves with its port at its first word. */
  #begin(listener: EngineListener, signal: AbortSignal): Promise<number> {
    const { program } = this;
    const until = AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMillis)]);
    return new Promise<number>((resolve, reject) => {
      until.addEventListener('abort', () => reject(until.reason), { once: true });
      void program.exited.then(exit => {
        this.#isLeft = true;
        reject(failure('webrtc', exit, program.stderrTail()));
      });
      let isReady = false;
      this.#listen(message => {
        const report = readReport(message);
        if (isReady) {
          listener(report, message.body);
          return;
        }
        isReady = true;
        if (report.kind === 'ready') resolve(report.port);
        else if (report.kind === 'unavailable')
          reject(new LivereelError('webrtc-unavailable', report.reason));
        else throw new LivereelError('malformed-message', `its first word is ${report.kind}`);
      });
    });
  }

  #listen(onMessage: (message: PipeMessage) => void): void {
    const reader = new MessageReader(onMessage);
    const pipe = this.program.outputs[0];
    pipe?.on('error', error => this.#log.debug({ err: error }, 'webrtc engine: the pipe is closed'));
    pipe?.on('data', (chunk: Buffer) => {
      if (this.#isLeft) return;
      try {
        reader.push(chunk);
      } catch (error) {
        this.#log.error({ err: error }, 'webrtc engine makes no sense');
        this.kill('what it says makes no sense');
      }
    });
  }
}

/** How the child's file is run: as it stands when it is built, through tsx from the sources. */
function nodeArguments(): string[] {
  const extension = extname(new URL(import.meta.url).pathname);
  const entry = fileURLToPath(new URL(`./engine-process${extension}`, import.meta.url));
  // Much is allocated and soon let go; a small young generation keeps the process small (as `npm start`).
  const memory = '--max-semi-space-size=2';
  return extension === '.ts' ? [memory, '--import', import.meta.resolve('tsx'), entry] : [memory, entry];
}
