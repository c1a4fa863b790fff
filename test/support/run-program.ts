import { spawn } from 'node:child_process';

/** What a program wrote and how it went. */
export type ProgramResult = {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly code: number | null;
};

/** What a run may be given besides its arguments. */
export type ProgramOptions = {
  /** Written to its standard input: whole, or piece by piece with back-pressure. */
  readonly input?: Uint8Array | Iterable<Uint8Array>;
  /** True: an exit code other than 0 is a result, not an error. */
  readonly mayFail?: boolean;
  readonly env?: NodeJS.ProcessEnv;
};

/**
 * Runs a program to its end; the tests' own way to ffmpeg, ffprobe, curl and python, apart from `src/process/`.
 * @throws Error with the end of its stderr when it exits with anything but 0, unless `mayFail`.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.env ? { env: options.env } : {}),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (options.input !== undefined && child.stdin) {
    // A program may end before it has read everything (a clip that it refuses): its exit code says so.
    child.stdin.on('error', () => {});
    const pieces = options.input instanceof Uint8Array ? [options.input] : options.input;
    for (const piece of pieces) {
      if (child.stdin.destroyed) break;
      if (!child.stdin.write(piece)) {
        await Promise.race([new Promise(resolve => child.stdin?.once('drain', resolve)), exited]);
      }
    }
    child.stdin.end();
  }
  const code = await exited;
  const result = { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), code };
  if (code !== 0 && !options.mayFail) {
    throw new Error(`${program} exited with ${code}: ${result.stderr.slice(-2_000)}`);
  }
  return result;
}

/** Runs ffmpeg quietly, without a terminal; standard output is what it makes. */
export function runFfmpeg(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return runProgram('ffmpeg', ['-hide_banner', '-nostats', '-y', ...args], options);
}

/** `ffprobe -of json` of a file or address, parsed. */
export async function probe(file: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runProgram('ffprobe', ['-v', 'error', '-of', 'json', ...args, file]);
  return JSON.parse(stdout.toString()) as Record<string, unknown>;
}
