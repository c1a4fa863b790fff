import { mediaAddress, restartedAnswer, restartFragment } from './ice-restart.ts';
import { hangUp, sendOffer, sendRestart } from './offer-exchange.ts';
import type { IceServer, PeerConnectionClass, PeerConnectionLike } from './peer-connection-class.ts';
import { PublishError } from './publish-error.ts';

/** What a peer tells its owner; `lost` comes once, last: then it is to be closed or hung up. */
export interface PeerOwner {
  /** Packets can go both ways; also after a restart of ICE. */
  connected(): void;
  /** Packets do not get through at the moment; it is being mended. */
  interrupted(): void;
  lost(error: PublishError): void;
}

/** With whom, and how. */
export type PeerOptions = {
  /** Of WHIP or WHEP. */
  readonly url: string;
  readonly token: string | undefined;
  readonly iceServers: readonly IceServer[];
  readonly connectionClass: PeerConnectionClass;
  /** Adds what is sent or wanted, before the offer is made. */
  readonly prepare: (connection: PeerConnectionLike) => void;
};

// The server has answered: on any network that lets UDP through the first check comes back in a round trip.
const connectMillis = 2_000;
// When the answer names TURN or STUN servers that the first try did not know, the next one uses them.
const connectWithBetterToComeMillis = 1_000;
const answerMillis = 6_000;
// Short breaks heal by themselves: browsers say `disconnected` after a second or two without a check.
const healMillis = 1_500;
const restartMillis = 4_000;
const longestGoodbyeMillis = 1_000;

/**
 * One RTCPeerConnection and what the server keeps for it, from the offer until one of both hangs up. When packets do
 * not get through any more it restarts ICE once, with what the network is now; after that it is lost. Never used twice.
 */
export class Peer {
  readonly connection: PeerConnectionLike;
  readonly #options: PeerOptions;
  readonly #owner: PeerOwner;
  readonly #gone = new AbortController();
  #answer = '';
  #resourceUrl: string | undefined;
  #iceServers: readonly IceServer[];
  #clockOffsetMillis: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasConnected = false;
  #isRestarting = false;
  #isOver = false;

  /** Begins at once. */
  constructor(options: PeerOptions, owner: PeerOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#iceServers = options.iceServers;
    const connection = new options.connectionClass({
      iceServers: [...options.iceServers],
      bundlePolicy: 'max-bundle',
    });
    this.connection = connection;
    connection.onconnectionstatechange = () => this.#stateChanged();
    this.#timer = setTimeout(() => this.#lose(noAnswer()), answerMillis);
    this.#open().catch(error => this.#lose(error));
  }

  /** Of the server's answer, else those that were given. */
  get iceServers(): readonly IceServer[] {
    return this.#iceServers;
  }

  /** What the server's clock is ahead of this one's; undefined while it has not told. */
  get clockOffsetMillis(): number | undefined {
    return this.#clockOffsetMillis;
  }

  /** Whether packets have ever gone both ways. */
  get hasConnected(): boolean {
    return this.#hasConnected;
  }

  /** Why no packet has got through until now; undefined when one has, or the server has not answered. */
  get unreachable(): PublishError | undefined {
    return this.#hasConnected || this.#answer === '' ? undefined : this.#unreachable();
  }

