import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SessionAnswer } from '../../src/api/session.ts';
import type { VideoAnswer } from '../../src/api/video.ts';
import { eventually } from './eventually.ts';
import { bringCluster } from './made-cluster.ts';
import { allProcesses, isRunning, type ProcessEntry, processTree } from './process-tree.ts';

/** What may be killed: everything at once, the server alone, or one of the programs it runs. */
export type KillTarget = 'tree' | 'server' | 'ffmpeg' | 'nginx' | 'postgres';

/** How a test's server is started. */
export type TestServerOptions = {
  /** Kept when given; else a temporary folder that `stop` removes. */
  readonly contentDir?: string;
  /** Settings on top of the tests' own. */
  readonly env?: NodeJS.ProcessEnv;
  /** True: the built `dist/main.js` if it is there; false: the sources through tsx. Default: not `FROM_SOURCES=1`. */
  readonly built?: boolean;
};

const dieWithParent = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM'] : [];
// As `npm start` starts it.
const nodeOptions = ['--max-semi-space-size=2'];
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A port on the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>(resolve => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise(resolve => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * The real server as a process of its own with nginx, Postgres and ffmpeg below it.
 * Owned by the test that started it: `t.teardown(() => server.stop())`.
 */
export class TestServer {
  readonly port: number;
  readonly contentDir: string;
  readonly #options: TestServerOptions;
  readonly #ownsContent: boolean;
  #child: ChildProcess | null = null;
  #exited: Promise<number | null> = Promise.resolve(null);
  #output = '';
  /** Programs seen below the server, also those that outlive it for a moment. */
  readonly #seen = new Map<number, ProcessEntry>();

  private constructor(port: number, contentDir: string, options: TestServerOptions) {
    this.port = port;
    this.contentDir = contentDir;
    this.#options = options;
    this.#ownsContent = options.contentDir === undefined;
  }

  /** Starts a server on a free port and waits until `/ready` says so. */
  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const contentDir = options.contentDir ?? (await mkdtemp(join(tmpdir(), 'livereel-test-')));
    const server = new TestServer(await freePort(), contentDir, options);
    try {
      await bringCluster(contentDir);
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Address of the public port, without a slash at the end. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Process id of the server itself. */
  get pid(): number {
    if (!this.#child?.pid) throw new Error('the server does not run');
    return this.#child.pid;
  }

  /** True while the server's own process runs. */
  get running(): boolean {
    return this.#child?.pid !== undefined && isRunning(this.#child.pid);
  }

  /** What the server has logged so far. */
  get output(): string {
    return this.#output;
  }

  /** Starts the server again on the same content and port, after it was killed; waits until it is ready. */
  async restart(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Starts the process without waiting for it to be ready. */
  launch(): void {
    const main = join(root, 'dist/main.js');
    const built = (this.#options.built ?? process.env.FROM_SOURCES !== '1') && existsSync(main);
    const args = built ? [main, 'serve'] : ['--import', 'tsx', join(root, 'src/main.ts'), 'serve'];
    // A test that is killed takes its server along, where the system can do that; the exec keeps the process id.
    const [program = '', ...command] = [...dieWithParent, process.execPath, ...nodeOptions, ...args];
    const child = spawn(program, command, {
      cwd: root,
      env: {
        ...process.env,
        PORT: `${this.port}`,
        CONTENT_DIR: this.contentDir,
        LOG_LEVEL: 'debug',
        MIN_FREE_DISK_BYTES: '0',
        MIN_FREE_DISK_RATIO: '0',
        // A test that is about captions sets it to on, and WHISPER_MODEL to the test model.
        CAPTIONS: 'off',
        // A test that is about background tasks sets it to on.
        WORKER: 'off',
        // Any free port: many servers run at once.
        WEBRTC_PORT: '0',
        ...this.#options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const keep = (bytes: Buffer) => {
      this.#output = (this.#output + bytes.toString()).slice(-4_000_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.#exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', code => resolve(code));
    });
    this.#exited.catch(() => {});
  }

  /** Waits until ingest works. @throws Error with the end of the log when the server ends before. */
  async ready(timeoutSeconds = 60): Promise<void> {
    await eventually(
      async () => {
        if (!this.running) return 'ended';
        const answer = await fetch(`${this.baseUrl}/ready`);
        await answer.arrayBuffer();
        return answer.status === 200 && 'ready';
      },
      { timeoutSeconds, what: `the server is ready; its log ends:\n${this.#output.slice(-3_000)}` },
    );
    if (!this.running) throw new Error(`the server ended at its start:\n${this.#output.slice(-4_000)}`);
    this.processes();
  }

  /** The server and what it runs at this moment. */
  processes(): ProcessEntry[] {
    const tree = this.running ? processTree(this.pid) : [];
    for (const entry of tree) this.#seen.set(entry.pid, entry);
    return tree;
  }

  /** Process id of the WebRTC engine, which is another than `not`; undefined while there is none. */
  webRtcPid(not?: number): number | undefined {
    const isEngine = ({ pid }: ProcessEntry) =>
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('webrtc/engine-process');
    return this.processes().find(entry => entry.pid !== not && isRunning(entry.pid) && isEngine(entry))?.pid;
  }

  /** Running programs of this name below the server (nginx and postgres have several processes each). */
  programs(name: 'ffmpeg' | 'nginx' | 'postgres'): ProcessEntry[] {
    return this.processes().filter(entry => entry.name === name);
  }

  /**
   * `kill -9`. `tree`: every process at once, as when the machine takes them all; `nginx` and `postgres`: all their
   * processes; `ffmpeg`: one of them. Resolves when what was killed is gone; gives what was killed.
   */
  async kill9(target: KillTarget): Promise<ProcessEntry[]> {
    const tree = this.processes();
    let victims: ProcessEntry[];
    if (target === 'tree') victims = tree;
    else if (target === 'server') victims = tree.slice(0, 1);
    else victims = tree.filter(entry => entry.name === target);
    if (target === 'ffmpeg') victims = victims.slice(0, 1);
    for (const { pid } of victims) killQuietly(pid);
    await eventually(() => victims.every(({ pid }) => !isRunning(pid)), { what: `${target} is dead` });
    return victims;
  }

  /** SIGTERM, and the exit code. @throws Error when it takes longer than 20 s. */
  async terminate(): Promise<number | null> {
    this.processes();
    this.#child?.kill('SIGTERM');
    await eventually(() => !this.running, { timeoutSeconds: 20, what: 'the server has ended after SIGTERM' });
    return await this.#exited;
  }

  /** Programs that this server had started and that still run although it is gone. */
  leftovers(): ProcessEntry[] {
    const alive = new Map(allProcesses().map(entry => [entry.pid, entry]));
    return [...this.#seen.values()].filter(({ pid, name }) => alive.get(pid)?.name === name);
  }

  /** Ends everything and removes the temporary content; safe to call twice. */
  async stop(): Promise<void> {
    if (this.running) {
      await this.terminate().catch(() => this.kill9('tree'));
    }
    for (const { pid } of this.leftovers()) killQuietly(pid);
    if (this.#ownsContent) await rm(this.contentDir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** `POST /api/v1/sessions`. @throws Error with the problem when it is refused. */
  async createSession(request: Record<string, unknown> = {}): Promise<SessionAnswer> {
    const answer = await fetch(`${this.baseUrl}/api/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const body = await answer.text();
    if (answer.status !== 201) throw new Error(`${answer.status}: ${body}`);
    return JSON.parse(body) as SessionAnswer;
  }

  /** `GET /api/v1/videos/<id>`. */
  async video(id: string): Promise<VideoAnswer> {
    const answer = await fetch(`${this.baseUrl}/api/v1/videos/${id}`);
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as VideoAnswer;
  }

  /** Waits until the video is ready. @throws Error when it failed, with the reason. */
  async finished(id: string, timeoutSeconds = 60): Promise<VideoAnswer> {
    const video = await eventually(
      async () => {
        const now = await this.video(id);
        return (now.state === 'ready' || now.state === 'failed') && now;
      },
      { timeoutSeconds, everyMillis: 100, what: `video ${id} is ready` },
    );
    if (video.state === 'failed') throw new Error(`video ${id} failed: ${JSON.stringify(video.error)}`);
    return video;
  }

  /** The file on disk of a finished video. */
  videoFile(id: string): string {
    return join(this.contentDir, id, 'video.mp4');
  }

  /** Text of an address below this server. */
  async text(path: string): Promise<string> {
    const answer = await fetch(new URL(path, this.baseUrl));
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
    return text;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
