import { LivereelError } from '../errors.ts';
import { randomId } from '../store/random-id.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { Person } from './asker.ts';
import { type AttemptLimits, networkOf } from './attempt-limits.ts';
import type { AuthSecret } from './auth-secret.ts';
import type { LoginStore } from './login-store.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { SignedTokens } from './signed-tokens.ts';

/** From where somebody comes. `address`: an IP address, or `unknown`. */
export type Client = { readonly address: string; readonly userAgent: string | null };

/** What a login is held by. */
export type LoginTokens = {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** How long the access token is good. */
  readonly expiresInSeconds: number;
  /** How long the refresh token is good, if it is not used. */
  readonly refreshInSeconds: number;
};

/** Somebody who is logged in now. */
export type LoggedIn = { readonly account: Account; readonly tokens: LoginTokens };

const accessSeconds = 600;
const refreshSeconds = 30 * 86_400;
const mostLogins = 50;
const longestUserAgent = 300;

export type LoginsParts = {
  readonly accounts: AccountStore;
  readonly store: LoginStore;
  readonly hasher: PasswordHasher;
  readonly limits: AttemptLimits;
  readonly secret: Pick<AuthSecret, 'key'>;
};

/** Who is logged in where: from the password to tokens, from tokens to the person. */
export class Logins {
  readonly #parts: LoginsParts;
  readonly #access: SignedTokens;
  readonly #refresh: SignedTokens;

  constructor(parts: LoginsParts) {
    this.#parts = parts;
    this.#access = new SignedTokens(parts.secret, 'access-token', accessSeconds);
    this.#refresh = new SignedTokens(parts.secret, 'refresh-token', refreshSeconds);
  }

  /**
   * Logs somebody in. Whether there is such an account shows neither in the answer nor in its time.
   * @throws LivereelError `login-failed`, `too-many-requests`, `server-full`.
   */
  async logIn(email: string, password: string, client: Client): Promise<LoggedIn> {
    const { accounts, store, hasher, limits } = this.#parts;
    const network = networkOf(client.address);
    await limits.take('log-in from address', network);
    const account = await accounts.findByEmail(email);
    const isKnown = await store.knowsAddress(account?.id ?? '', client.address);
    const [kind, subject] = isKnown
      ? (['log-in to account from known address', `${email}\0${client.address}`] as const)
      : (['log-in to account', email] as const);
    await limits.take(kind, subject);
    const { isRight, isOutdated } = await hasher.check(password, account?.passwordHash);
    if (account === undefined || !isRight) {
      throw new LivereelError('login-failed', 'The e-mail address or the password is wrong.');
    }
    await limits.giveBack('log-in from address', network);
    await limits.clear(kind, subject);
    if (isOutdated) await accounts.update(account.id, { passwordHash: await hasher.hash(password) });
    return { account, tokens: await this.begin(account.id, client) };
  }

  /** Begins a login of somebody who is known to be who they say. */
  async begin(accountId: string, client: Client): Promise<LoginTokens> {
    const now = new Date();
    const claims = { accountId, loginId: randomId(), tokenId: randomId() };
    const { address: clientAddress, userAgent } = client;
    await this.#parts.store.insert(
      {
        id: claims.loginId,
        accountId,
        tokenId: claims.tokenId,
        clientAddress,
        userAgent: userAgent?.slice(0, longestUserAgent) ?? null,
        expiresAt: this.#refresh.expiry(now),
      },
      mostLogins,
    );
    return this.#sign(claims, now);
  }

  /**
   * New tokens for a refresh token, which is good once.
   * @throws LivereelError `unauthorized`; `refresh-token-reused` for one that was used before: the login is over then,
   * because one of the two who have it is not who they should be (RFC 9700, section 4.14.2).
   */
  async refresh(refreshToken: string): Promise<LoggedIn> {
    const claims = await this.#refresh.verify(refreshToken);
    const now = new Date();
    const next = { ...claims, tokenId: randomId() };
    const { store } = this.#parts;
    const rotation = await store.rotate(
      claims.loginId,
      claims.tokenId,
      next.tokenId,
      this.#refresh.expiry(now),
    );
    if (rotation === 'used-before') {
      const detail =
        'This refresh token was used before. In case somebody copied it, the login has ended. Log in again.';
      throw new LivereelError('refresh-token-reused', detail);
    }
    const found = rotation === 'done' ? await store.find(claims.loginId) : undefined;
    if (found === undefined) throw loginOver();
    return { account: found.account, tokens: await this.#sign(next, now) };
  }

  /** Who holds an access token, as they are at this moment. @throws LivereelError `unauthorized`. */
  async personOf(accessToken: string): Promise<Person> {
    const { accountId, loginId } = await this.#access.verify(accessToken);
    const found = await this.#parts.store.find(loginId);
    if (found === undefined || found.account.id !== accountId) throw loginOver();
    const { role, level } = found.account;
    return { kind: 'person', accountId, role, level, login: { id: loginId, since: found.since } };
  }

  /** Logs out: neither of the login's tokens is good any more. */
  async end(loginId: string): Promise<void> {
    await this.#parts.store.end(loginId, 'logged out');
  }

  /** The same by the refresh token alone; one that is not good is no error. */
  async endBy(refreshToken: string): Promise<void> {
    const claims = await this.#refresh.verify(refreshToken).catch(() => undefined);
    if (claims !== undefined) await this.end(claims.loginId);
  }

  async #sign(
    claims: { accountId: string; loginId: string; tokenId: string },
    now: Date,
  ): Promise<LoginTokens> {
    return {
      accessToken: await this.#access.sign({ ...claims, tokenId: randomId() }, now),
      refreshToken: await this.#refresh.sign(claims, now),
      expiresInSeconds: accessSeconds,
      refreshInSeconds: refreshSeconds,
    };
  }
}

function loginOver(): LivereelError {
  return new LivereelError('unauthorized', 'This login is over. Log in again.');
}