  /** For a network that has changed: restarts ICE unless that is under way. */
  restart(): void {
    if (this.#isOver || this.#isRestarting || !this.#hasConnected) return;
    void this.#restart();
  }

  /**
   * Hangs up; a lost peer can be hung up too. Resolves when the server knows, or cannot be told; safe to call twice.
   */
  async hangUp(): Promise<void> {
    // A server that has hung up itself knows nothing of it any more.
    const resourceUrl = this.connection.connectionState === 'closed' ? undefined : this.#resourceUrl;
    this.#resourceUrl = undefined;
    this.#fallSilent();
    // The connection last: a server that sees it closed knows the peer no more.
    if (resourceUrl !== undefined) {
      const tooLate = new Promise(resolve => setTimeout(resolve, longestGoodbyeMillis));
      await Promise.race([hangUp(resourceUrl, this.#options.token), tooLate]);
    }
    this.connection.close();
  }

  /** Lets go without a word to the owner or the server. Safe to call twice. */
  close(): void {
    this.#fallSilent();
    this.connection.close();
  }

  #fallSilent(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#gone.abort();
    this.connection.onconnectionstatechange = null;
    this.connection.ontrack = null;
  }

  async #open(): Promise<void> {
    const { url, token, prepare, iceServers } = this.#options;
    prepare(this.connection);
    const offer = await this.connection.createOffer();
    await this.connection.setLocalDescription(offer as never);
    // Candidates of ours are of no use: the server learns where packets come from by the checks themselves.
    const sdp = this.connection.localDescription?.sdp ?? '';
    const answer = await sendOffer(url, sdp, token, this.#gone.signal);
    this.#resourceUrl = answer.resourceUrl;
    this.#clockOffsetMillis = answer.clockOffsetMillis;
    this.#answer = answer.sdp;
    if (answer.iceServers.length > 0) this.#iceServers = answer.iceServers;
    await this.connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp } as never);
    if (this.#hasConnected || this.#isOver) return;
    const knowsMore = iceServers.length === 0 && answer.iceServers.length > 0;
    this.#within(knowsMore ? connectWithBetterToComeMillis : connectMillis, () => this.#unreachable());
  }

  #stateChanged(): void {
    const { connectionState } = this.connection;
    if (connectionState === 'connected') {
      clearTimeout(this.#timer);
      this.#isRestarting = false;
      this.#hasConnected = true;
      this.#owner.connected();
    } else if (connectionState === 'closed') {
      this.#lose(closed());
    } else if (connectionState === 'failed') {
      if (!this.#hasConnected) this.#lose(this.#unreachable());
      else if (!this.#isRestarting) void this.#restart();
    } else if (connectionState === 'disconnected' && !this.#isRestarting) {
      this.#owner.interrupted();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#restart(), healMillis);
    }
  }

  async #restart(): Promise<void> {
    const resourceUrl = this.#resourceUrl;
    this.#owner.interrupted();
    if (resourceUrl === undefined) return this.#lose(closed());
    this.#isRestarting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#restarted(), restartMillis);
    try {
      const offer = await this.connection.createOffer({ iceRestart: true });
      await this.connection.setLocalDescription(offer as never);
      const fragment = restartFragment(this.connection.localDescription?.sdp ?? '');
      const told = await sendRestart(resourceUrl, fragment, this.#options.token, this.#gone.signal);
      this.#answer = restartedAnswer(this.#answer, told);
      await this.connection.setRemoteDescription({ type: 'answer', sdp: this.#answer } as never);
    } catch {
      // Of a server that cannot do this, or knows the peer no more. Whether anything can, a new offer tells.
      this.#lose(closed());
    }
  }

  // A connection that was never broken stays `connected` all the time, and nothing tells that it has moved.
  #restarted(): void {
    this.#isRestarting = false;
    if (this.connection.connectionState === 'connected') this.#owner.connected();
    else this.#lose(closed());
  }

  #within(millis: number, why: () => PublishError): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(why()), millis);
  }

  #lose(error: unknown): void {
    if (this.#isOver) return;
    // Closing and hanging up are the owner's: a publisher that hangs up ends its session.
    this.#fallSilent();
    this.#owner.lost(error instanceof PublishError ? error : refusedHere(error));
  }

  #unreachable(): PublishError {
    const address = mediaAddress(this.#answer);
    const where =
      address === undefined
        ? 'The media port of the server'
        : `UDP port ${address.port} of host ${address.hosts.join(' or ')}`;
    return new PublishError(
      'udp-unreachable',
      `${where} cannot be reached from here: a firewall is in the way, or the server announces an address that is not its own.`,
    );
  }
}

function noAnswer(): PublishError {
  return new PublishError('server-unreachable', 'The server does not answer. Trying again.');
}

function closed(): PublishError {
  return new PublishError('peer-closed', 'The connection to the server is lost. Trying again.');
}

function refusedHere(cause: unknown): PublishError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new PublishError('webrtc-failed', `The browser could not open the connection: ${said}.`, { cause });
}
