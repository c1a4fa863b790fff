import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { VideoEvent } from '../api/event.ts';
import type { PlaybackGate } from '../library/playback-gate.ts';
import type { Credentials } from '../library/video-viewing.ts';
import type { Log } from '../log.ts';
import { type Askers, askerHeaders } from './asker.ts';
import { tokenOf } from './bearer-token.ts';
import { DataResponse, keepHeaders } from './data-response.ts';
import { PacedWriter } from './paced-writer.ts';
import type { FedEvent, FeedPlace, VideoFeeds } from './video-feeds.ts';
import type { ViewerCounts } from './viewer-counts.ts';
import { type StandingParts, standingEvents, standingOf } from './watched-video.ts';

/** What tells of videos is built from. */
export type EventParts = StandingParts & {
  readonly askers: Askers;
  readonly feeds: VideoFeeds;
  readonly viewers: ViewerCounts;
  /** Tells when everybody who watches a video is to be looked at anew. */
  readonly gate: Pick<PlaybackGate, 'onShut'>;
  readonly log: Log;
};

type EventRequest = {
  readonly id: string;
  readonly by: Credentials;
  readonly lastSeenId: string | null;
  /** Who records, and a page that lays captions over a picture, listen but do not watch. */
  readonly isViewer: boolean;
};

type SentEvent = { readonly eventId: string | null; readonly event: VideoEvent };

const beatMillis = 15_000;
// Means nothing; keeps connections open through whatever is between us.
const comment = ': \n\n';

/**
 * Server-Sent Events at `/api/v1/videos/:id/events` (docs/protocol.md, section 5; WHATWG HTML, section 9.2). Who comes
 * is told how things stand; who comes back, what was missed.
 */
export function addEventStreams(app: TemplatedApp, parts: EventParts): void {
  app.get('/api/v1/videos/:id/events', (response, request) => {
    const data = new DataResponse(response, parts.log);
    const id = request.getParameter(0) ?? '';
    const lastSeenId = request.getHeader('last-event-id') || null;
    const isViewer = request.getQuery('viewer') !== '0';
    const headers = keepHeaders(request, askerHeaders);
    const by = { token: tokenOf(headers, request.getQuery('token')), asker: () => parts.askers.of(headers) };
    void data.run(() => stream(response, data, { id, by, lastSeenId, isViewer }, parts));
  });
}

async function stream(
  response: HttpResponse,
  data: DataResponse,
  { id, by, lastSeenId, isViewer }: EventRequest,
  parts: EventParts,
): Promise<void> {
  // Joined before anything is looked up: what happens meanwhile is told after it.
  const early: FedEvent[] = [];
  let tell = (event: FedEvent): unknown => early.push(event);
  const place = parts.feeds.join(id, event => tell(event), lastSeenId);
  try {
    const greeting = await greet(id, by, place, lastSeenId !== null, parts);
    if (data.isOver) {
      place.leave();
      return;
    }
    const writer = begin(response, data);
    writer.add(greeting);
    writer.add(early);
    tell = event => writer.add([event]);
    const uncount = isViewer ? parts.viewers.add(id) : null;
    // Comes back by itself, with what it came with, and is let in again if it still may watch.
    const stop = parts.gate.onShut(shut => shut === id && !data.isOver && response.close());
    const beat = setInterval(() => writer.isIdle && write(response, data, comment), beatMillis);
    data.signal.addEventListener(
      'abort',
      () => {
        clearInterval(beat);
        stop();
        writer.close();
        uncount?.();
        place.leave();
      },
      { once: true },
    );
    parts.log.debug({ id }, 'event stream opened');
  } catch (error) {
    place.leave();
    throw error;
  }
}

async function greet(
  id: string,
  by: Credentials,
  { missed, newestId }: FeedPlace,
  isBack: boolean,
  parts: EventParts,
): Promise<readonly SentEvent[]> {
  const standing = await standingOf(id, by, parts);
  if (missed !== null) return missed;
  // Who saw the words as they were heard would mix them up with the corrected ones, which count anew.
  const isTold = !(isBack && standing.known?.isCorrected);
  const events = standingEvents(id, isTold ? standing : { ...standing, known: undefined });
  // Only the last has an id: who loses the connection before gets all of it again.
  return events.map((event, index) => ({ event, eventId: index === events.length - 1 ? newestId : null }));
}

function begin(response: HttpResponse, data: DataResponse): PacedWriter<SentEvent> {
  response.cork(() => {
    response.writeStatus('200 OK');
    response.writeHeader('Content-Type', 'text/event-stream');
    response.writeHeader('Cache-Control', 'no-store');
    response.writeHeader('X-Accel-Buffering', 'no');
    response.writeHeader('Access-Control-Allow-Origin', '*');
    response.write('retry: 1000\n\n');
  });
  return new PacedWriter<SentEvent>({
    write: text => write(response, data, text),
    textOf: ({ eventId, event: { event, data: payload } }) => {
      const idLine = eventId === null ? '' : `id: ${eventId}\n`;
      return `${idLine}event: ${event}\ndata: ${JSON.stringify(payload)}\n\n`;
    },
    probe: comment,
    giveUp: () => {
      if (!data.isOver) response.close();
    },
  });
}

function write(response: HttpResponse, data: DataResponse, text: string): boolean {
  let isTaken = true;
  if (data.isOver) return isTaken;
  response.cork(() => {
    isTaken = response.write(text);
  });
  return isTaken;
}
