import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { PidFiles } from '../process/pid-files.ts';
import { SupervisedProgram } from '../process/supervised-program.ts';
import { EngineChild, engineName } from './engine-child.ts';
import type { EngineAnswer, EngineReport, EngineRequest, EngineSettings } from './engine-messages.ts';
import { OpenRequests, restarting } from './open-requests.ts';
import { StreamFeeds } from './stream-feeds.ts';
import { noStatistics } from './unavailable-webrtc-engine.ts';
import type {
  FeedableStream,
  PeerAnswer,
  PublishedMedia,
  WebRtcEngine,
  WebRtcStatistics,
} from './webrtc-engine.ts';

/** A peer as the server knows it; viewers have no media. */
type Peer = { readonly media: PublishedMedia | null; readonly gone: (reason: string) => void };
type WithoutId<Request> = Request extends { readonly id: number } ? Omit<Request, 'id'> : never;

/** How long a request waits for a child that restarts; mostly it is back within a second. */
const restartPatienceMillis = 5_000;
const lookMillis = 20;
const answerLimitMillis = 5_000;

/**
 * The engine as a child process: its crash costs each peer a new connection, and nothing else. What it says is not
 * trusted further than its own peers.
 */
export class ChildWebRtcEngine implements WebRtcEngine {
  readonly unavailable = null;
  readonly #settings: EngineSettings;
  readonly #runDir: string;
  readonly #log: Log;
  readonly #requests = new OpenRequests();
  readonly #peers = new Map<string, Peer>();
  readonly #feeds: StreamFeeds;
  readonly #viewers = new Map<string, number>();
  readonly #viewerListeners: ((streamId: string, count: number) => void)[] = [];
  #supervised: SupervisedProgram | undefined;
  #child: EngineChild | undefined;
  #port: number;
  #isClosed = false;

