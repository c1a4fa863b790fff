import type { IceServer } from './peer-connection-class.ts';
import { PublishError } from './publish-error.ts';
import { problemOf } from './session-api.ts';

/** What a server answers to an offer: `201` of WHIP (RFC 9725, section 4.2) and WHEP. */
export type ExchangedAnswer = {
  readonly sdp: string;
  /** Where this peer is changed and hung up; undefined when the server named none. */
  readonly resourceUrl: string | undefined;
  /** Of its `Link` headers; empty without any. */
  readonly iceServers: readonly IceServer[];
  /** What the server's clock is ahead of this one's, by `Livereel-Now`; undefined without it. */
  readonly clockOffsetMillis: number | undefined;
};

/**
 * Sends an offer, and resolves with the server's answer.
 * @throws PublishError `server-unreachable`, or the server's code with `facts.status`; the signal's reason.
 */
export async function sendOffer(
  url: string,
  offer: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<ExchangedAnswer> {
  const headers = { 'content-type': 'application/sdp', accept: 'application/sdp', ...bearer(token) };
  const askedAtMillis = Date.now();
  const answer = await reach(url, { method: 'POST', headers, body: offer }, signal);
  const middleMillis = (askedAtMillis + Date.now()) / 2;
  const serverNowMillis = Number(answer.headers.get('livereel-now') ?? Number.NaN);
  const location = answer.headers.get('location');
  return {
    sdp: await answer.text(),
    resourceUrl: location === null ? undefined : new URL(location, answer.url || url).href,
    iceServers: readIceServers(answer.headers.get('link')),
    clockOffsetMillis: Number.isFinite(serverNowMillis) ? serverNowMillis - middleMillis : undefined,
  };
}

/**
 * Sends new ICE credentials (RFC 9725, section 4.3.3), and resolves with the fragment that answers them; empty when
 * the server had nothing to say.
 * @throws PublishError as `sendOffer`.
 */
export async function sendRestart(
  resourceUrl: string,
  fragment: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*', ...bearer(token) };
  const answer = await reach(resourceUrl, { method: 'PATCH', headers, body: fragment }, signal);
  return await answer.text();
}

/** Hangs up; also while the page is left. Resolves when the server knows, or cannot be told. */
export async function hangUp(resourceUrl: string, token: string | undefined): Promise<void> {
  await fetch(resourceUrl, { method: 'DELETE', headers: bearer(token), keepalive: true }).catch(() => {});
}

/** Reads STUN and TURN servers out of a `Link` header (RFC 9725, section 4.6). What is something else is left out. */
export function readIceServers(link: string | null): IceServer[] {
  const servers: IceServer[] = [];
  for (const [, urls = '', parameters = ''] of (link ?? '').matchAll(/<([^>]*)>((?:[^,"]|"[^"]*")*)/g)) {
    const parameter = (name: string) => new RegExp(`;\\s*${name}="?([^";]*)"?`, 'i').exec(parameters)?.[1];
    if (parameter('rel') !== 'ice-server' || !/^(stun|turn)s?:/i.test(urls)) continue;
    const username = parameter('username');
    const credential = parameter('credential');
    const isTurn = /^turn/i.test(urls);
    // A TURN server without both makes the browser refuse the whole list.
    if (isTurn && (username === undefined || credential === undefined)) continue;
    servers.push(
      isTurn ? { urls, username: username as string, credential: credential as string } : { urls },
    );
  }
  return servers;
}

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function reach(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, { ...init, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new PublishError('server-unreachable', 'The server does not answer. Trying again.', { cause });
  }
  if (answer.ok) return answer;
  throw await problemOf(answer);
}
