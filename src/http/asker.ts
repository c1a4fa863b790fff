import type { Context, MiddlewareHandler } from 'hono';
import { ApiKeys } from '../accounts/api-keys.ts';
import { type Asker, anyone, type Person } from '../accounts/asker.ts';
import type { Logins } from '../accounts/logins.ts';
import { isAccessToken } from '../accounts/signed-tokens.ts';
import { LivereelError } from '../errors.ts';
import { isLoopback } from '../setting-values.ts';
import { tokenOf } from './bearer-token.ts';
import { cookieTokens, isOwnPage } from './login-cookies.ts';
import { type HeaderReader, type PublicAddress, publicUrlFor } from './request-origin.ts';

/** Who knows people by what their requests carry. */
export interface Askers {
  /** `headers`: at least those that `askerHeaders` names. @throws LivereelError `unauthorized` for a bad token or key. */
  of(headers: HeaderReader): Promise<Asker>;
}

/** The headers that tell who asks, and through which address. */
export const askerHeaders = [
  'authorization',
  'cookie',
  'host',
  'origin',
  'sec-fetch-site',
  'x-forwarded-host',
  'x-forwarded-proto',
] as const;

/** A server without accounts: everybody is unknown. */
export const nobodyKnown: Askers = { of: async () => anyone };

/** The same, but that a bad token or key makes its bearer nobody: where it is all the same why there is nothing. */
export function forgiving(askers: Askers): Askers {
  return { of: async headers => (await askers.of(headers).catch(unlessUnauthorized)) ?? anyone };
}

export type KnownAskersParts = {
  readonly logins: Pick<Logins, 'personOf'>;
  readonly apiKeys: Pick<ApiKeys, 'personOf'>;
  /** `ACCESS=open` on a loopback host: whoever is at the machine needs no account. */
  readonly isOpenHere: boolean;
  readonly publicAddress: () => PublicAddress;
};

/**
 * Knows people by an access token or an API key (`Authorization: Bearer ...`), else by their page's cookie. Other
 * tokens (of a session, for playback) say nothing about who asks.
 */
export class KnownAskers implements Askers {
  readonly #parts: KnownAskersParts;

  constructor(parts: KnownAskersParts) {
    this.#parts = parts;
  }

  async of(headers: HeaderReader): Promise<Asker> {
    const { logins, apiKeys, isOpenHere, publicAddress } = this.#parts;
    const token = tokenOf(headers, undefined);
    if (token !== undefined && ApiKeys.isKey(token)) return await apiKeys.personOf(token);
    if (token !== undefined && isAccessToken(token)) return await logins.personOf(token);
    const { access } = cookieTokens(headers, publicAddress());
    const person = access === undefined ? undefined : await logins.personOf(access).catch(unlessUnauthorized);
    if (person !== undefined) return person;
    // Who shows a token wants to be let in by it, and is told when it is wrong.
    return token === undefined && isOpenHere && isAtThisMachine(headers, publicAddress())
      ? { kind: 'owner-of-all' }
      : anyone;
  }
}

/** What is no longer good is no reason to refuse: it is one of somebody who is not logged in. */
function unlessUnauthorized(error: unknown): undefined {
  if (error instanceof LivereelError && error.code === 'unauthorized') return undefined;
  throw error;
}

/**
 * Whether the machine was asked for by a name of its own, and not by a page from elsewhere. Who comes through another
 * proxy, or by a foreign name that was made to lead here (DNS rebinding), is not at the machine.
 */
function isAtThisMachine(headers: HeaderReader, address: PublicAddress): boolean {
  const url = publicUrlFor(headers, { ...address, isFixed: false });
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, '')) && isOwnPage(headers, url);
}

const variable = 'asker';
// Whose access token is over comes here for another one, and may send it along.
const loginsPath = '/api/v1/logins';

/** Lets routes ask who asks; found out once a request. A token that is not good is refused at once, wherever it goes. */
export function rememberAsker(askers: Askers): MiddlewareHandler {
  return async (c, next) => {
    let asker: Promise<Asker> | undefined;
    const find = () => {
      asker ??= askers.of(c.req.raw.headers);
      return asker;
    };
    c.set(variable, find);
    // Else a bad token would be told from a good one only where there is something private to see.
    if (c.req.raw.headers.has('authorization') && !c.req.path.startsWith(loginsPath)) await find();
    await next();
  };
}

/** On whose behalf a request asks. */
export function askerOf(c: Context): Promise<Asker> {
  return (c.get(variable) as () => Promise<Asker>)();
}

/** The person who asks. @throws LivereelError `unauthorized` when it is nobody we know. */
export async function personOf(c: Context): Promise<Person> {
  const asker = await askerOf(c);
  if (asker.kind === 'person') return asker;
  const detail = 'Log in, then send the access token or an API key as "Authorization: Bearer ...".';
  throw new LivereelError('unauthorized', detail);
}

/** What a request brings along to be let in by: the token it names, and who asks, found out only when it matters. */
export function credentialsOf(c: Context) {
  return { token: tokenOf(c.req.raw.headers, c.req.query('token')), asker: () => askerOf(c) };
}