  private constructor(settings: EngineSettings, runDir: string, log: Log) {
    this.#settings = settings;
    this.#runDir = runDir;
    this.#log = log;
    this.#port = settings.port;
    this.#feeds = new StreamFeeds({
      send: (request, body) => this.#child?.send(request, body),
      isSlow: () => this.#child?.isSlow ?? true,
      log,
    });
  }

  /**
   * Resolves when it holds its port. `runDir`: for the pid file.
   * @throws LivereelError `webrtc-unavailable` that says what is missing; `program-failed`.
   */
  static async start(settings: EngineSettings, runDir: string, log: Log): Promise<ChildWebRtcEngine> {
    const engine = new ChildWebRtcEngine(settings, runDir, log);
    const launch = (signal: AbortSignal) => engine.#launch(signal);
    const pidFiles = new PidFiles(runDir, log);
    engine.#supervised = await SupervisedProgram.start({ name: engineName, launch, pidFiles, log });
    return engine;
  }

  get udpPort(): number {
    return this.#port;
  }

  /** Of the child that runs now; undefined between a death and the restart. */
  get pid(): number | undefined {
    return this.#supervised?.pid;
  }

  async publish(streamId: string, offer: string, media: PublishedMedia): Promise<PeerAnswer> {
    const peer = { media, gone: (reason: string) => media.gone(reason) };
    return this.#join(peer, peerId => ({ kind: 'publish', peerId, streamId, offer }));
  }

  async view(
    streamId: string,
    offer: string,
    stream: FeedableStream | null,
    gone: (reason: string) => void,
  ): Promise<PeerAnswer> {
    const settled = stream === null ? () => undefined : this.#feeds.offer(streamId, stream);
    const codecs = stream === null ? null : stream.codecs;
    try {
      return await this.#join({ media: null, gone }, peerId => ({
        kind: 'view',
        peerId,
        streamId,
        offer,
        codecs,
      }));
    } finally {
      settled();
    }
  }

  async trickle(
    peerId: string,
    fragment: string,
    ifMatch: string | null,
  ): Promise<{ sdp: string; etag: string } | null> {
    if (!this.#peers.has(peerId)) {
      throw new LivereelError('peer-not-found', 'This WebRTC connection is over; make a new offer.');
    }
    const { sdp, etag } = await this.#ask({ kind: 'trickle', peerId, fragment, ifMatch });
    return sdp === '' ? null : { sdp, etag };
  }

  async hangUp(peerId: string): Promise<void> {
    if (!this.#peers.has(peerId)) return;
    // One that cannot be told is gone already, or will be with its process.
    await this.#ask({ kind: 'hang-up', peerId }).catch(() => undefined);
  }

  onViewers(listener: (streamId: string, count: number) => void): void {
    this.#viewerListeners.push(listener);
  }

  async statistics(): Promise<WebRtcStatistics> {
    if (this.#child === undefined) return noStatistics;
    const answer = await this.#ask({ kind: 'statistics' }).catch(() => null);
    const told = answer?.statistics ?? noStatistics;
    return { ...told, framesDropped: told.framesDropped + this.#feeds.framesDropped };
  }

  /** Ends the child, and with it all connections. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#supervised?.close();
    this.#died();
  }

  /** Asks for a new peer. It is known before its answer is, because its first packets may come right behind it. */
  async #join(peer: Peer, request: (peerId: string) => WithoutId<EngineRequest>): Promise<PeerAnswer> {
    const peerId = randomBytes(16).toString('base64url');
    const child = await this.#whenUp();
    this.#peers.set(peerId, peer);
    try {
      const { sdp, etag } = await this.#askChild(child, request(peerId));
      return { peerId, sdp, etag };
    } catch (error) {
      this.#peers.delete(peerId);
      // It may have been made all the same, and only be late.
      child.send({ kind: 'hang-up', id: 0, peerId });
      throw error;
    }
  }

  async #ask(request: WithoutId<EngineRequest>): Promise<EngineAnswer> {
    return this.#askChild(await this.#whenUp(), request);
  }

  #askChild(child: EngineChild, request: WithoutId<EngineRequest>): Promise<EngineAnswer> {
    return this.#requests.ask(id => child.send({ ...request, id }), answerLimitMillis);
  }

  async #whenUp(): Promise<EngineChild> {
    const giveUpAt = performance.now() + restartPatienceMillis;
    while (this.#child === undefined) {
      if (this.#isClosed) throw restarting('The server is stopping.');
      if (performance.now() > giveUpAt) throw restarting('The WebRTC engine is starting again.');
      await delay(lookMillis);
    }
    return this.#child;
  }

  async #launch(signal: AbortSignal) {
    // The same port again: it stands in the firewall, and in what peers were told.
    const settings = { ...this.#settings, port: this.#port };
    const { child, port } = await EngineChild.start(
      settings,
      (report, body) => this.#heard(report, body),
      this.#runDir,
      this.#log,
      signal,
    );
    this.#port = port;
    this.#child = child;
    void child.program.exited.then(() => this.#died());
    this.#log.info({ port, pid: child.program.pid }, 'webrtc engine is up');
    return child.program;
  }

  #died(): void {
    const reason = this.#isClosed ? 'the server is stopping' : 'the WebRTC engine was restarted';
    this.#child = undefined;
    this.#requests.fail('The WebRTC engine is starting again.');
    for (const peerId of [...this.#peers.keys()]) this.#gone(peerId, reason);
    this.#feeds.close();
    for (const streamId of [...this.#viewers.keys()]) this.#count(streamId, 0);
  }

  #heard(report: EngineReport, body: Uint8Array): void {
    switch (report.kind) {
      case 'answered':
        this.#requests.answered(report.id, report.answer);
        break;
      case 'refused':
        this.#requests.refused(report.id, new LivereelError(report.code, report.message));
        break;
      case 'connected':
        this.#tell(report.peerId, media => media.connected());
        break;
      case 'frame':
        this.#tell(report.peerId, media => media.frame({ ...report.frame, bytes: body }));
        break;
      case 'gone':
        this.#gone(report.peerId, report.reason);
        break;
      case 'viewers':
        this.#count(report.streamId, report.count);
        break;
      case 'feed-wanted':
        this.#feeds.wanted(report.streamId, report.isWanted);
        break;
      case 'note':
        this.#log[report.level]({ said: report.message }, 'webrtc engine');
        break;
      default:
        throw new LivereelError('malformed-message', `${report.kind} comes only once`);
    }
  }

  /** What a listener throws ends its own peer only. */
  #tell(peerId: string, tell: (media: PublishedMedia) => void): void {
    const media = this.#peers.get(peerId)?.media;
    if (!media) return;
    try {
      tell(media);
    } catch (error) {
      this.#log.error({ err: error }, 'what a webrtc publisher sends cannot be taken');
      void this.hangUp(peerId);
    }
  }

  #gone(peerId: string, reason: string): void {
    const peer = this.#peers.get(peerId);
    this.#peers.delete(peerId);
    try {
      peer?.gone(reason);
    } catch (error) {
      this.#log.error({ err: error }, 'the end of a webrtc peer cannot be taken');
    }
  }

  #count(streamId: string, count: number): void {
    if (count === 0) this.#viewers.delete(streamId);
    else this.#viewers.set(streamId, count);
    for (const listener of this.#viewerListeners) listener(streamId, count);
  }
}
