import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import type { Asker } from '../../src/accounts/asker.ts';
import { type AccountSettings, openAccounts } from '../../src/accounts/open-accounts.ts';
import { LivereelError } from '../../src/errors.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createApiApp } from '../../src/http/api-app.ts';
import { ApiServer } from '../../src/http/api-server.ts';
import { KnownAskers } from '../../src/http/asker.ts';
import { Metrics } from '../../src/http/metrics.ts';
import type { Readiness } from '../../src/http/routes/health.ts';
import { TaskQueue } from '../../src/jobs/task-queue.ts';
import { CaptionShelf } from '../../src/library/known-captions.ts';
import { openImports } from '../../src/library/open-imports.ts';
import { openPlayback } from '../../src/library/open-playback.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { OpenedWebhooks } from '../../src/webhooks/open-webhooks.ts';
import { startEmbedded, type TestServer } from '../library/video-database.ts';
import { RowsOnlyDoor } from './rows-only-door.ts';
import { type SocketRequest, socketRequest } from './socket-request.ts';

const gibibyte = 1024 ** 3;
const usualAccounts: AccountSettings = {
  access: 'open',
  authSecret: undefined,
  adminEmails: [],
  quotas: {
    free: { minutes: 600, bytes: 10 * gibibyte, sessions: 2 },
    pro: { minutes: 6_000, bytes: 100 * gibibyte, sessions: 10 },
    'pro-plus': { minutes: null, bytes: null, sessions: null },
  },
  maxSignUpsPerAddress: 1_000,
  hashCost: { log2N: 13, r: 8, p: 1 },
};

/** What a test sets otherwise. `isOpenHere`: who asks without an account is at the machine itself. */
export type ApiSettings = Partial<AccountSettings> & {
  readonly isOpenHere?: boolean;
  /** A database server that several of a file share. */
  readonly server?: TestServer;
};

/** The real app on a real socket over the real database; only what lies behind the session door is missing. */
export async function startApi(t: Test, settings: ApiSettings = {}) {
  const server = settings.server ?? (await startEmbedded(t));
  const database = await server.openEmpty();
  const [videos, tasks] = [
    new VideoStore(database),
    await TaskQueue.open(database, pino({ level: 'silent' })),
  ];
  const sessions = new RowsOnlyDoor(videos);
  const state: {
    /** Who asks, whatever the request carries; else what it carries decides. */
    asker: Asker | undefined;
    readiness: Readiness;
    engine: { unavailable: string | null; udpPort: number | null };
  } = {
    asker: undefined,
    readiness: { ready: true },
    engine: { unavailable: null, udpPort: 8189 },
  };
  const logged: { level: number; reference?: string; msg: string }[] = [];
  const log = pino({ level: 'warn' }, { write: line => logged.push(JSON.parse(line)) });
  const reading = { name: 'livereel_parts_total', help: 'Parts', kind: 'counter', read: () => 7 } as const;
  const corrections: [id: string, language: string][] = [];
  const folder = await mkdtemp(join(tmpdir(), 'livereel-api-'));
  const deleteVideo = async (id: string, unchangedSince?: Date) =>
    (unchangedSince === undefined || (await videos.update(id, {}, unchangedSince)) !== undefined) &&
    (await videos.remove(id));
  const accounts = await openAccounts({
    database,
    secretFile: join(folder, 'auth-secret'),
    settings: { ...usualAccounts, ...settings },
    videos: {
      deleteVideosOf: async ownerId => {
        const owned = await database.run(knex => knex('videos').where({ owner_id: ownerId }).select('id'));
        for (const { id } of owned) await deleteVideo(id);
        return owned.length;
      },
    },
    log,
  });
  const publicAddress = () => ({ url: 'http://127.0.0.1:8000', isFixed: false });
  const askers = new KnownAskers({ ...accounts, isOpenHere: settings.isOpenHere ?? false, publicAddress });
  const content = new ContentDirectory(folder);
  const playback = await openPlayback({ content, database, secret: accounts.secret, ingest: sessions, log });
  const imports = await openImports({
    database,
    videos,
    queue: tasks,
    content,
    quotas: accounts.quotas,
    events: { report: () => undefined },
    importAllowNetworks: [],
    maxImportsPerAccount: 2,
  });
  const app = createApiApp({
    askers: {
      of: headers => (state.asker === undefined ? askers.of(headers) : Promise.resolve(state.asker)),
    },
    accounts,
    sessions,
    videos,
    onLanguage: async (id, language) => {
      corrections.push([id, language]);
    },
    deletion: {
      deleteVideo,
      wasDeleted: async () => false,
    },
    webhooks: new OpenedWebhooks({
      database,
      events: new VideoEvents(log),
      key: new Uint8Array(32),
      allowNetworks: ['127.0.0.0/8'],
      heard: () => undefined,
      address: () => ({ publicUrl: 'http://127.0.0.1:8000', hasWebRtc: false }),
      log,
    }).registry,
    shelf: new CaptionShelf(
      () => undefined,
      { find: async () => undefined },
      () => null,
    ),
    playback,
    tasks,
    plainUploads: {
      take: () => {
        throw new LivereelError('internal', 'nothing is taken here');
      },
    },
    imports,
    webRtc: {
      engine: state.engine,
      iceServers: { stunUrls: ['stun:stun.example:3478'], turnUrls: [], turnSecret: undefined },
    },
    readiness: () => state.readiness,
    metrics: new Metrics([reading]),
    publicAddress,
    version: '1.2.3',
    checksAnswers: true,
    log,
  });
  const socketPath = join(folder, 'api.sock');
  const api = await ApiServer.start({ app, socketPath, log });
  t.teardown(async () => {
    await api.close();
    await tasks.close();
    accounts.close();
    playback.gate.close();
    await rm(folder, { recursive: true, force: true });
  });
  const call = (path: string, options?: SocketRequest) => socketRequest(socketPath, path, options);
  return {
    app,
    call,
    videos,
    tasks,
    sessions,
    accounts,
    playback,
    database,
    server,
    state,
    logged,
    corrections,
    socketPath,
  };
}
