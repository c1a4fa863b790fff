import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import { randomId } from '../store/random-id.ts';
import type { Account, AccountChanges, AccountStore } from './account-store.ts';
import type { Person } from './asker.ts';
import { type AttemptLimits, networkOf } from './attempt-limits.ts';
import type { LoginStore } from './login-store.ts';
import type { Client, LoggedIn, Logins } from './logins.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** What deleting an account needs of the library, which stands below. */
export interface OwnedVideos {
  /** Removes all videos of an account for good, also what is live; gives how many there were. */
  deleteVideosOf(accountId: string): Promise<number>;
}

/** What somebody wants changed of their account; a new password or e-mail address needs the present password. */
export type AccountWish = {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  readonly currentPassword?: string | undefined;
};

export type AccountsParts = {
  readonly store: AccountStore;
  readonly logins: Logins;
  readonly loginStore: LoginStore;
  readonly hasher: PasswordHasher;
  readonly limits: AttemptLimits;
  readonly videos: OwnedVideos;
  readonly log: Log;
};

/** Who logged in no longer ago need not give the password again to delete everything. */
const freshLoginSeconds = 900;

/** People's accounts, from the first day to the last. */
export class Accounts {
  readonly #parts: AccountsParts;
  /** Those being deleted, by account. */
  readonly #deleting = new Map<string, Promise<void>>();

  constructor(parts: AccountsParts) {
    this.#parts = parts;
  }

  /**
   * Makes an account and logs in. `email` is in lower case. It takes as long when the address is taken.
   * @throws LivereelError `email-taken`, `forbidden` (nobody signs up here), `too-many-requests`, `server-full`.
   */
  async signUp(wish: { email: string; password: string; name: string }, client: Client): Promise<LoggedIn> {
    const { store, logins, hasher, limits, log } = this.#parts;
    if (!limits.mayTry('sign-up from address')) {
      throw new LivereelError('forbidden', 'Nobody signs up here. Ask whoever runs this server.');
    }
    // All count: each that fails tells that an address is taken, and cannot but do so where no mail is sent.
    await limits.take('sign-up from address', networkOf(client.address));
    const passwordHash = await hasher.hash(wish.password);
    const account = await store.insert({
      id: randomId(),
      email: wish.email,
      name: wish.name,
      passwordHash,
      role: 'user',
      level: 'free',
      createdAt: new Date(),
    });
    log.info({ accountId: account.id }, 'account made');
    return { account, tokens: await logins.begin(account.id, client) };
  }

  /** One's own. @throws LivereelError `unauthorized` when it is gone. */
  async own(person: Person): Promise<Account> {
    const account = await this.#parts.store.find(person.accountId);
    if (account === undefined) throw gone();
    return account;
  }

  /**
   * Changes one's own account. A new password ends all other logins.
   * @throws LivereelError `login-failed` (the present password is wrong), `email-taken`, `forbidden`,
   * `validation-failed`, `too-many-requests`.
   */
  async change(person: Person, wish: AccountWish): Promise<Account> {
    const { store, hasher, loginStore, log } = this.#parts;
    const changes: { -readonly [Key in keyof AccountChanges]: AccountChanges[Key] } = {};
    if (wish.name !== undefined) changes.name = wish.name;
    if (wish.email !== undefined || wish.password !== undefined) {
      const login = requireLogin(person);
      await this.#confirm(person, wish.currentPassword);
      if (wish.email !== undefined) changes.email = wish.email;
      if (wish.password !== undefined) {
        changes.passwordHash = await hasher.hash(wish.password);
        // Before the new one is good: whoever is inside must not find a way around it.
        await loginStore.endOthers(person.accountId, login.id, 'password changed');
        log.info({ accountId: person.accountId }, 'password changed');
      }
    }
    const account = await store.update(person.accountId, changes);
    if (account === undefined) throw gone();
    return account;
  }

  /**
   * Deletes one's account and all its videos, for good. Somebody whose login is older than a quarter of an hour has to
   * give the password. Resolves when all is gone; what a stopped server left is deleted at the next start.
   * @throws LivereelError `login-failed`, `forbidden`, `validation-failed`, `too-many-requests`.
   */
  async delete(person: Person, password: string | undefined): Promise<void> {
    const login = requireLogin(person);
    const ageSeconds = (Date.now() - login.since.getTime()) / 1_000;
    if (password !== undefined || ageSeconds > freshLoginSeconds) await this.#confirm(person, password);
    await this.#parts.store.markDeleted(person.accountId);
    this.#parts.log.info({ accountId: person.accountId }, 'account deleted');
    await this.#finishDeleting(person.accountId);
  }

  /** Goes on deleting what a stopped server left. Never throws. */
  async resume(): Promise<void> {
    const { store, log } = this.#parts;
    try {
      for (const id of await store.deleted()) await this.#finishDeleting(id);
    } catch (error) {
      log.error({ err: error }, 'deleting accounts did not go on; tried again at the next start');
    }
  }

  #finishDeleting(id: string): Promise<void> {
    const running = this.#deleting.get(id);
    if (running !== undefined) return running;
    const work = this.#deleteAll(id).finally(() => this.#deleting.delete(id));
    this.#deleting.set(id, work);
    return work;
  }

  async #deleteAll(id: string): Promise<void> {
    const { store, videos } = this.#parts;
    // A session that was let in just before makes one more.
    do await videos.deleteVideosOf(id);
    while (!(await store.remove(id)));
  }

  /** @throws LivereelError `login-failed`, `validation-failed`, `too-many-requests`. */
  async #confirm(person: Person, password: string | undefined): Promise<void> {
    const { hasher, limits } = this.#parts;
    if (password === undefined) {
      throw new LivereelError('validation-failed', 'Send your present password too.', {
        errors: [{ path: 'currentPassword', message: 'needed for this' }],
      });
    }
    const { passwordHash } = await this.own(person);
    await limits.take('password', person.accountId);
    if (!(await hasher.check(password, passwordHash)).isRight) {
      throw new LivereelError('login-failed', 'The present password is wrong.');
    }
    await limits.clear('password', person.accountId);
  }
}

/** A script with an API key may not take over the account itself. @throws LivereelError `forbidden`. */
export function requireLogin({ login }: Person): NonNullable<Person['login']> {
  if (login !== null) return login;
  throw new LivereelError(
    'forbidden',
    'This is not done with an API key. Log in, and send the access token.',
  );
}

function gone(): LivereelError {
  return new LivereelError('unauthorized', 'There is no such account any more.');
}
