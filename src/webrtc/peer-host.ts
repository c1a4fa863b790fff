import { LivereelError } from '../errors.ts';
import { writeAnswer } from '../rtp/answer.ts';
import type { MediaFrame } from '../rtp/media-frame.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import { type Offer, readOffer } from '../rtp/offer.ts';
import type { UdpPort } from './datachannel-transport.ts';
import type { EngineAnswer, EngineRequest, EngineSettings } from './engine-messages.ts';
import { FedSource } from './fed-source.ts';
import { LiveStream } from './live-stream.ts';
import { Peer } from './peer.ts';
import { Publisher } from './publisher.ts';
import type { ServerPipe } from './server-pipe.ts';
import { Viewer } from './viewer.ts';
import type { WebRtcStatistics } from './webrtc-engine.ts';

type Asked<Kind extends EngineRequest['kind']> = Extract<EngineRequest, { kind: Kind }>;
/** A peer, and what it does where. */
type Place = { readonly peer: Peer; readonly stream: LiveStream; readonly role: Publisher | Viewer };
type Counters = Record<'packetsReceived' | 'packetsSent' | 'packetsLost' | 'packetsRecovered', number>;

const tickMillis = 25;
const nothing: EngineAnswer = { sdp: '', etag: '', statistics: null };

/** All peers and streams of the engine: what the server asks for is done here. */
export class PeerHost {
  readonly #settings: EngineSettings;
  readonly #port: UdpPort;
  readonly #addresses: readonly string[];
  readonly #server: ServerPipe;
  readonly #places = new Map<string, Place>();
  readonly #streams = new Map<string, LiveStream>();
  /** Counters of publishers and viewers who have left. */
  readonly #past: Counters = { packetsReceived: 0, packetsSent: 0, packetsLost: 0, packetsRecovered: 0 };
  #timer: NodeJS.Timeout | null = null;

  /** `addresses`: what peers are told. */
  constructor(settings: EngineSettings, port: UdpPort, addresses: readonly string[], server: ServerPipe) {
    this.#settings = settings;
    this.#port = port;
    this.#addresses = addresses;
    this.#server = server;
  }

  /** Does what the server asks; `body` is kept. Never throws. */
  handle(request: EngineRequest, body: Uint8Array): void {
    switch (request.kind) {
      case 'publish':
        this.#answer(request.id, () => this.#publish(request));
        break;
      case 'view':
        this.#answer(request.id, () => this.#view(request));
        break;
      case 'trickle':
        this.#answer(request.id, () => this.#trickle(request));
        break;
      case 'hang-up':
        this.#answer(request.id, () => this.#hangUp(request));
        break;
      case 'statistics':
        this.#answer(request.id, () => ({ ...nothing, statistics: this.#statistics() }));
        break;
      case 'feed':
        this.#fed(request.streamId, { ...request.frame, bytes: body });
        break;
      case 'feed-ended':
        this.#feedEnded(request.streamId);
    }
  }

  /** Hangs up on everybody. */
  close(): void {
    for (const { peer } of [...this.#places.values()]) peer.close();
    this.#places.clear();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #answer(id: number, work: () => EngineAnswer): void {
    try {
      this.#server.report({ kind: 'answered', id, answer: work() });
    } catch (error) {
      if (error instanceof LivereelError) {
        this.#server.report({ kind: 'refused', id, code: error.code, message: error.message });
        return;
      }
      this.#note(error);
      const message = 'The WebRTC engine could not do this.';
      this.#server.report({ kind: 'refused', id, code: 'internal', message });
    }
  }

  #publish({ peerId, streamId, offer: sdp }: Asked<'publish'>): EngineAnswer {
    const offer = readOffer(sdp, 'publish');
    const before = this.#publisherOf(streamId);
    this.#checkRoom(before === undefined ? 0 : 1);
    const peer = this.#newPeer(peerId, offer);
    if (before !== undefined) this.#leave(before.peer.id, 'another publisher took over');
    const stream = this.#streamOf(streamId);
    if (stream.source instanceof FedSource) this.#endFeed(stream, stream.source);
    const role = new Publisher(peer, stream, {
      connected: () => this.#server.report({ kind: 'connected', peerId }),
      frame: frame => this.#server.frame(peerId, frame),
    });
    this.#enter({ peer, stream, role });
    return { ...nothing, sdp: writeAnswer(offer, peer.local), etag: peer.etag };
  }

  #view({ peerId, streamId, offer: sdp, codecs }: Asked<'view'>): EngineAnswer {
    const known = this.#streams.get(streamId);
    const wish = known?.source?.codecs ?? codecs;
    if (wish === null) throw new LivereelError('not-live', 'Nobody publishes this by WebRTC now.');
    const offer = readOffer(sdp, 'view', wish);
    this.#checkRoom(0);
    if ((known?.viewers.size ?? 0) >= this.#settings.maxViewersPerStream) {
      throw new LivereelError('server-full', 'This stream has as many viewers by WebRTC as are allowed.');
    }
    const peer = this.#newPeer(peerId, offer);
    const stream = this.#streamOf(streamId);
    if (stream.source === null) this.#feed(stream, wish);
    const role = new Viewer(peer, stream, {
      opened: () => this.#tellViewers(stream),
      end: reason => this.#leave(peerId, reason),
    });
    this.#enter({ peer, stream, role });
    return { ...nothing, sdp: writeAnswer(offer, peer.local, role.sources), etag: peer.etag };
  }

