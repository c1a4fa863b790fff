import type { us_listen_socket } from 'uWebSockets.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Caption } from '../../src/api/caption.ts';
import type { Transcript } from '../../src/api/transcript.ts';
import { LiveCaptions } from '../../src/captions/live-captions.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { nobodyKnown } from '../../src/http/asker.ts';
import { addFileRoutes } from '../../src/http/data-files.ts';
import { addEventStreams } from '../../src/http/event-stream.ts';
import { SocketEvents } from '../../src/http/socket-events.ts';
import { uWebSockets } from '../../src/http/uwebsockets.ts';
import { VideoFeeds } from '../../src/http/video-feeds.ts';
import { ViewerCounts } from '../../src/http/viewer-counts.ts';
import type { WatchedVideos } from '../../src/http/watched-video.ts';
import { CaptionShelf } from '../../src/library/known-captions.ts';
import type { Credentials } from '../../src/library/video-viewing.ts';
import { createLog } from '../../src/log.ts';
import type { LiveMoment } from '../../src/sessions/live-clock.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';

/** A caption of two words. */
export const said = (index: number, revision: number, final = false): Caption => ({
  index,
  revision,
  final,
  start: index,
  end: index + 0.8,
  text: `word ${index}.${revision}`,
  words: [{ text: 'word', start: index, end: index + 0.4, probability: 0.9 }],
});

/** The data plane's events and captions on a port of their own; the videos are the test's. */
export async function tellVideos(t: Test) {
  const log = createLog('silent');
  const folder = await mkdtemp(join(tmpdir(), 'livereel-told-'));
  const events = new VideoEvents(log);
  const rows = new Map<string, NonNullable<Awaited<ReturnType<WatchedVideos['find']>>>['video']>();
  const live = new Map<string, LiveCaptions>();
  const transcripts = new Map<string, Transcript>();
  const kept = { find: async (id: string) => transcripts.get(id) && { ...transcripts.get(id), model: 'm' } };
  const absence: { reason: string | null } = { reason: null };
  const shelf = new CaptionShelf(
    id => live.get(id),
    kept as ConstructorParameters<typeof CaptionShelf>[1],
    () => absence.reason,
  );
  const app = uWebSockets.App();
  const [feeds, viewers] = [new VideoFeeds(events), new ViewerCounts(events)];
  const isToken = (id: string, token: string | undefined) => token === `token-of-${id}`;
  const maySee = (id: string, token: string | undefined) =>
    rows.has(id) && (rows.get(id)?.visibility !== 'private' || isToken(id, token));
  const videos = {
    find: async (id: string, { token }: Credentials) => {
      const video = rows.get(id);
      return video && maySee(id, token) ? { video, ticket: null } : undefined;
    },
  };
  const shutListeners = new Set<(id: string) => void>();
  const gate = {
    isAdmitted: (id: string, token: string | null) => maySee(id, token ?? undefined),
    admit: async (id: string, token: string | null) => maySee(id, token ?? undefined),
    onShut: (listener: (id: string) => void) => {
      shutListeners.add(listener);
      return () => shutListeners.delete(listener);
    },
  };
  const shut = (id: string) => {
    for (const tell of shutListeners) tell(id);
  };
  const moments = new Map<string, LiveMoment>();
  const liveMoment = (id: string) => moments.get(id) ?? null;
  const parts = { videos, askers: nobodyKnown, gate, shelf, feeds, viewers, liveMoment, log };
  addFileRoutes(app, { shelf, gate, content: new ContentDirectory(folder), log });
  addEventStreams(app, parts);
  const sockets = new SocketEvents(app, parts);
  const listening = await new Promise<us_listen_socket | false>(resolve =>
    app.listen('127.0.0.1', 0, resolve),
  );
  if (listening === false) throw new Error('no port');
  t.teardown(async () => {
    await sockets.close();
    app.close();
    viewers.close();
    feeds.close();
    for (const captions of live.values()) await captions.close();
    await rm(folder, { recursive: true, force: true });
  });
  /** Begins to caption a video that is live. */
  const caption = async (id: string) => {
    const captions = await LiveCaptions.open({ id, file: join(folder, `${id}.log`), events, log });
    live.set(id, captions);
    rows.set(id, { state: 'live', visibility: 'public', captions: true });
    return captions;
  };
  const url = `http://127.0.0.1:${uWebSockets.us_socket_local_port(listening)}`;
  return { url, events, rows, live, transcripts, viewers, caption, moments, absence, shut };
}
