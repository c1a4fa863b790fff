import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ChildProgram, failure, runProgram, startProgram } from './child-program.ts';
import { type ListenAddress, listenAddress } from './listen-address.ts';
import { PidFiles } from './pid-files.ts';
import { SupervisedProgram, unlessKilled } from './supervised-program.ts';

export type NginxOptions = {
  /** A name that is looked up in PATH, or a path. */
  readonly nginxPath: string;
  /** An IP address, or a name that resolves to one. */
  readonly host: string;
  /** 0: a free one is picked. */
  readonly port: number;
  readonly runDir: string;
  readonly contentDir: string;
  /** The built page. */
  readonly publicDir: string;
  readonly dataSocket: string;
  readonly apiSocket: string;
  readonly uploadSocket: string;
  /** When URLs in answers begin with something else than the page's own address: the page may fetch from there. */
  readonly publicUrl?: string | undefined;
  /** Networks (CIDR) of other proxies in front, believed when they say whom they ask for. Without it there are none. */
  readonly trustedProxies?: readonly string[];
  readonly log: Log;
};

const pidName = 'nginx';
/** A fast shutdown. Viewers' downloads are broken off, which players survive. */
const endSignal = 'SIGTERM';
const startTimeoutSeconds = 20;
const maxOpenFiles = 16_384;

/** nginx.conf and nginx/ of the project: two folders above this file, in src/ as in dist/. */
const projectFolder = fileURLToPath(new URL('../../', import.meta.url));

/** The front: nginx with the project's own configuration, supervised. */
export class Nginx {
  /** Where it listens. */
  readonly port: number;
  /** The address it listens on, an IP. */
  readonly address: string;
  readonly #supervised: SupervisedProgram;

  private constructor({ address, port }: ListenAddress, supervised: SupervisedProgram) {
    this.address = address;
    this.port = port;
    this.#supervised = supervised;
  }

  /**
   * Resolves when it listens. What a killed server left of it is ended first. The caller holds the content lock.
   * @throws LivereelError `program-missing`; `bad-configuration` for an address that cannot be listened on;
   * `program-failed` with nginx' own words.
   */
  static async start(options: NginxOptions): Promise<Nginx> {
    const { log, runDir, nginxPath, contentDir } = options;
    const pidFiles = new PidFiles(runDir, log);
    await pidFiles.endLeftover(pidName, { signal: endSignal });
    const address = await listenAddress(options.host, options.port);
    const configuration = await writeConfiguration(options, address);
    const args = [...configuration, '-t', '-q'];
    await unlessKilled(() =>
      runProgram({ name: 'nginx -t', program: nginxPath, args, cwd: contentDir, log }),
    );
    const launch = () => launchNginx(options, configuration, pidFiles);
    const supervised = await SupervisedProgram.start({ name: pidName, launch, pidFiles, log });
    return new Nginx(address, supervised);
  }

  /** Of the master that runs now; undefined between a death and the restart. */
  get pid(): number | undefined {
    return this.#supervised.pid;
  }

  /** Whether it listens. */
  get isUp(): boolean {
    return this.#supervised.isUp;
  }

  /** Ends it. Safe to call twice, never throws. */
  close(): Promise<void> {
    return this.#supervised.close();
  }
}

async function launchNginx(
  { nginxPath, contentDir, log }: NginxOptions,
  configuration: readonly string[],
  pidFiles: PidFiles,
): Promise<ChildProgram> {
  // Workers whose master was killed go on, and hold the port.
  await pidFiles.endLeftover(pidName, { signal: endSignal });
  let sayReady: () => void = () => undefined;
  const saidReady = new Promise<'ready'>(resolve => {
    sayReady = () => resolve('ready');
  });
  const program = startProgram({
    name: 'nginx',
    program: nginxPath,
    args: configuration,
    // Addresses of sockets are relative to it.
    cwd: contentDir,
    stdin: 'ignore',
    endSignal,
    // The master ends its workers with it.
    parentDeathSignal: endSignal,
    onErrorLine: line => {
      // Said once the sockets listen; whoever connects from now on is served.
      if (line.includes('start worker processes')) sayReady();
      passOn(line, log);
    },
    log,
  });
  await pidFiles.remember(pidName, program.pid, 'nginx');
  const patience = setTimeout(() => void program.close(), startTimeoutSeconds * 1_000);
  const first = await Promise.race([saidReady, program.exited]);
  clearTimeout(patience);
  if (first === 'ready') return program;
  throw failure('nginx', first, program.stderrTail());
}

