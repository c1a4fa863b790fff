import { createHash } from 'node:crypto';
import { LivereelError } from '../errors.ts';

/** Where a page of a list ended: the value by which the list is in order, and the id that decides between equals. */
export type ListPlace = { readonly key: string | number; readonly id: string };

/** What the value is; an integer is one that JavaScript can tell from its neighbours. */
export type KeyKind = 'string' | 'number' | 'integer';

const version = 1;
const digestCharacters = 11;

/**
 * An opaque word for a place in a list. `list`: what makes the list the one it is (order, filters), in any words; the
 * cursor leads back into this list only.
 */
export function writeCursor(list: string, { key, id }: ListPlace): string {
  return Buffer.from(JSON.stringify([version, digest(list), key, id])).toString('base64url');
}

/** @throws LivereelError `validation-failed` when it is not a word of `writeCursor` for this list. */
export function readCursor(list: string, cursor: string, kind: KeyKind): ListPlace {
  const [ours, of, key, id, ...more] = parsed(cursor);
  if (ours !== version || more.length > 0) throw refusal('is not one of ours');
  if (of !== digest(list)) throw refusal('belongs to another order or other filters');
  if (!isKey(key, kind) || typeof id !== 'string' || !/^[0-9A-Za-z]{12}$/.test(id))
    throw refusal('is not one of ours');
  return { key, id };
}

function isKey(key: unknown, kind: KeyKind): key is string | number {
  // NUL is the one character that Postgres cannot take.
  if (kind === 'string') return typeof key === 'string' && !key.includes('\0');
  return kind === 'integer' ? Number.isSafeInteger(key) : typeof key === 'number';
}

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function digest(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, digestCharacters);
}

function refusal(why: string): LivereelError {
  return new LivereelError('validation-failed', `This cursor ${why}. Begin again without a cursor.`, {
    errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before, with the same query' }],
  });
}
