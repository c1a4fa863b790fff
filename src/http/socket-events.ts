import type { TemplatedApp } from 'uWebSockets.js';
import { Server, type Socket } from 'socket.io';
import { type WatchAnswer, watchRequest } from '../api/watch-message.ts';
import { LivereelError } from '../errors.ts';
import type { EventParts } from './event-stream.ts';
import { problemResponse } from './problem.ts';
import type { FedEvent, FeedPlace } from './video-feeds.ts';
import { captioningOf, standingOf } from './watched-video.ts';

type Watching = { readonly place: FeedPlace; uncount: (() => void) | null };
type Acknowledge = (answer: unknown) => void;

const mostConnections = 20_000;
const mostWatched = 50;
// Each asks the database.
const mostLookups = 20;
// A message from a viewer names a video, and nothing more.
const longestMessageBytes = 4_096;
// A viewer that takes nothing is let go before it costs memory: packets that wait to be fetched, bytes on a WebSocket.
const mostWaitingPackets = 1_000;
const largestBacklogBytes = 4_194_304;
// Some 1 MiB: who wants all of a very long stream asks for its transcript.
const mostCaptions = 2_000;

/** Events by Socket.IO at `/socket.io/` (docs/protocol.md, section 5): `watch`, `unwatch`, and what happens. */
export class SocketEvents {
  readonly #io: Server;
  readonly #parts: EventParts;

  constructor(app: TemplatedApp, parts: EventParts) {
    this.#parts = parts;
    this.#io = new Server({
      serveClient: false,
      maxHttpBufferSize: longestMessageBytes,
      // As the other ways to be told: any page may ask, none gets a cookie to ask with.
      cors: { origin: '*' },
      allowRequest: (_request, allow) => {
        const isRoom = this.#io.engine.clientsCount < mostConnections;
        allow(isRoom ? null : 'the server is full: try again in a while', isRoom);
      },
    });
    // Pings go every 25 s.
    this.#io.attachApp(app, { idleTimeout: 60, maxBackpressure: 2 * largestBacklogBytes } as object);
    this.#io.on('connection', socket => this.#serve(socket));
  }

  /** Lets all viewers go. Never throws. */
  async close(): Promise<void> {
    this.#io.disconnectSockets(true);
    await this.#io.close().catch(() => undefined);
  }

  #serve(socket: Socket): void {
    const watched = new Map<string, Watching>();
    let lookups = 0;
    socket.on('watch', (request: unknown, acknowledge: unknown) => {
      const answer = acknowledgeOf(acknowledge);
      lookups += 1;
      void this.#watch(socket, watched, request, lookups)
        .then(answer, error => this.#refuse(error, answer))
        .finally(() => {
          lookups -= 1;
        });
    });
    socket.on('unwatch', (request: unknown, acknowledge: unknown) => {
      const id = watchRequest.safeParse(request).data?.id ?? '';
      leave(watched, id);
      acknowledgeOf(acknowledge)({ id });
    });
    socket.on('disconnect', () => {
      for (const id of [...watched.keys()]) leave(watched, id);
    });
  }

  async #watch(
    socket: Socket,
    watched: Map<string, Watching>,
    request: unknown,
    lookups: number,
  ): Promise<WatchAnswer> {
    const parsed = watchRequest.safeParse(request);
    if (!parsed.success) throw new LivereelError('validation-failed', 'send {"id": "<the id of a video>"}');
    if (lookups > mostLookups) throw new LivereelError('bad-request', 'wait for the answers to come');
    const { id } = parsed.data;
    const { videos, shelf, feeds, viewers, liveMoment } = this.#parts;
    if (!watched.has(id) && watched.size >= mostWatched) {
      throw new LivereelError('bad-request', `${mostWatched} videos are the most: unwatch one first`);
    }
    // Joined before anything is looked up: what happens meanwhile is told.
    const place = watched.get(id)?.place ?? feeds.join(id, event => send(socket, event));
    const watching = watched.get(id) ?? { place, uncount: null };
    watched.set(id, watching);
    try {
      const standing = await standingOf(id, videos, shelf, liveMoment);
      // Gone, or unwatched, while it was looked up: nobody would uncount it.
      if (watched.get(id) === watching) watching.uncount ??= viewers.add(id);
      const { state, known, liveClock } = standing;
      const captions = known?.captions.slice(-mostCaptions) ?? [];
      const captioning = captioningOf(id, standing);
      return { id, state, captions, viewers: viewers.of(id), captioning, liveClock };
    } catch (error) {
      if (watched.get(id) === watching) leave(watched, id);
      throw error;
    }
  }

  async #refuse(error: unknown, answer: Acknowledge): Promise<void> {
    answer(await problemResponse(error, this.#parts.log).json());
  }
}

function leave(watched: Map<string, Watching>, id: string): void {
  const watching = watched.get(id);
  watching?.uncount?.();
  watching?.place.leave();
  watched.delete(id);
}

function acknowledgeOf(given: unknown): Acknowledge {
  return typeof given === 'function' ? (given as Acknowledge) : () => undefined;
}

function send(socket: Socket, { event: { event, data } }: FedEvent): void {
  const { writeBuffer, transport } = socket.conn as unknown as {
    readonly writeBuffer: readonly unknown[];
    readonly transport: { readonly socket?: { getBufferedAmount?(): number } };
  };
  const backlogBytes = transport.socket?.getBufferedAmount?.() ?? 0;
  if (writeBuffer.length > mostWaitingPackets || backlogBytes > largestBacklogBytes) socket.disconnect(true);
  else socket.emit(event, data);
}
