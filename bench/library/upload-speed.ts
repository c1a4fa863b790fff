/**
 * 200 MB by tus beside the same stream written to disk by a plain Node server, both through the project's nginx, from
 * the first request to the last answer. Alone: `node --import tsx bench/library/upload-speed.ts`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../test/support/run-program.ts';
import { TestServer } from '../../test/support/server.ts';
import { median, print } from '../measure.ts';

const fileBytes = 200_000_000;
const rounds = 7;
const piece = Buffer.alloc(65_536, 7);
const tus = { 'tus-resumable': '1.0.0' };

/** Sends a body of `bytes` at the server's pace, or none; gives the answer's headers. */
async function send(url: string, method: string, headers: Record<string, string>, bytes: number) {
  return await new Promise<Record<string, unknown>>((resolve, reject) => {
    const sent = { bytes: 0 };
    const call = request(
      url,
      { method, headers: { ...headers, 'content-length': String(bytes) } },
      answer => {
        answer.resume().once('end', () => {
          if ((answer.statusCode ?? 500) >= 300) reject(new Error(`${method} ${url}: ${answer.statusCode}`));
          else resolve(answer.headers);
        });
      },
    );
    call.once('error', reject);
    const go = () => {
      while (sent.bytes < bytes) {
        const next = piece.subarray(0, Math.min(piece.length, bytes - sent.bytes));
        sent.bytes += next.length;
        if (!call.write(next)) return void call.once('drain', go);
      }
      call.end();
    };
    go();
  });
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

async function byTus(baseUrl: string): Promise<void> {
  const { location } = await send(
    `${baseUrl}/uploads`,
    'POST',
    { ...tus, 'upload-length': String(fileBytes) },
    0,
  );
  const headers = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
  await send(String(location), 'PATCH', headers, fileBytes);
}

async function startPlain() {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-bench-'));
  const script = fileURLToPath(new URL('plain-server.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>(resolve =>
    child.stdout.once('data', text => resolve(String(text).trim())),
  );
  const close = async () => {
    child.kill('SIGTERM');
    await new Promise(resolve => child.once('exit', resolve));
    await rm(folder, { recursive: true, force: true });
  };
  return { url: `http://127.0.0.1:${port}/uploads/newest`, close };
}

/** Figures: how long tus takes for each second of the plain server, and both speeds. */
export async function uploadSpeed() {
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn' } });
  const plain = await startPlain();
  const [ours, bare]: [number[], number[]] = [[], []];
  const measureOurs = async () => void ours.push(await secondsOf(() => byTus(server.baseUrl)));
  const measureBare = async () =>
    void bare.push(await secondsOf(() => send(plain.url, 'POST', {}, fileBytes)));
  try {
    // Once for nothing: both are compiled, and their files' places on the disk are found.
    await byTus(server.baseUrl);
    await send(plain.url, 'POST', {}, fileBytes);
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? [measureOurs, measureBare] : [measureBare, measureOurs];
      for (const measure of order) {
        // What the other left unwritten would be written meanwhile, and a flush waits behind it.
        await runProgram('sync', []);
        await measure();
      }
    }
  } finally {
    await plain.close();
    await server.stop();
  }
  const ratios = ours.map((seconds, round) => seconds / (bare[round] ?? Number.NaN));
  return {
    figures: {
      tusTimeToPlain: median(ratios),
      tusMegabytesPerSecond: fileBytes / 1e6 / median(ours),
      plainMegabytesPerSecond: fileBytes / 1e6 / median(bare),
    },
    rounds: { tusTimeToPlain: ratios, tusSeconds: ours, plainSeconds: bare },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) print({ bench: 'library', ...(await uploadSpeed()) });
