import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createSessionRequest } from '../../src/api/session.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { nobodyKnown } from '../../src/http/asker.ts';
import { DataPlane } from '../../src/http/data-plane.ts';
import { CaptionShelf } from '../../src/library/known-captions.ts';
import { PlaybackGate } from '../../src/library/playback-gate.ts';
import { PlaybackTokens } from '../../src/library/playback-tokens.ts';
import type { VideoRow } from '../../src/library/video-store.ts';
import { VideoViewing } from '../../src/library/video-viewing.ts';
import { createLog } from '../../src/log.ts';
import type { SessionRecord } from '../../src/sessions/session-records.ts';
import { SessionRegistry } from '../../src/sessions/session-registry.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { registrySettings } from '../sessions/registry-settings.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
import { type SocketRequest, socketRequest } from './socket-request.ts';

type Row = SessionRecord & Pick<VideoRow, 'visibility' | 'ownerId' | 'playbackEpoch'>;

const frameLimits = { maxFrameBytes: 1_000_000, maxFramePixels: 4_000_000, maxFrameSide: 4_000 };

/** The real data plane over real sessions; the engine is scripted, records are kept in memory. */
export async function startDoors(t: Test, settings: { reconnectWindowSeconds?: number } = {}) {
  const root = await mkdtemp(join(tmpdir(), 'livereel-doors-'));
  const content = new ContentDirectory(root);
  await content.prepare();
  const rows = new Map<string, Row>();
  const records = {
    insert: async (record: Omit<Row, 'ownerId' | 'playbackEpoch'>) =>
      rows.set(record.id, { ownerId: null, playbackEpoch: 0, ...record }),
    find: async (id: string) => rows.get(id),
    update: async (id: string, changes: object) => {
      const row = rows.get(id);
      if (row !== undefined) rows.set(id, { ...row, ...changes });
    },
    remove: async (id: string) => rows.delete(id),
    unfinished: async () => [],
  };
  const log = createLog('silent');
  const events = new VideoEvents(log);
  const engine = new ScriptedEngine();
  const registry = new SessionRegistry({
    settings: { ...registrySettings(root), ...settings },
    content,
    records,
    finished: { record: async () => {} },
    events,
    captioned: null,
    webRtcUnavailable: () => engine.unavailable,
    log,
  });
  const socketPath = join(root, 'data.sock');
  const tokens = new PlaybackTokens(new Uint8Array(32).fill(7));
  const gate = await PlaybackGate.open({
    content,
    videos: {
      find: async id => records.find(id),
      findAll: async ids => ids.flatMap(id => rows.get(id) ?? []),
    },
    tokens,
    log,
  });
  const viewing = new VideoViewing({ videos: records, ingest: registry, tokens });
  const plane = await DataPlane.start(socketPath, {
    sessions: registry,
    videos: viewing,
    gate,
    content,
    askers: nobodyKnown,
    shelf: new CaptionShelf(
      () => undefined,
      { find: async () => undefined },
      () => null,
    ),
    events,
    settings: { ...frameLimits, maxMessageBytes: 16_777_216 },
    webRtc: {
      engine,
      iceServers: {
        stunUrls: ['stun:stun.example:3478'],
        turnUrls: ['turn:turn.example?transport=udp'],
        turnSecret: 'north-star',
      },
      publicAddress: () => ({ url: 'http://127.0.0.1:8000', isFixed: false }),
    },
    log,
  });
  t.teardown(async () => {
    await registry.close();
    await plane.close();
    gate.close();
    await rm(root, { recursive: true, force: true });
  });
  const call = (path: string, options?: SocketRequest) => socketRequest(socketPath, path, options);
  const create = async (request: object = {}) => {
    const made = await registry.create(createSessionRequest.parse(request), {
      address: '192.0.2.1',
      ownerId: null,
    });
    const session = registry.find(made.id);
    if (session === undefined) throw new Error('no session');
    return { ...made, session };
  };
  /** Sends an offer as a publisher of `id`. */
  const publish = (id: string, token: string, options: SocketRequest = {}) =>
    call(`/whip/${id}`, {
      method: 'POST',
      body: 'v=0 offer',
      ...options,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/sdp', ...options.headers },
    });
  /** Sends an offer as a viewer of `id`. */
  const view = (id: string, query = '', headers: Record<string, string> = {}) =>
    call(`/whep/${id}${query}`, {
      method: 'POST',
      body: 'v=0 offer',
      headers: { 'content-type': 'application/sdp', ...headers },
    });
  return { call, create, publish, view, engine, registry, rows, events, tokens, gate };
}
