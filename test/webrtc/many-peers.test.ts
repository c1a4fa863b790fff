import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { ChildWebRtcEngine } from '../../src/webrtc/child-webrtc-engine.ts';
import { eventually } from '../support/eventually.ts';
import { SyntheticPeer } from '../support/synthetic-peer.ts';

/** `LIVEREEL_PEERS=300` for the long run. */
const cycles = Number(process.env.LIVEREEL_PEERS ?? 60);
const warmUpCycles = 20;
/** Measured: 1.7 MiB after 300 peers, 2.7 after 60; where transports were not closed on purpose, 10.5 after 60. */
const mostKibibytes = 6 * 1_024;

t.test('peers who come and go leave threads, sockets and memory as they were', async t => {
  const runDir = await mkdtemp(join(tmpdir(), 'livereel-webrtc-'));
  const settings = { host: '127.0.0.1', port: 0, announcedAddresses: [] };
  const limits = { maxPeers: 4, maxViewersPerStream: 4 };
  const engine = await ChildWebRtcEngine.start({ ...settings, ...limits }, runDir, pino({ level: 'silent' }));
  t.teardown(async () => {
    await engine.close();
    await rm(runDir, { recursive: true, force: true });
  });
  const stays = new SyntheticPeer('publish');
  t.teardown(() => stays.close());
  const heard = { frame: () => undefined, connected: () => undefined, gone: () => undefined };
  const stayed = await engine.publish('stays', stays.offer, heard);
  await stays.connect(stayed.sdp);

  for (let count = 0; count < warmUpCycles; count += 1) await comeAndGo(count);
  const before = await held(engine.pid as number);
  for (let count = 0; count < cycles; count += 1) await comeAndGo(count);
  await eventually(
    async () => {
      const { threads, sockets, kibibytes } = await held(engine.pid as number);
      const grown = kibibytes - before.kibibytes;
      t.comment(`${threads} threads, ${sockets} descriptors, ${grown} KiB more after ${cycles} peers`);
      return threads <= before.threads && sockets <= before.sockets && grown < mostKibibytes;
    },
    { everyMillis: 500 },
  );
  t.match(await engine.statistics(), { publishers: 1, viewers: 0 });

  async function comeAndGo(count: number): Promise<void> {
    const client = new SyntheticPeer(count % 2 === 0 ? 'publish' : 'view');
    const { sdp, peerId } =
      count % 2 === 0
        ? await engine.publish('goes', client.offer, heard)
        : await engine.view('stays', client.offer, null, () => undefined);
    await client.connect(sdp);
    await engine.hangUp(peerId);
    client.close();
  }
});

/** What a process holds. */
async function held(pid: number): Promise<{ threads: number; sockets: number; kibibytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const descriptors = await readdir(`/proc/${pid}/fd`);
  return { threads: read('Threads'), sockets: descriptors.length, kibibytes: read('VmRSS') };
}
