import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { findProgram, requireProgram } from './find-program.ts';

/** What to start, and what it may use. Never a shell: arguments arrive as they are. */
export type ProgramSpec = {
  /** For the log and error messages: `ffmpeg`, `nginx`. */
  readonly name: string;
  /** A name that is looked up in PATH, or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute; must exist. Also the program's HOME. */
  readonly cwd: string;
  /** Added to the minimal environment: PATH, LANG, HOME. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin: 'pipe' | 'ignore';
  readonly stdout?: 'pipe' | 'ignore';
  /** How many further pipes to read from, the first of them file descriptor 3. */
  readonly outputs?: number;
  readonly limits?: {
    /** Of computing, not of waiting; the kernel then kills the program. */
    readonly cpuSeconds?: number;
    readonly addressSpaceBytes?: number;
    /** Of each file that it writes; SIGXFSZ for what writes more. */
    readonly fileBytes?: number | undefined;
  };
  /** 0 to 19, higher is more patient. */
  readonly niceness?: number;
  /** Computes and reads only when nobody else wants to (SCHED_IDLE, ionice's idle class), where the system knows that. */
  readonly isIdle?: boolean;
  /** What asks the program to end. Without it SIGTERM. */
  readonly endSignal?: NodeJS.Signals;
  /** What the kernel sends when this server dies. Without it SIGKILL. */
  readonly parentDeathSignal?: NodeJS.Signals;
  /** How long it has after `endSignal` before SIGKILL. Without it 2. */
  readonly graceSeconds?: number;
  /** For programs that refuse to run as root. */
  readonly asUser?: RunAs;
  /** Told each line of standard error; the last 8 KiB are kept either way. */
  readonly onErrorLine?: (line: string) => void;
  readonly log: Log;
};

/** Another user for a program: seen so by itself alone (a user namespace), or for real (needs root). */
export type RunAs =
  | { readonly kind: 'user-namespace'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number };

/** How a program ended: by itself with a code, or by a signal. Both null: it could not be started at all. */
export type ProgramExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

const keptErrorBytes = 8 * 1024;
const presetGraceSeconds = 2;
const cpuGraceSeconds = 5;
const autogroupRetryMillis = 150;
// Grandchildren may hold standard error open after the program itself is gone; its own last words are there at once.
const lastWordsMillis = 100;

/** A program that runs, owned by who started it. Its group of processes dies with the server, also on `kill -9`. */
export class ChildProgram {
  /** Resolves once the program is gone and its last words are read; never rejects. */
  readonly exited: Promise<ProgramExit>;
  /** 0 when it could not be started; `exited` then resolves at once. */
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** From file descriptor 3 on. */
  readonly outputs: readonly Readable[];
  readonly #child: ChildProcess;
  readonly #spec: ProgramSpec;
  #errors = '';
  #unfinishedLine = '';
  #gone = false;
  readonly #startedAtMillis = performance.now();
  #ranMillis: number | undefined;
  #closing: Promise<void> | undefined;

  /** Use `startProgram`. */
  constructor(child: ChildProcess, spec: ProgramSpec) {
    this.#child = child;
    this.#spec = spec;
    this.pid = child.pid ?? 0;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.outputs = child.stdio.slice(3) as Readable[];
    // A program that goes away while it is written to is told by `exited`, not by EPIPE.
    this.stdin?.on('error', error => spec.log.debug({ err: error, program: spec.name }, 'input closed'));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#heard(text));
    this.exited = this.#exit();
  }

  /** How long it has run, or ran: by the clock, not of computing. */
  get ranSeconds(): number {
    return (this.#ranMillis ?? performance.now() - this.#startedAtMillis) / 1_000;
  }

  /** The last 8 KiB of what it said on standard error. */
  stderrTail(): string {
    return this.#errors;
  }

  /** Sends a signal to the program alone; nothing happens when it is gone. Without a name: SIGTERM. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (!this.#gone) this.#child.kill(signal);
  }

  /** Sends a signal to the program and all that it started; nothing happens when they are gone. */
  killGroup(signal: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // ESRCH: all gone.
    }
  }

