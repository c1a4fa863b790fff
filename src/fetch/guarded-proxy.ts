import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LivereelError } from '../errors.ts';
import { type AddressGuard, hostOf, pinnedLookup, portOf } from './address-guard.ts';
import { tooLarge } from './bounded-body.ts';

/** What a proxy is made of. */
export type GuardedProxyOptions = {
  readonly guard: AddressGuard;
  /** Of all answers together. */
  readonly maxBytes: number;
};

const silentMillis = 60_000;
const mostConnections = 64;
/** Between two neighbours only (RFC 9110, section 7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-authorization', 'proxy-authenticate', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/**
 * A forward proxy on the loopback address through which a program of others reaches the web, and nothing else: each
 * address is checked by the guard and connected to as it was checked. Whoever does not know its password is refused.
 * Its owner closes it.
 */
export class GuardedProxy {
  readonly #guard: AddressGuard;
  readonly #maxBytes: number;
  readonly #password = randomBytes(24).toString('hex');
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #bytes = 0;
  #refusal: LivereelError | undefined;

  private constructor({ guard, maxBytes }: GuardedProxyOptions) {
    this.#guard = guard;
    this.#maxBytes = maxBytes;
    this.#server = createServer({ maxHeaderSize: 64 * 1024 });
    this.#server.maxConnections = mostConnections;
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
    this.#server.on('request', (asked, answer) => void this.#forward(asked, answer));
    this.#server.on('connect', (asked, socket, head) => void this.#tunnel(asked, socket, head));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Starts one on a free port of 127.0.0.1. */
  static async start(options: GuardedProxyOptions): Promise<GuardedProxy> {
    const proxy = new GuardedProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** What a program gets as its `http_proxy`, the password in it. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://livereel:${this.#password}@127.0.0.1:${port}`;
  }

  /** Why something was refused, the first time; undefined when nothing was. */
  get refusal(): LivereelError | undefined {
    return this.#refusal;
  }

  /** Ends all connections. Safe to call twice, never throws. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
  }

  /** `GET http://host/path`: plain HTTP (RFC 9112, section 3.2.2). */
  async #forward(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    asked.on('error', () => undefined);
    answer.on('error', () => undefined);
    if (!this.#isKnown(asked)) {
      answer.writeHead(407, { 'proxy-authenticate': 'Basic realm="livereel"', connection: 'close' }).end();
      return;
    }
    try {
      const url = urlOf(asked.url ?? '');
      const addresses = await this.#guard.addressesOf(url);
      const onward = httpRequest({
        method: asked.method ?? 'GET',
        host: hostOf(url),
        port: portOf(url),
        path: `${url.pathname}${url.search}`,
        lookup: pinnedLookup(addresses),
        headers: { ...onwardHeaders(asked), host: url.host },
      });
      onward.on('socket', socket => this.#keep(socket));
      onward.on('error', () => answer.destroy());
      onward.on('response', response => {
        response.on('error', () => answer.destroy());
        this.#count(response);
        answer.writeHead(response.statusCode ?? 502, onwardHeaders(response));
        response.pipe(answer);
      });
      answer.on('close', () => onward.destroy());
      asked.pipe(onward);
    } catch (error) {
      this.#refused(error);
      answer.writeHead(403, { connection: 'close' }).end();
    }
  }

  /** `CONNECT host:port`: what is encrypted (RFC 9110, section 9.3.6). */
  async #tunnel(asked: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined);
    if (!this.#isKnown(asked)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
      return;
    }
    try {
      const url = urlOf(`https://${asked.url ?? ''}`);
      const addresses = await this.#guard.addressesOf(url);
      const lookup = pinnedLookup(addresses);
      const onward = connect({ host: hostOf(url), port: portOf(url), lookup, autoSelectFamily: true });
      this.#keep(onward);
      onward.on('error', () => socket.destroy());
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
      onward.once('connect', () => {
        socket.write('HTTP/1.1 200 Connected\r\n\r\n');
        if (head.length > 0) onward.write(head);
        this.#count(onward);
        onward.pipe(socket);
        socket.pipe(onward);
      });
    } catch (error) {
      this.#refused(error);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    }
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    const said = Buffer.from(headers['proxy-authorization'] ?? '');
    const right = Buffer.from(`Basic ${Buffer.from(`livereel:${this.#password}`).toString('base64')}`);
    return said.length === right.length && timingSafeEqual(said, right);
  }

  #refused(error: unknown): void {
    if (error instanceof LivereelError) this.#refusal ??= error;
  }

  #count(stream: NodeJS.ReadableStream): void {
    stream.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes <= this.#maxBytes) return;
      this.#refusal ??= tooLarge(this.#maxBytes);
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setTimeout(silentMillis, () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }
}

function urlOf(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new LivereelError('source-address-refused', 'This is no address of the web.');
}

function onwardHeaders({ headers }: IncomingMessage): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !hopByHop.has(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
