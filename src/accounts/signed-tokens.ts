import { webcrypto } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { LivereelError } from '../errors.ts';
import type { AuthSecret } from './auth-secret.ts';

/** Kinds of tokens of a login. Each has a key and a type (`typ`, RFC 8725, section 3.11) of its own. */
export type LoginTokenKind = 'access-token' | 'refresh-token';

/** What a token says. `tokenId` tells the refresh tokens of a login apart. */
export type TokenClaims = { readonly accountId: string; readonly loginId: string; readonly tokenId: string };

const algorithm = 'HS256';
const issuer = 'livereel';
const types = { 'access-token': 'at+jwt', 'refresh-token': 'livereel-refresh+jwt' } as const;
// Of two servers with one database the clocks may differ by this much.
const toleranceSeconds = 5;

/** Signs one kind of token, and takes no other: algorithm, issuer, type and key are all pinned. */
export class SignedTokens {
  readonly #kind: LoginTokenKind;
  /** Imported once: jose would do it anew, on another thread, with each token that a request brings. */
  readonly #key: Promise<webcrypto.CryptoKey>;
  readonly #lifeSeconds: number;

  constructor(secret: Pick<AuthSecret, 'key'>, kind: LoginTokenKind, lifeSeconds: number) {
    this.#kind = kind;
    const hmac = { name: 'HMAC', hash: 'SHA-256' };
    this.#key = webcrypto.subtle.importKey('raw', secret.key(kind), hmac, false, ['sign', 'verify']);
    this.#lifeSeconds = lifeSeconds;
  }

  /** From when on it is good no longer, for one signed at `now`. */
  expiry(now: Date): Date {
    return new Date(now.getTime() + this.#lifeSeconds * 1_000);
  }

  /** A JSON Web Token (RFC 7519). */
  async sign({ accountId, loginId, tokenId }: TokenClaims, now: Date): Promise<string> {
    return await new SignJWT({ sid: loginId })
      .setProtectedHeader({ alg: algorithm, typ: types[this.#kind] })
      .setIssuer(issuer)
      .setSubject(accountId)
      .setJti(tokenId)
      .setIssuedAt(now)
      .setExpirationTime(this.expiry(now))
      .sign(await this.#key);
  }

  /** What a token says, if it is one of ours and still good. @throws LivereelError `unauthorized`. */
  async verify(token: string): Promise<TokenClaims> {
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        algorithms: [algorithm],
        issuer,
        typ: types[this.#kind],
        requiredClaims: ['sub', 'sid', 'jti', 'iat', 'exp'],
        clockTolerance: toleranceSeconds,
      });
      return {
        accountId: String(payload.sub),
        loginId: String(payload.sid),
        tokenId: String(payload.jti),
      };
    } catch (cause) {
      if (!(cause instanceof errors.JOSEError)) throw cause;
      const isOld = cause instanceof errors.JWTExpired;
      const next = this.#kind === 'access-token' ? 'Refresh it, or log in again.' : 'Log in again.';
      const detail = isOld ? `The token has expired. ${next}` : `This is no ${words[this.#kind]}. ${next}`;
      throw new LivereelError('unauthorized', detail, { cause });
    }
  }
}

const words = {
  'access-token': 'access token of this server',
  'refresh-token': 'refresh token of this server',
};

/** Whether a token says of itself that it is an access token; whether that is true `SignedTokens` finds out. */
export function isAccessToken(token: string): boolean {
  try {
    return decodeProtectedHeader(token).typ === types['access-token'];
  } catch {
    return false;
  }
}
