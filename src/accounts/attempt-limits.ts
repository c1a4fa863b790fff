import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { LivereelError } from '../errors.ts';
import type { AttemptStore } from './attempt-store.ts';
import type { AuthSecret } from './auth-secret.ts';

/** How often something may be tried in a window of time. */
export type AttemptLimit = { readonly most: number; readonly windowSeconds: number };

const quarterHour = 900;
const hour = 3_600;

/** What is counted. Right passwords do not count. */
export const attemptLimits = {
  /** Wrong log-ins from one address, whatever the account. */
  'log-in from address': { most: 30, windowSeconds: quarterHour },
  /** Wrong log-ins to one account from addresses that it does not know. */
  'log-in to account': { most: 10, windowSeconds: quarterHour },
  /** Wrong log-ins to one account from an address from which its owner logged in before: nobody else locks it out. */
  'log-in to account from known address': { most: 10, windowSeconds: quarterHour },
  /** Wrong passwords where somebody who is logged in has to give theirs. */
  password: { most: 10, windowSeconds: quarterHour },
} as const satisfies Record<string, AttemptLimit>;

/** What may be tried so and so often. */
export type AttemptKind = keyof typeof attemptLimits | 'sign-up from address';

/** Counts attempts and refuses what is over the limit. `subject` is an address, an account; kept as a hash only. */
export class AttemptLimits {
  readonly #store: AttemptStore;
  readonly #key: Uint8Array;
  readonly #limits: Readonly<Record<AttemptKind, AttemptLimit>>;

  /** `mostSignUps`: of one address an hour. */
  constructor(store: AttemptStore, secret: Pick<AuthSecret, 'key'>, mostSignUps: number) {
    this.#store = store;
    this.#key = secret.key('attempts');
    this.#limits = { ...attemptLimits, 'sign-up from address': { most: mostSignUps, windowSeconds: hour } };
  }

  /**
   * Counts an attempt before it is made, so that many at once are counted too.
   * @throws LivereelError `too-many-requests` when it is one too many.
   */
  async take(kind: AttemptKind, subject: string): Promise<void> {
    const { most, windowSeconds } = this.#limits[kind];
    const { count, endsAt } = await this.#store.add(this.#nameOf(kind, subject), windowSeconds);
    if (count <= most) return;
    const retryAfterSeconds = Math.max(1, Math.ceil((endsAt.getTime() - Date.now()) / 1_000));
    const minutes = Math.ceil(retryAfterSeconds / 60);
    const detail = `Too many tries. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`;
    throw new LivereelError('too-many-requests', detail, { retryAfterSeconds });
  }

  /** False where even the first is one too many. */
  mayTry(kind: AttemptKind): boolean {
    return this.#limits[kind].most > 0;
  }

  /** It was right: it does not count. */
  async giveBack(kind: AttemptKind, subject: string): Promise<void> {
    await this.#store.giveBack(this.#nameOf(kind, subject));
  }

  /** It was right: those before do not count any more either. */
  async clear(kind: AttemptKind, subject: string): Promise<void> {
    await this.#store.clear(this.#nameOf(kind, subject));
  }

  #nameOf(kind: AttemptKind, subject: string): string {
    return createHmac('sha256', this.#key).update(`${kind}\0${subject}`).digest('base64url');
  }
}

/** What counts as one address: of IPv6 the first half, for everybody has 2^64 of them. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail] = address.split('::');
  const groups = (half: string | undefined) => (half ? half.split(':') : []);
  const [first, last] = [groups(head), groups(tail)];
  const zeros = tail === undefined ? [] : Array(Math.max(0, 8 - first.length - last.length)).fill('0');
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':');
}