  #trickle({ peerId, fragment, ifMatch }: Asked<'trickle'>): EngineAnswer {
    const place = this.#places.get(peerId);
    if (place === undefined) {
      throw new LivereelError('peer-not-found', 'This WebRTC connection is over; make a new offer.');
    }
    return { ...nothing, ...place.peer.trickle(fragment, ifMatch) };
  }

  #hangUp({ peerId }: Asked<'hang-up'>): EngineAnswer {
    const place = this.#places.get(peerId);
    this.#leave(peerId, 'it hung up');
    // It was meant: nobody waits for it to come back.
    if (place?.role instanceof Publisher) place.stream.endViewers('the stream has ended');
    return nothing;
  }

  #fed(streamId: string, frame: MediaFrame): void {
    const source = this.#streams.get(streamId)?.source;
    if (source instanceof FedSource) source.frame(frame);
  }

  #feedEnded(streamId: string): void {
    const stream = this.#streams.get(streamId);
    if (!(stream?.source instanceof FedSource)) return;
    stream.end(stream.source, performance.now());
    stream.endViewers('the stream has ended');
    this.#forgetIdle(stream);
  }

  #newPeer(id: string, offer: Offer): Peer {
    return new Peer({
      id,
      offer,
      port: this.#port,
      addresses: this.#addresses,
      onGone: reason => this.#leave(id, reason),
      onFault: error => this.#fault(id, error),
    });
  }

  #enter(place: Place): void {
    place.peer.attach(place.role);
    this.#places.set(place.peer.id, place);
    this.#timer ??= setInterval(() => this.#tick(), tickMillis);
  }

  #leave(peerId: string, reason: string): void {
    const place = this.#places.get(peerId);
    if (place === undefined) return;
    const { peer, stream, role } = place;
    this.#places.delete(peerId);
    peer.close();
    this.#addCounters(this.#past, role);
    this.#server.report({ kind: 'gone', peerId, reason });
    if (role instanceof Viewer) this.#tellViewers(stream);
    if (stream.viewers.size === 0 && stream.source instanceof FedSource) this.#endFeed(stream, stream.source);
    this.#forgetIdle(stream);
    if (this.#places.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const now = performance.now();
    for (const { peer } of [...this.#places.values()]) {
      try {
        peer.tick(now);
      } catch (error) {
        this.#fault(peer.id, error);
      }
    }
    for (const stream of [...this.#streams.values()]) stream.tick(now);
    this.#server.tick(now);
  }

  /** Our own mistake with one peer's packets: it costs that peer, not the others. */
  #fault(peerId: string, error: unknown): void {
    this.#note(error);
    this.#leave(peerId, 'what it sends cannot be handled');
  }

  #note(error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#server.report({ kind: 'note', level: 'warn', message: message.slice(0, 4_000) });
  }

  #feed(stream: LiveStream, codecs: readonly RtpCodec[]): void {
    stream.begin(new FedSource(stream, codecs));
    this.#server.report({ kind: 'feed-wanted', streamId: stream.id, isWanted: true });
  }

  #endFeed(stream: LiveStream, source: FedSource): void {
    stream.end(source, performance.now());
    this.#server.report({ kind: 'feed-wanted', streamId: stream.id, isWanted: false });
  }

  #publisherOf(streamId: string): Place | undefined {
    const source = this.#streams.get(streamId)?.source;
    return [...this.#places.values()].find(({ role }) => role === source);
  }

  #streamOf(streamId: string): LiveStream {
    const stream = this.#streams.get(streamId) ?? new LiveStream(streamId);
    this.#streams.set(streamId, stream);
    return stream;
  }

  #forgetIdle(stream: LiveStream): void {
    if (stream.isIdle) this.#streams.delete(stream.id);
  }

  #tellViewers({ id: streamId, viewers }: LiveStream): void {
    const count = [...viewers].filter(({ isOpen }) => isOpen).length;
    this.#server.report({ kind: 'viewers', streamId, count });
  }

  #checkRoom(leaving: number): void {
    const { maxPeers } = this.#settings;
    if (this.#places.size - leaving < maxPeers) return;
    throw new LivereelError(
      'server-full',
      `There are ${maxPeers} WebRTC connections, as many as are allowed.`,
    );
  }

  #addCounters(sum: Counters, role: Publisher | Viewer): void {
    if (role instanceof Viewer) {
      sum.packetsSent += role.packetsSent;
      return;
    }
    const { received, lost, recovered } = role.counters;
    sum.packetsReceived += received;
    sum.packetsLost += lost;
    sum.packetsRecovered += recovered;
  }

  #statistics(): WebRtcStatistics {
    const sum = { ...this.#past };
    const roles = [...this.#places.values()].map(({ role }) => role);
    for (const role of roles) this.#addCounters(sum, role);
    const { user, system } = process.cpuUsage();
    return {
      ...sum,
      publishers: roles.filter(role => role instanceof Publisher).length,
      viewers: roles.filter(role => role instanceof Viewer).length,
      framesDropped: this.#server.framesDropped,
      memoryBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1_000_000,
    };
  }
}
