import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type BadWay, UdpRelay } from '../../test/support/udp-relay.ts';
import type { Janus } from './janus.ts';
import type { Room } from './room.ts';

type Reply = { readonly status: number; readonly body: string; readonly location?: string };

/**
 * Offers and answers over HTTP in front of Janus, so that the bench's peers need not know its API: `POST /publish/<room>`
 * as WHIP, `POST /view/<room>` gives an offer and a `Location` for the answer. With a bad way, each of its UDP ports has
 * a relay before it, and peers are told of the relay. Whoever opened it closes it, not Janus.
 */
export class JanusDoors {
  readonly #janus: Janus;
  readonly #way: BadWay | null;
  readonly #server: Server;
  readonly #relays = new Map<number, UdpRelay>();
  /** Answers that Janus waits for. */
  readonly #answers = new Map<string, (sdp: string) => void>();
  #rooms = 0;

  private constructor(janus: Janus, way: BadWay | null) {
    this.#janus = janus;
    this.#way = way;
    this.#server = createServer((request, response) => {
      void this.#handle(request)
        .catch((error: Error) => ({ status: 500, body: error.message }) as Reply)
        .then(({ status, body, location }) => {
          response.writeHead(status, location === undefined ? {} : { location }).end(body);
        });
    });
  }

  /** `way`: how bad the way to Janus is; null: none is put between. */
  static async open(janus: Janus, way: BadWay | null = null): Promise<JanusDoors> {
    const doors = new JanusDoors(janus, way);
    await new Promise<void>(resolve => doors.#server.listen(0, '127.0.0.1', resolve));
    return doors;
  }

  /** A new room with doors of its own. */
  async newRoom(): Promise<Room> {
    this.#rooms += 1;
    await this.#janus.createRoom(this.#rooms);
    const base = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return {
      publishUrl: `${base}/publish/${this.#rooms}`,
      token: '',
      viewUrl: `${base}/view/${this.#rooms}`,
      serverOffers: true,
    };
  }

  /** How many packets the relays have lost on purpose. */
  get lostOnTheWay(): number {
    return [...this.#relays.values()].reduce((sum, { counters }) => sum + counters.lost, 0);
  }

  /** Safe to call twice. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const relay of this.#relays.values()) relay.close();
    this.#relays.clear();
  }

  async #handle(request: IncomingMessage): Promise<Reply> {
    const [, what, room = ''] = (request.url ?? '').split('/');
    const sdp = await text(request);
    if (what === 'publish') {
      const answer = await this.#janus.publish(Number(room), sdp);
      return { status: 201, body: await this.#relayed(answer), location: `/gone/${room}` };
    }
    if (what === 'view') {
      const offer = await this.#offer(Number(room));
      return { status: 201, body: await this.#relayed(offer.sdp), location: `/answer/${offer.id}` };
    }
    this.#answers.get(room)?.(sdp);
    return { status: 204, body: '' };
  }

  #offer(room: number): Promise<{ readonly sdp: string; readonly id: string }> {
    return new Promise((resolve, reject) => {
      const id = `${this.#answers.size + 1}`;
      const answered = new Promise<string>(take => this.#answers.set(id, take));
      this.#janus
        .view(room, sdp => {
          resolve({ sdp, id });
          return answered;
        })
        .catch(reject);
    });
  }

  /** The description with a relay's address where Janus' own stood. */
  async #relayed(sdp: string): Promise<string> {
    if (this.#way === null) return sdp;
    let told = sdp;
    for (const [line, head, address = '', port = ''] of sdp.matchAll(
      /^(a=candidate:\S+ 1 udp \d+) (\S+) (\d+) typ host/gm,
    )) {
      await this.#relayTo(address, Number(port), this.#way);
      told = told.replaceAll(line, `${head} ${UdpRelay.address} ${port} typ host`);
    }
    return told;
  }

  async #relayTo(address: string, port: number, way: BadWay): Promise<void> {
    if (this.#relays.has(port)) return;
    const relay = await UdpRelay.open(port, address);
    relay.become(way);
    this.#relays.set(port, relay);
  }
}
