import type { Asker } from './asker.ts';

/** What somebody wants to begin. `sizeBytes`: of the file, as far as it is known. */
export type QuotaWish =
  | { readonly kind: 'session' }
  | { readonly kind: 'upload' | 'import'; readonly sizeBytes?: number };

/** Decides who may publish, and how much. */
export interface Quotas {
  /**
   * Lets `make` make the new video's row when the asker may have one more; `ownerId` is what to put into it (null:
   * nobody's). Of one account's wishes one is decided at a time, so that many at once do not slip in together.
   * @throws LivereelError `unauthorized` (an account is needed), `quota-exceeded`, `too-many-sessions`; what `make` throws.
   */
  admit<T>(asker: Asker, wish: QuotaWish, make: (ownerId: string | null) => Promise<T>): Promise<T>;
}
