/**
 * What the access check of private files costs nginx: the project's own nginx serves one file to eight connections that
 * ask again as soon as they have it, once as it is (the file of a private video, its token in the path) and once with
 * the check taken out of the same configuration. Both run side by side, asked in turn, the order alternated.
 * Alone: `node --import tsx bench/library/private-file.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Nginx } from '../../src/process/nginx.ts';
import { membersOf } from '../../src/process/process-identity.ts';
import { freePort } from '../../test/support/server.ts';
import { median, print } from '../measure.ts';

const sizes = { '2KiB': 2_048, '250KB': 250_000, '32MiB': 33_554_432 } as const;
const id = 'privateKq9Zt';
const token = `1900000000-${'t'.repeat(32)}`;
const connections = 8;
// Short and many: what else the machine does falls upon both alike.
const roundMillis = 300;
const rounds = 40;
const microsPerTick = 10_000;

type Served = { readonly port: number; readonly pid: number };
type Load = { readonly requests: number; readonly seconds: number; readonly cpuMicros: number };

/** Figures: how often the file is sent without the check for each time with it, and the same of nginx' CPU time. */
export async function privateFile() {
  const contentDir = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  const figures: Record<string, number> = {};
  const kept: Record<string, number[]> = {};
  const { checked, unchecked, close } = await startBoth(contentDir);
  try {
    for (const [name, bytes] of Object.entries(sizes)) {
      const pairs: { ours: Load; bare: Load }[] = [];
      const path = `/hls/${id}/~${token}/main/${segmentOf(bytes)}`;
      for (let round = 0; round < rounds; round += 1) {
        const [first, second] = round % 2 === 0 ? [checked, unchecked] : [unchecked, checked];
        const [one, two] = [await load(first, path), await load(second, path)];
        pairs.push(round % 2 === 0 ? { ours: one, bare: two } : { ours: two, bare: one });
      }
      const rates = pairs.map(({ ours, bare }) => perSecond(bare) / perSecond(ours));
      const [ours, bare] = [sumOf(pairs.map(pair => pair.ours)), sumOf(pairs.map(pair => pair.bare))];
      figures[`privateFile${name}BareToOurs`] = median(rates);
      figures[`privateFile${name}CpuToBare`] =
        ours.cpuMicros / ours.requests / (bare.cpuMicros / bare.requests);
      figures[`privateFile${name}CpuMicros`] = ours.cpuMicros / ours.requests;
      figures[`privateFile${name}RequestsPerSecond`] = perSecond(ours);
      kept[`privateFile${name}BareToOurs`] = rates;
    }
  } finally {
    await close();
    await rm(contentDir, { recursive: true, force: true });
  }
  return { figures, rounds: kept };
}

function perSecond({ requests, seconds }: Load): number {
  return requests / seconds;
}

function sumOf(loads: readonly Load[]): Load {
  const sum = (of: (load: Load) => number) => loads.reduce((total, load) => total + of(load), 0);
  return {
    requests: sum(({ requests }) => requests),
    seconds: sum(({ seconds }) => seconds),
    cpuMicros: sum(({ cpuMicros }) => cpuMicros),
  };
}

function segmentOf(bytes: number): string {
  return `${String(bytes).padStart(9, '0')}.m4s`;
}

async function startBoth(contentDir: string) {
  const runDir = join(contentDir, 'run');
  const folder = join(contentDir, id, 'hls', 'main');
  await mkdir(folder, { recursive: true });
  await mkdir(join(runDir, 'admitted'), { recursive: true });
  for (const bytes of Object.values(sizes))
    await writeFile(join(folder, segmentOf(bytes)), Buffer.alloc(bytes, 7));
  await symlink(join('../..', id), join(runDir, 'admitted', `${id}~${token}`));
  const nginx = await Nginx.start({
    nginxPath: 'nginx',
    host: '127.0.0.1',
    port: 0,
    runDir,
    contentDir,
    publicDir: contentDir,
    dataSocket: join(runDir, 'data.sock'),
    apiSocket: join(runDir, 'api.sock'),
    uploadSocket: join(runDir, 'uploads.sock'),
    log: pino({ level: 'silent' }),
  });
  const { child, port } = await startUnchecked(contentDir, runDir, nginx.port);
  const close = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await nginx.close();
  };
  return {
    checked: { port: nginx.port, pid: Number(nginx.pid) },
    unchecked: { port, pid: Number(child.pid) },
    close,
  };
}

/** The same configuration, with files found where they lie. */
async function startUnchecked(contentDir: string, runDir: string, checkedPort: number) {
  const port = await freePort();
  await cp(join(runDir, 'nginx'), join(runDir, 'bare'), { recursive: true, verbatimSymlinks: true });
  const edit = async (file: string) => {
    const text = await readFile(file, 'utf8');
    const bare = text
      .replaceAll('/run/admitted/$id$way/', '/$id/')
      .replaceAll('run/nginx/nginx.pid', 'run/bare/nginx.pid')
      .replaceAll(`127.0.0.1:${checkedPort}`, `127.0.0.1:${port}`);
    await writeFile(file, bare);
  };
  const parts = join(runDir, 'bare', 'nginx');
  for (const name of await readdir(parts)) await edit(join(parts, name));
  await edit(join(runDir, 'bare', 'nginx.conf'));
  const args = ['-p', `${contentDir}/`, '-c', 'run/bare/nginx.conf', '-e', 'stderr'];
  // In a group of its own, as ours: its workers are found by that.
  const child: ChildProcess = spawn('nginx', args, {
    cwd: contentDir,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  for await (const line of child.stderr ?? []) if (String(line).includes('start worker process')) break;
  return { child, port };
}

async function load({ port, pid }: Served, path: string): Promise<Load> {
  const cpuBefore = await cpuMicrosOf(pid);
  const began = performance.now();
  const until = began + roundMillis;
  const counts = await Promise.all(Array.from({ length: connections }, () => ask(port, path, until)));
  const seconds = (performance.now() - began) / 1_000;
  const cpuMicros = (await cpuMicrosOf(pid)) - cpuBefore;
  return { requests: counts.reduce((sum, count) => sum + count, 0), seconds, cpuMicros };
}

/** Asks again and again on one connection; gives how many answers came whole. */
async function ask(port: number, path: string, until: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  let [count, missing] = [0, 0];
  return await new Promise<number>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('data', (bytes: Buffer) => {
      if (missing === 0) {
        const head = bytes.indexOf('\r\n\r\n');
        const length = /^HTTP\/1\.1 200[\s\S]*content-length: (\d+)/i.exec(
          bytes.toString('latin1', 0, head),
        )?.[1];
        if (length === undefined) return reject(new Error(bytes.toString('latin1', 0, 300)));
        missing = head + 4 + Number(length);
      }
      missing -= bytes.length;
      if (missing > 0) return;
      count += 1;
      if (performance.now() < until) socket.write(request);
      else {
        socket.destroy();
        resolve(count);
      }
    });
    socket.write(request);
  });
}

/** What the master and its workers have used (proc(5), `stat`: fields 14 and 15, in ticks of 10 ms). */
async function cpuMicrosOf(master: number): Promise<number> {
  let ticks = 0;
  for (const pid of membersOf(master)) {
    const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\) /s, '').split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * microsPerTick;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) print({ bench: 'library', ...(await privateFile()) });
