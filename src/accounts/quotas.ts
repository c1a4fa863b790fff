import type { Level, Role } from '../api/account.ts';
import { LivereelError } from '../errors.ts';
import type { Asker } from './asker.ts';
import type { Usage } from './usage-store.ts';

/** What an account may use; `null`: as much as there is. */
export type Quota = {
  /** Of all its videos together. */
  readonly minutes: number | null;
  readonly bytes: number | null;
  /** At once. */
  readonly sessions: number | null;
};

/** What somebody wants to begin. `sizeBytes`, `durationSeconds`: of the file, as far as they are known. */
export type QuotaWish =
  | { readonly kind: 'session' }
  | { readonly kind: 'upload' | 'import'; readonly sizeBytes?: number; readonly durationSeconds?: number };

/** What is known of a file that is becoming a video. `ownerId`: null when it is nobody's. */
export type OwnedFile = {
  readonly videoId: string;
  readonly ownerId: string | null;
  readonly sizeBytes?: number;
  readonly durationSeconds?: number;
};

export type QuotasParts = {
  readonly usage: { of(accountId: string, exceptVideoId?: string): Promise<Usage> };
  readonly accounts: {
    find(id: string): Promise<{ readonly level: Level; readonly role: Role } | undefined>;
  };
  readonly quotas: Readonly<Record<Level, Quota>>;
  /** `open`: anyone may publish; `accounts`: only people with an account. */
  readonly access: 'open' | 'accounts';
};

const retryAfterSeconds = 30;
const gibibyte = 1024 ** 3;

/** Decides who may publish, and how much. Admins may without limit, and so may all on a server that is open. */
export class Quotas {
  readonly #parts: QuotasParts;
  /** The newest wish of each account that has one under way. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(parts: QuotasParts) {
    this.#parts = parts;
  }

  /** What an account of this level may use. */
  of(level: Level): Quota {
    return this.#parts.quotas[level];
  }

  /**
   * Lets `make` make the new video's row when the asker may have one more; `ownerId` is what to put into it (null:
   * nobody's). Of one account's wishes one is decided at a time, so that many at once do not slip in together.
   * @throws LivereelError `unauthorized` (an account is needed), `quota-exceeded`, `too-many-sessions`; what `make` throws.
   */
  async admit<T>(asker: Asker, wish: QuotaWish, make: (ownerId: string | null) => Promise<T>): Promise<T> {
    if (asker.kind !== 'person') {
      if (asker.kind === 'anyone' && this.#parts.access !== 'open') throw accountNeeded();
      return await make(null);
    }
    const { accountId } = asker;
    if (asker.role === 'admin') return await make(accountId);
    return await this.#inTurn(accountId, async () => {
      await this.#check(asker, wish);
      return await make(accountId);
    });
  }

  /**
   * Looks once more when more of a file is known than when it was begun, or when others have come meanwhile: whether it
   * fits in beside all other videos of its owner.
   * @throws LivereelError `quota-exceeded`.
   */
  async checkFile({ videoId, ownerId, ...known }: OwnedFile): Promise<void> {
    const owner = ownerId === null ? undefined : await this.#parts.accounts.find(ownerId);
    if (ownerId === null || owner === undefined || owner.role === 'admin') return;
    const used = await this.#parts.usage.of(ownerId, videoId);
    this.#refuseTooMuch(owner.level, used, { kind: 'upload', ...known });
  }

  async #check({ accountId, level }: { accountId: string; level: Level }, wish: QuotaWish): Promise<void> {
    const used = await this.#parts.usage.of(accountId);
    this.#refuseTooMuch(level, used, wish);
    const { sessions } = this.of(level);
    if (wish.kind === 'session' && sessions !== null && used.sessions >= sessions) {
      const detail = `Your account may have ${sessions} live at once. End one of them first.`;
      throw new LivereelError('too-many-sessions', detail, { retryAfterSeconds });
    }
  }

  #refuseTooMuch(level: Level, used: Usage, wish: QuotaWish): void {
    const quota = this.of(level);
    const isFile = wish.kind !== 'session';
    const seconds = used.durationSeconds + (isFile ? (wish.durationSeconds ?? 0) : 0);
    const bytes = used.sizeBytes + (isFile ? (wish.sizeBytes ?? 0) : 0);
    if (isOver(seconds, quota.minutes === null ? null : quota.minutes * 60, isFile && wish.durationSeconds)) {
      throw exceeded(`${quota.minutes} minutes of video`, level);
    }
    if (isOver(bytes, quota.bytes, isFile && wish.sizeBytes)) {
      throw exceeded(`${round((quota.bytes ?? 0) / gibibyte)} GiB of storage`, level);
    }
  }

  async #inTurn<T>(accountId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(accountId) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(accountId, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(accountId) === mine) this.#last.delete(accountId);
    }
  }
}

/** What is to come may fill a quota to the brim; when it is not known how much comes, some room must be left. */
function isOver(sum: number, most: number | null, coming: number | false | undefined): boolean {
  if (most === null) return false;
  return coming ? sum > most : sum >= most;
}

function exceeded(what: string, level: Level): LivereelError {
  const detail = `Your account (${level}) has ${what}, and this would be more. Delete videos that nobody needs, or ask whoever runs this server for a higher level.`;
  return new LivereelError('quota-exceeded', detail);
}

function accountNeeded(): LivereelError {
  const detail =
    'Publishing needs an account here: log in, or send an access token or an API key as "Authorization: Bearer ...".';
  return new LivereelError('unauthorized', detail);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
