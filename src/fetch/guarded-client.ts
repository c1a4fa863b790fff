import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { LivereelError } from '../errors.ts';
import { type AddressGuard, type CheckedAddress, hostOf, pinnedLookup, portOf } from './address-guard.ts';
import { boundedBody, type Pace, usualPace } from './bounded-body.ts';

/** What is asked for. */
export type GuardedRequest = {
  /** Without it GET. Only GET and HEAD follow redirects. */
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** What is read of the answer's body, after decompression. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

/** What came. Who does not read the body to its end calls `discard`. */
export type GuardedAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where it came from in the end, without credentials. */
  readonly url: URL;
  /** @throws LivereelError as `boundedBody` does. */
  readonly body: AsyncIterable<Buffer>;
  discard(): void;
};

/** What a client is made of. */
export type GuardedClientOptions = {
  readonly guard: AddressGuard;
  readonly pace?: Pace;
  /** From the request to the answer's head, DNS and connecting included. Without it 30. */
  readonly headSeconds?: number;
  readonly userAgent?: string;
  /**
   * Whether the credentials of a URL are sent to its origin with later requests too, as a playlist's segments need it.
   * Only for a client on behalf of one person.
   */
  readonly keepsCredentials?: boolean;
};

const mostRedirects = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What is for the one origin that it was given for. */
const secretHeaders: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

/**
 * Fetches from addresses that somebody else named. Each step of a redirect is checked by the guard, and the
 * connection goes to the very address that was checked. Credentials of a URL are sent to its own origin alone.
 * Connections are kept between requests; the owner closes it.
 */
export class GuardedClient {
  readonly #guard: AddressGuard;
  readonly #pace: Pace;
  readonly #headSeconds: number;
  readonly #userAgent: string;
  /** By origin: a playlist's segments need what its own address brought along. */
  readonly #kept = new Map<string, string>();
  readonly #keepsCredentials: boolean;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 8, timeout: 60_000 });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: 8, timeout: 60_000 });

  constructor(options: GuardedClientOptions) {
    const {
      guard,
      pace = usualPace,
      headSeconds = 30,
      userAgent = 'livereel',
      keepsCredentials = false,
    } = options;
    this.#keepsCredentials = keepsCredentials;
    this.#guard = guard;
    this.#pace = pace;
    this.#headSeconds = headSeconds;
    this.#userAgent = userAgent;
  }