/** Writes the project's configuration with everything filled in; gives nginx' arguments to use it. */
async function writeConfiguration(options: NginxOptions, address: ListenAddress): Promise<string[]> {
  const { runDir, contentDir, publicDir } = options;
  const words = await placeholders(options, address);
  const folder = join(runDir, 'nginx');
  const parts = join(folder, 'nginx');
  await rm(folder, { recursive: true, force: true });
  await mkdir(parts, { recursive: true, mode: 0o700 });
  // Reached by a link, so that no path of the installation needs to be written in nginx' syntax.
  await symlink(publicDir, join(folder, 'page'));
  const templates = join(projectFolder, 'nginx');
  const names = (await readdir(templates)).filter(name => name.endsWith('.conf'));
  for (const name of names) {
    await writeFile(join(parts, name), fillIn(await readFile(join(templates, name), 'utf8'), words));
  }
  const main = await readFile(join(projectFolder, 'nginx.conf'), 'utf8');
  await writeFile(join(folder, 'nginx.conf'), fillIn(main, words));
  await chmod(folder, 0o700);
  return ['-p', `${contentDir}/`, '-c', relative(contentDir, join(folder, 'nginx.conf')), '-e', 'stderr'];
}

async function placeholders(options: NginxOptions, { address, port }: ListenAddress) {
  const { contentDir, dataSocket, apiSocket, uploadSocket, publicUrl, trustedProxies = [] } = options;
  const openFiles = Math.min(maxOpenFiles, await openFilesLimit());
  return {
    // Only root can choose; workers then stay root too, for the sockets and files are the server's own.
    USER: process.getuid?.() === 0 ? 'user root;' : '',
    LISTEN: `${address.includes(':') ? `[${address}]` : address}:${port}${address === '::' ? ' ipv6only=off' : ''}`,
    OPEN_FILES: String(openFiles),
    // A request that is passed on takes two connections, a file from disk one and an open file.
    CONNECTIONS: String(Math.floor(openFiles / 2)),
    DATA_SOCKET: socketPath(contentDir, dataSocket),
    API_SOCKET: socketPath(contentDir, apiSocket),
    UPLOAD_SOCKET: socketPath(contentDir, uploadSocket),
    REAL_ADDRESS: realAddress(trustedProxies),
    PUBLIC_ORIGIN: publicUrl === undefined ? '' : new URL(publicUrl).origin,
  } as const;
}

function realAddress(trustedProxies: readonly string[]): string {
  if (trustedProxies.length === 0) return '';
  const from = trustedProxies.map(network => `set_real_ip_from ${network};`);
  return ['real_ip_header X-Forwarded-For;', 'real_ip_recursive on;', ...from].join('\n');
}

function fillIn(template: string, words: Readonly<Record<string, string>>): string {
  return template.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const word = words[name];
    if (word === undefined) throw new LivereelError('internal', `nginx.conf asks for @${name}@`);
    return word;
  });
}

/** Relative to nginx' working directory where it can be: an address of a socket has 107 bytes. */
function socketPath(contentDir: string, socket: string): string {
  const path = relative(contentDir, socket);
  return path.startsWith('..') || isAbsolute(path) ? socket : path;
}

/** What one process may open here (getrlimit(2), RLIMIT_NOFILE); what is safe everywhere when it is not told. */
async function openFilesLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? 1_024 : Number(hard);
}

/** nginx' lines in our log: `2026/01/01 12:00:00 [notice] 12#12: …`. */
function passOn(line: string, log: Log): void {
  const [, level, said] = /^\S+ \S+ \[(\w+)\] (.*)$/.exec(line) ?? [undefined, 'warn', line];
  if (level === 'notice' || level === 'info') log.debug({ said }, 'nginx says');
  else if (line !== '') log.warn({ said }, 'nginx reports');
}
