import { LivereelError } from '../../src/errors.ts';
import { noStatistics } from '../../src/webrtc/unavailable-webrtc-engine.ts';
import type {
  FeedableStream,
  PeerAnswer,
  PublishedMedia,
  WebRtcEngine,
} from '../../src/webrtc/webrtc-engine.ts';

/** An engine in which nothing moves but by the test: it keeps what it is asked, and answers as it is told. */
export class ScriptedEngine implements WebRtcEngine {
  unavailable: string | null = null;
  readonly udpPort = 8189;
  /** Thrown by the next request. */
  refusal: LivereelError | null = null;
  /** What the next trickled fragment is answered. */
  restarted: { sdp: string; etag: string } | null = null;
  readonly published: { streamId: string; offer: string; peerId: string; media: PublishedMedia }[] = [];
  readonly viewed: {
    streamId: string;
    stream: FeedableStream | null;
    peerId: string;
    gone: (reason: string) => void;
  }[] = [];
  readonly trickled: { peerId: string; fragment: string; ifMatch: string | null }[] = [];
  readonly hungUp: string[] = [];
  #peers = 0;

  async publish(streamId: string, offer: string, media: PublishedMedia): Promise<PeerAnswer> {
    this.#refuse();
    const answer = this.#answer();
    this.published.push({ streamId, offer, peerId: answer.peerId, media });
    return answer;
  }

  async view(
    streamId: string,
    _offer: string,
    stream: FeedableStream | null,
    gone: (reason: string) => void,
  ): Promise<PeerAnswer> {
    this.#refuse();
    const answer = this.#answer();
    this.viewed.push({ streamId, stream, peerId: answer.peerId, gone });
    return answer;
  }

  async trickle(peerId: string, fragment: string, ifMatch: string | null) {
    this.#refuse();
    if (ifMatch === null) throw new LivereelError('precondition-required', 'send If-Match');
    if (ifMatch !== '"1"' && ifMatch !== '*')
      throw new LivereelError('precondition-failed', 'not the newest');
    this.trickled.push({ peerId, fragment, ifMatch });
    return this.restarted;
  }

  async hangUp(peerId: string): Promise<void> {
    this.hungUp.push(peerId);
  }

  onViewers(): void {}

  async statistics() {
    return noStatistics;
  }

  async close(): Promise<void> {}

  #answer(): PeerAnswer {
    this.#peers += 1;
    return { peerId: `peer${this.#peers}`, sdp: `v=0 answer ${this.#peers}`, etag: '"1"' };
  }

  #refuse(): void {
    const { refusal } = this;
    this.refusal = null;
    if (refusal !== null) throw refusal;
  }
}