  /**
   * Asks, follows redirects, and answers whatever status there is in the end.
   * @throws LivereelError `source-address-refused`, `source-unavailable`, `source-refused` (redirects without end);
   * the signal's reason.
   */
  async request(address: URL, request: GuardedRequest): Promise<GuardedAnswer> {
    let url = withoutFragment(address);
    let headers = lowerCase(request.headers ?? {});
    const authorization = authorizationOf(url);
    const own = authorization === undefined ? undefined : { origin: url.origin, authorization };
    if (own !== undefined && this.#keepsCredentials) this.#kept.set(own.origin, own.authorization);
    for (let step = 0; step <= mostRedirects; step += 1) {
      const isOwn = own?.origin === url.origin;
      const known = isOwn ? own?.authorization : this.#kept.get(url.origin);
      const credentials = known === undefined ? {} : { authorization: known };
      const answer = await this.#once(url, { ...credentials, ...headers }, request);
      const next = request.method === 'POST' ? undefined : nextUrl(url, answer);
      if (next === undefined) return this.#answered(answer, url, request);
      answer.destroy();
      // Credentials that a redirect brings along are not the asker's, and stay unused.
      const following = withoutCredentials(next);
      if (following.origin !== url.origin) headers = withoutSecrets(headers);
      url = following;
    }
    throw new LivereelError(
      'source-refused',
      `The address leads on and on: ${mostRedirects} redirects, no end.`,
    );
  }

  /** Lets connections go. Safe to call twice. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #answered(answer: IncomingMessage, url: URL, { maxBytes, signal }: GuardedRequest): GuardedAnswer {
    const limits = { maxBytes, signal, pace: this.#pace };
    return {
      status: answer.statusCode ?? 0,
      headers: answer.headers,
      url: withoutCredentials(url),
      body: { [Symbol.asyncIterator]: () => boundedBody(answer, limits) },
      discard: () => answer.destroy(),
    };
  }

  async #once(url: URL, headers: Record<string, string>, request: GuardedRequest): Promise<IncomingMessage> {
    const { signal } = request;
    signal.throwIfAborted();
    const patience = AbortSignal.timeout(this.#headSeconds * 1_000);
    const both = AbortSignal.any([signal, patience]);
    try {
      const addresses = await unlessAborted(this.#guard.addressesOf(url), both);
      const ask = () => this.#ask(url, addresses, headers, request, both);
      // A connection that was kept may have been closed by the other side at this very moment.
      return await ask().catch(error => (error instanceof StaleConnection ? ask() : Promise.reject(error)));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LivereelError) throw error;
      throw unreachable(url, patience.aborted ? 'it does not answer in time' : reasonOf(error), error);
    }
  }

  #ask(
    url: URL,
    addresses: readonly [CheckedAddress, ...CheckedAddress[]],
    headers: Record<string, string>,
    { method = 'GET', body, signal }: GuardedRequest,
    patience: AbortSignal,
  ): Promise<IncomingMessage> {
    const isSecure = url.protocol === 'https:';
    const host = hostOf(url);
    const start = isSecure ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const asked = start({
        method,
        host,
        port: portOf(url),
        path: `${url.pathname}${url.search}`,
        agent: isSecure ? this.#https : this.#http,
        lookup: pinnedLookup(addresses),
        ...(isSecure && isIP(host) === 0 && { servername: host }),
        headers: {
          host: url.host,
          'user-agent': this.#userAgent,
          accept: '*/*',
          'accept-encoding': 'identity',
          ...headers,
        },
      });
      const stop = () => asked.destroy(patience.reason instanceof Error ? patience.reason : undefined);
      patience.addEventListener('abort', stop, { once: true });
      asked.once('socket', socket => this.#watch(socket, url, asked));
      asked.once('error', error => {
        const isStale = asked.reusedSocket && method !== 'POST' && reasonOf(error) === closedReason;
        reject(isStale ? new StaleConnection() : error);
      });
      asked.once('response', answer => {
        patience.removeEventListener('abort', stop);
        // From here on only who asked may end it: `patience` was for the head.
        const cancel = () => answer.destroy(signal.reason instanceof Error ? signal.reason : undefined);
        signal.addEventListener('abort', cancel, { once: true });
        answer.once('close', () => signal.removeEventListener('abort', cancel));
        // An answer that nobody reads any more may fail without anyone minding.
        answer.on('error', () => undefined);
        resolve(answer);
      });
      asked.end(body);
    });
  }

  /** A second look where it counts, at the connection itself: whatever came between, it goes to a permitted address. */
  #watch(socket: Socket, url: URL, asked: { destroy(error: Error): void }): void {
    const look = () => {
      if (socket.remoteAddress === undefined || this.#guard.permits(socket.remoteAddress, portOf(url)))
        return;
      const error = new LivereelError('source-address-refused', `${hostOf(url)} may not be fetched from.`);
      asked.destroy(error);
      socket.destroy(error);
    };
    if (socket.connecting) socket.once('connect', look);
    else look();
  }
}

/** A URL without what should not be shown or sent on: user name, password, fragment. */
export function withoutCredentials(url: URL): URL {
  const bare = new URL(url.href);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare;
}

function nextUrl(url: URL, answer: IncomingMessage): URL | undefined {
  const { location } = answer.headers;
  if (!redirects.has(answer.statusCode ?? 0) || location === undefined) return undefined;
  if (!URL.canParse(location, url.href)) {
    answer.destroy();
    throw new LivereelError('source-refused', 'The server leads on to something that is no address.');
  }
  return new URL(location, url.href);
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function withoutSecrets(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secretHeaders.includes(name)));
}

function withoutFragment(url: URL): URL {
  const bare = new URL(url.href);
  bare.hash = '';
  return bare;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  // getaddrinfo knows no end of its own.
  return await new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

const closedReason = 'it closed the connection';
class StaleConnection extends Error {
  override readonly message = closedReason;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'it takes no connection';
  if (code === 'ECONNRESET' || code === 'EPIPE') return closedReason;
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return 'it cannot be reached';
  if (code?.startsWith('HPE_')) return 'it does not speak HTTP';
  return code ?? message;
}

function unreachable(url: URL, reason: string, cause: unknown): LivereelError {
  return new LivereelError('source-unavailable', `${url.host} could not be asked: ${reason}.`, { cause });
}
