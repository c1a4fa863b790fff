import type { Level, Role } from '../api/account.ts';

/** A person who logged in, or a script with one of the person's API keys. */
export type Person = {
  readonly kind: 'person';
  readonly accountId: string;
  readonly role: Role;
  readonly level: Level;
  /** Where they are logged in, and since when; null: a script with an API key, which may not touch the account itself. */
  readonly login: { readonly id: string; readonly since: Date } | null;
};

/**
 * On whose behalf a request asks. `owner-of-all`: someone at the machine itself, where no account is needed
 * (`ACCESS=open` on a loopback host, reached under a loopback name); owns what is nobody's. Ingest and playback
 * tokens are no part of this: the doors that take them look at them before.
 */
export type Asker = { readonly kind: 'anyone' } | { readonly kind: 'owner-of-all' } | Person;

/** Somebody unknown. */
export const anyone: Asker = { kind: 'anyone' };