  /** Asks it to end, kills it when it does not, and resolves when it is gone. Safe to call twice, never throws. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.kill(this.#spec.endSignal ?? 'SIGTERM');
    const graceMillis = (this.#spec.graceSeconds ?? presetGraceSeconds) * 1_000;
    const patience = setTimeout(() => this.killGroup('SIGKILL'), graceMillis);
    await this.exited;
    clearTimeout(patience);
    this.stdin?.destroy();
    for (const stream of [this.stdout, ...this.outputs]) stream?.destroy();
  }

  async #exit(): Promise<ProgramExit> {
    const { log, name } = this.#spec;
    const exit = await new Promise<ProgramExit>(resolve => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
      this.#child.once('error', error => {
        // 'error' also tells of a signal that could not be sent; only a program never started has no pid.
        if (this.pid !== 0) return;
        this.#heard(`${error.message}\n`);
        resolve({ code: null, signal: null });
      });
    });
    this.#gone = true;
    this.#ranMillis = performance.now() - this.#startedAtMillis;
    await this.#lastWords();
    if (this.#unfinishedLine !== '') this.#spec.onErrorLine?.(this.#unfinishedLine);
    log.debug({ program: name, pid: this.pid, ...exit }, 'program ended');
    return exit;
  }

  #lastWords(): Promise<void> {
    const stderr = this.#child.stderr;
    if (stderr === null || stderr.readableEnded || stderr.destroyed || this.pid === 0)
      return Promise.resolve();
    return new Promise(resolve => {
      const patience = setTimeout(() => stderr.destroy(), lastWordsMillis);
      stderr.once('close', () => {
        clearTimeout(patience);
        resolve();
      });
    });
  }

  #heard(text: string): void {
    this.#errors = (this.#errors + text).slice(-keptErrorBytes);
    const onErrorLine = this.#spec.onErrorLine;
    if (onErrorLine === undefined) return;
    const lines = (this.#unfinishedLine + text).split('\n');
    this.#unfinishedLine = (lines.pop() ?? '').slice(-keptErrorBytes);
    for (const line of lines) onErrorLine(line);
  }
}

/**
 * Starts a program. One that cannot be started for want of memory or descriptors, or in a folder that does not
 * exist, is a program that has `exited` with neither code nor signal.
 * @throws LivereelError `program-missing`.
 */
export function startProgram(spec: ProgramSpec): ChildProgram {
  const [program, ...args] = commandOf(spec);
  const outputs = Array.from({ length: spec.outputs ?? 0 }, () => 'pipe' as const);
  const child = spawn(program, args, {
    cwd: spec.cwd,
    env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', HOME: spec.cwd, ...spec.env },
    stdio: [spec.stdin, spec.stdout ?? 'ignore', 'pipe', ...outputs],
    // A group of its own: Ctrl-C in a terminal reaches the server alone, which then ends things in their order.
    detached: true,
    // Without setpriv the change of user is left to Node.
    ...(spec.asUser?.kind === 'user' &&
      !wrapper('setpriv') && { uid: spec.asUser.uid, gid: spec.asUser.gid }),
  });
  spec.log.debug({ program: spec.name, pid: child.pid }, 'program started');
  if (spec.isIdle && child.pid !== undefined) yieldAsGroup(child.pid);
  return new ChildProgram(child, spec);
}

/**
 * Where the kernel shares the processor among sessions of processes first (sched_autogroup, sched(7)), a program that
 * leads its own is weighed as a group, and its own priority counts within that alone.
 */
function yieldAsGroup(pid: number, triesLeft = 3): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '19');
  } catch (error) {
    // EAGAIN: an ordinary user may do this ten times a second. Anything else: there is no such thing here.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || triesLeft === 0) return;
    setTimeout(() => yieldAsGroup(pid, triesLeft - 1), autogroupRetryMillis).unref();
  }
}

/** Runs a program to its end. @throws LivereelError `program-missing`; `program-failed` with its last words. */
export async function runProgram(spec: Omit<ProgramSpec, 'stdin' | 'stdout' | 'outputs'>): Promise<string> {
  const program = startProgram({ ...spec, stdin: 'ignore', stdout: 'pipe' });
  const chunks: Buffer[] = [];
  program.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const read = new Promise(resolve => program.stdout?.once('close', resolve));
  const exit = await program.exited;
  await read;
  if (exit.code !== 0) throw failure(spec.name, exit, program.stderrTail());
  return Buffer.concat(chunks).toString('utf8');
}

/** The error for a program that ended when it should not have. */
export function failure(name: string, exit: ProgramExit, stderrTail: string): LivereelError {
  const how = exit.signal ? `was ended by ${exit.signal}` : `ended with code ${exit.code ?? 'none'}`;
  return new LivereelError('program-failed', `${name} ${how}: ${stderrTail.trim() || 'it said nothing'}`);
}

/**
 * The chain of programs that each set one thing and become the next, so that the pid stays the program's:
 * nice, chrt, ionice, prlimit, unshare, and setpriv last, because a change of user forgets the signal it asks for.
 * What a system does not have (macOS has only nice) is left out; pid files then find what a killed server left.
 */
function commandOf(spec: ProgramSpec): [string, ...string[]] {
  const command: string[] = [];
  const nice = spec.niceness ? wrapper('nice') : undefined;
  if (nice) command.push(nice, '-n', String(spec.niceness));
  const [chrt, ionice] = spec.isIdle ? [wrapper('chrt'), wrapper('ionice')] : [];
  if (chrt) command.push(chrt, '--idle', '0');
  if (ionice) command.push(ionice, '-c', '3');
  const prlimit = spec.limits ? wrapper('prlimit') : undefined;
  if (prlimit) {
    const { cpuSeconds, addressSpaceBytes, fileBytes } = spec.limits ?? {};
    command.push(prlimit, '--core=0');
    // SIGXCPU first, which ffmpeg reports in words; the kernel kills what does not heed it.
    if (cpuSeconds !== undefined)
      command.push(`--cpu=${Math.ceil(cpuSeconds)}:${Math.ceil(cpuSeconds) + cpuGraceSeconds}`);
    if (addressSpaceBytes !== undefined) command.push(`--as=${addressSpaceBytes}`);
    if (fileBytes !== undefined) command.push(`--fsize=${fileBytes}`);
  }
  if (spec.asUser?.kind === 'user-namespace') {
    const { uid, gid } = spec.asUser;
    command.push(requireProgram('unshare'), '-U', `--map-user=${uid}`, `--map-group=${gid}`, '--');
  }
  const setpriv = wrapper('setpriv');
  if (setpriv) {
    const signal = (spec.parentDeathSignal ?? 'SIGKILL').replace(/^SIG/, '');
    command.push(setpriv, '--pdeathsig', signal);
    if (spec.asUser?.kind === 'user') {
      const { uid, gid } = spec.asUser;
      command.push(`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups');
    }
    command.push('--');
  }
  return [...command, requireProgram(spec.program), ...spec.args] as [string, ...string[]];
}

const wrappers = new Map<string, string | undefined>();
function wrapper(name: string): string | undefined {
  if (!wrappers.has(name)) wrappers.set(name, findProgram(name));
  return wrappers.get(name);
}
