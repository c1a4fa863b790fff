import type { TemplatedApp } from 'uWebSockets.js';
import { Server, type Socket } from 'socket.io';
import { type WatchAnswer, watchRequest } from '../api/watch-message.ts';
import { LivereelError } from '../errors.ts';
import type { Credentials } from '../library/video-viewing.ts';
import type { EventParts } from './event-stream.ts';
import { problemResponse } from './problem.ts';
import type { FedEvent, FeedPlace } from './video-feeds.ts';
import { captioningOf, standingOf } from './watched-video.ts';

type Watching = { readonly place: FeedPlace; uncount: (() => void) | null; by: Credentials };
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
    const stop = this.#parts.gate.onShut(id => void this.#lookAnew(socket, watched, id));
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
      stop();
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
    const { id, token } = parsed.data;
    const { feeds, viewers, askers } = this.#parts;
    const headers = { get: (name: string) => headerOf(socket, name) };
    const by = { token, asker: () => askers.of(headers) };
    if (!watched.has(id) && watched.size >= mostWatched) {
      throw new LivereelError('bad-request', `${mostWatched} videos are the most: unwatch one first`);
    }
    // Joined before anything is looked up: what happens meanwhile is told.
    const place = watched.get(id)?.place ?? feeds.join(id, event => send(socket, event));
    const watching = watched.get(id) ?? { place, uncount: null, by };
    watching.by = by;
    watched.set(id, watching);
    try {
      const standing = await standingOf(id, by, this.#parts);
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

  /** Who may not watch a video any more is told so, and nothing else of it. */
  async #lookAnew(socket: Socket, watched: Map<string, Watching>, id: string): Promise<void> {
    const watching = watched.get(id);
    // Who is still being let in is looked at there.
    if (watching === undefined) return;
    try {
      await standingOf(id, watching.by, this.#parts);
    } catch {
      if (watched.get(id) !== watching) return;
      leave(watched, id);
      socket.emit('unwatched', { id });
    }
  }

  async #refuse(error: unknown, answer: Acknowledge): Promise<void> {
    answer(await problemResponse(error, this.#parts.log).json());
  }
}

/** Of the request that opened the connection. */
function headerOf(socket: Socket, name: string): string | null {
  const value = socket.handshake.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
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
