import { createHash } from 'node:crypto';
import { LivereelError } from '../errors.ts';
import { randomId } from '../store/random-id.ts';
import type { ApiKey, ApiKeyStore } from './api-key-store.ts';
import type { Person } from './asker.ts';

// Found by those who look for secrets that were published by mistake.
const prefix = 'lrk_';
const secretLength = 40;
const mostKeys = 50;

/** Keys with which scripts act for a person until they are revoked. Kept as hashes: a key is shown once. */
export class ApiKeys {
  readonly #store: ApiKeyStore;

  constructor(store: ApiKeyStore) {
    this.#store = store;
  }

  /** Whether a token looks like a key of ours. */
  static isKey(token: string): boolean {
    return token.startsWith(prefix);
  }

  /** Makes a key; `key` is told here only. @throws LivereelError `quota-exceeded` when there are 50. */
  async create(accountId: string, name: string): Promise<ApiKey & { readonly key: string }> {
    const key = `${prefix}${randomId(secretLength)}`;
    const made = await this.#store.insert(
      { id: randomId(), accountId, name, keyHash: hashOf(key) },
      mostKeys,
    );
    if (made === undefined) {
      throw new LivereelError('quota-exceeded', `${mostKeys} API keys are the most. Revoke one first.`);
    }
    return { ...made, key };
  }

  /** An account's keys, newest first. */
  list(accountId: string): Promise<ApiKey[]> {
    return this.#store.list(accountId);
  }

  /** From now on it opens nothing. @throws LivereelError `not-found`. */
  async revoke(accountId: string, id: string): Promise<void> {
    if (await this.#store.remove(accountId, id)) return;
    throw new LivereelError('not-found', 'There is no such API key. It may be revoked already.');
  }

  /** Who has the key. @throws LivereelError `unauthorized`. */
  async personOf(key: string): Promise<Person> {
    const account = await this.#store.use(hashOf(key));
    if (account === undefined) {
      throw new LivereelError('unauthorized', 'This API key is unknown here, or revoked. Make a new one.');
    }
    return { kind: 'person', accountId: account.id, role: account.role, level: account.level, login: null };
  }
}

/** 238 random bits need no salt and no slow hash. */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
