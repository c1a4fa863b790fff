import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort, TestServer } from '../../test/support/server.ts';
import { type BadWay, UdpRelay } from '../../test/support/udp-relay.ts';
import { whepUrlOf } from '../../test/support/whip-request.ts';
import { Janus } from './janus.ts';
import { JanusDoors } from './janus-doors.ts';
import { killed, type Loaded } from './load.ts';
import type { Room } from './room.ts';

/** A server that peers can be sent to, while `work` runs. */
export type Stand = Loaded & {
  /** Packets that the relay let pass, and those of them that it lost. */
  readonly lostOnTheWay: () => number;
  /** Packets of the recording that never came, however often they were asked for. */
  readonly lostForGood: () => Promise<number>;
};

/** Livereel: the engine's process has the packets, the server behind it journals them and packages them for HLS. */
export async function withLivereel<Result>(
  way: BadWay | null,
  work: (stand: Stand) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const relayed = { WEBRTC_PORT: `${port}`, WEBRTC_ANNOUNCED_ADDRESS: UdpRelay.address };
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn', ...(way && relayed) } });
  const relay = way === null ? null : await UdpRelay.open(port);
  try {
    if (way !== null) relay?.become(way);
    return await work({
      newRoom: () => roomOf(server),
      media: enginePid(server),
      behind: server.pid,
      lostOnTheWay: () => relay?.counters.lost ?? 0,
      lostForGood: () => lostForGood(server),
    });
  } finally {
    relay?.close();
    await server.stop();
  }
}

/** Janus, one process, which forwards and records. */
export async function withJanus<Result>(
  way: BadWay | null,
  work: (stand: Stand) => Promise<Result>,
): Promise<Result> {
  const janus = await Janus.start();
  const doors = await JanusDoors.open(janus, way);
  try {
    return await work({
      newRoom: () => doors.newRoom(),
      media: janus.pid,
      behind: null,
      lostOnTheWay: () => doors.lostOnTheWay,
      lostForGood: () => janus.lostForGood(),
    });
  } finally {
    doors.close();
    await janus.close();
  }
}

/** The engine's library alone: see bare-engine.ts. Nobody can watch there. */
export async function withBareEngine<Result>(work: (stand: Loaded) => Promise<Result>): Promise<Result> {
  const file = fileURLToPath(new URL('bare-engine.ts', import.meta.url));
  // As the engine's own process is started.
  const child = spawn(process.execPath, ['--max-semi-space-size=2', '--import', 'tsx', file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    const room: Room = { publishUrl: `${value}`, token: '', viewUrl: '', serverOffers: false };
    return await work({ newRoom: async () => room, media: child.pid as number, behind: null });
  } finally {
    await killed(child);
  }
}

async function roomOf(server: TestServer): Promise<Room> {
  const { whipUrl, ingestToken } = await server.createSession({ input: 'webrtc', title: 'bench' });
  return { publishUrl: whipUrl, token: ingestToken, viewUrl: whepUrlOf(whipUrl), serverOffers: false };
}

function enginePid(server: TestServer): number {
  const engine = server
    .processes()
    .find(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('engine-process'));
  if (engine === undefined) throw new Error('the server runs no WebRTC engine');
  return engine.pid;
}

async function lostForGood(server: TestServer): Promise<number> {
  const metrics = await server.text('/metrics');
  const [, count] = /^livereel_webrtc_packets_lost_total(?:\{[^}]*\})? (\d+)/m.exec(metrics) ?? [];
  if (count === undefined) throw new Error('no livereel_webrtc_packets_lost_total in /metrics');
  return Number(count);
}
