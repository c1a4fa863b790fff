import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { createApiApp } from '../../src/http/api-app.ts';
import { ApiServer } from '../../src/http/api-server.ts';
import { nobodyKnown } from '../../src/http/asker.ts';
import { Metrics } from '../../src/http/metrics.ts';
import type { Readiness } from '../../src/http/routes/health.ts';
import { TaskQueue } from '../../src/jobs/task-queue.ts';
import { CaptionShelf } from '../../src/library/known-captions.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { startEmbedded } from '../library/video-database.ts';
import { RowsOnlyDoor } from './rows-only-door.ts';
import { type SocketRequest, socketRequest } from './socket-request.ts';

/** The real app on a real socket over the real database; only what lies behind the session door is missing. */
export async function startApi(t: Test) {
  const server = await startEmbedded(t);
  const database = await server.openEmpty();
  const [videos, tasks] = [
    new VideoStore(database),
    await TaskQueue.open(database, pino({ level: 'silent' })),
  ];
  const sessions = new RowsOnlyDoor(videos);
  const state: { readiness: Readiness; engine: { unavailable: string | null; udpPort: number | null } } = {
    readiness: { ready: true },
    engine: { unavailable: null, udpPort: 8189 },
  };
  const logged: { level: number; reference?: string; msg: string }[] = [];
  const log = pino({ level: 'warn' }, { write: line => logged.push(JSON.parse(line)) });
  const reading = { name: 'livereel_parts_total', help: 'Parts', kind: 'counter', read: () => 7 } as const;
  const corrections: [id: string, language: string][] = [];
  const app = createApiApp({
    askers: nobodyKnown,
    sessions,
    videos,
    onLanguage: async (id, language) => {
      corrections.push([id, language]);
    },
    deletion: {
      deleteVideo: id => videos.remove(id),
      wasDeleted: async () => false,
    },
    shelf: new CaptionShelf(
      () => undefined,
      { find: async () => undefined },
      () => null,
    ),
    tasks,
    webRtc: {
      engine: state.engine,
      iceServers: { stunUrls: ['stun:stun.example:3478'], turnUrls: [], turnSecret: undefined },
    },
    readiness: () => state.readiness,
    metrics: new Metrics([reading]),
    publicAddress: () => ({ url: 'http://127.0.0.1:8000', isFixed: false }),
    version: '1.2.3',
    log,
  });
  const folder = await mkdtemp(join(tmpdir(), 'livereel-api-'));
  const socketPath = join(folder, 'api.sock');
  const api = await ApiServer.start({ app, socketPath, log });
  t.teardown(async () => {
    await api.close();
    await tasks.close();
    await rm(folder, { recursive: true, force: true });
  });
  const call = (path: string, options?: SocketRequest) => socketRequest(socketPath, path, options);
  return { app, call, videos, tasks, sessions, state, logged, corrections, socketPath };
}
