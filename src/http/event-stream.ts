import type { HttpResponse, TemplatedApp } from 'uWebSockets.js';
import type { VideoEvent } from '../api/event.ts';
import type { VideoState } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import { DataResponse } from './data-response.ts';

/** What event streams need to know of a video. */
export interface WatchedVideos {
  find(id: string): Promise<{ readonly state: VideoState; readonly visibility: string } | undefined>;
}

const beatMillis = 15_000;
// A reader that takes nothing is let go before it costs memory.
const largestBacklogBytes = 262_144;

/** Server-Sent Events at `/api/v1/videos/:id/events` (docs/protocol.md, section 5; WHATWG HTML, section 9.2). */
export class EventStreams {
  readonly #videos: WatchedVideos;
  readonly #events: VideoEvents;
  readonly #log: Log;
  readonly #viewers = new Map<string, number>();
  #nextEventId = 1;

  constructor(app: TemplatedApp, videos: WatchedVideos, events: VideoEvents, log: Log) {
    this.#videos = videos;
    this.#events = events;
    this.#log = log;
    app.get('/api/v1/videos/:id/events', (response, request) => {
      const data = new DataResponse(response, log);
      const id = request.getParameter(0) ?? '';
      void data.run(async () => {
        const video = /^[0-9A-Za-z]{12}$/.test(id) ? await this.#videos.find(id) : undefined;
        if (video === undefined || video.visibility === 'private')
          throw new LivereelError('not-found', 'there is no such video');
        if (!data.isOver) this.#stream(response, data, id, video.state);
      });
    });
  }

  #stream(response: HttpResponse, data: DataResponse, id: string, state: VideoState): void {
    let backlogBytes = 0;
    const write = (text: string) => {
      if (data.isOver) return;
      let isTaken = true;
      response.cork(() => {
        isTaken = response.write(text);
      });
      backlogBytes = isTaken ? 0 : backlogBytes + text.length;
      if (backlogBytes > largestBacklogBytes) response.close();
    };
    response.cork(() => {
      response.writeStatus('200 OK');
      response.writeHeader('Content-Type', 'text/event-stream');
      response.writeHeader('Cache-Control', 'no-store');
      response.writeHeader('X-Accel-Buffering', 'no');
      response.writeHeader('Access-Control-Allow-Origin', '*');
      response.write('retry: 1000\n\n');
    });
    const send = ({ event, data: payload }: VideoEvent) => {
      write(`id: ${this.#nextEventId++}\nevent: ${event}\ndata: ${JSON.stringify(payload)}\n\n`);
    };
    const stop = this.#events.listen(id, send);
    send({ event: 'state', data: { id, state, at: new Date().toISOString() } });
    this.#count(id, 1);
    const beat = setInterval(() => write(': \n\n'), beatMillis);
    data.signal.addEventListener(
      'abort',
      () => {
        stop();
        clearInterval(beat);
        this.#count(id, -1);
      },
      { once: true },
    );
    this.#log.debug({ id }, 'event stream opened');
  }

  #count(id: string, change: number): void {
    const count = (this.#viewers.get(id) ?? 0) + change;
    if (count > 0) this.#viewers.set(id, count);
    else this.#viewers.delete(id);
    this.#events.report({ event: 'viewers', data: { id, count } });
  }
}
