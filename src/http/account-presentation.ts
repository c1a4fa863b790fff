import type { Account } from '../accounts/account-store.ts';
import type { AccountAnswer } from '../api/account.ts';

/** An account on the wire. */
export function presentAccount({ id, email, name, level, role, createdAt }: Account): AccountAnswer {
  return { id, email, name, level, role, createdAt: createdAt.toISOString() };
}
