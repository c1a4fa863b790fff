import { LivereelError } from '../errors.ts';

/** Where a page of videos, newest first, ended. */
export type VideoCursor = { readonly createdAt: Date; readonly id: string };

/** An opaque word for a place in the list: base64url of the time (milliseconds since 1970) and the id. */
export function writeCursor({ createdAt, id }: VideoCursor): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url');
}

/** @throws LivereelError `validation-failed` when it is not a word of `writeCursor`. */
export function readCursor(cursor: string): VideoCursor {
  const match = /^([0-9]{1,15})\.([0-9A-Za-z]{12})$/.exec(
    Buffer.from(cursor, 'base64url').toString('latin1'),
  );
  // 8.64e15 ms is where JavaScript's dates end; 15 digits stay below it, and within Postgres' years.
  const millis = Number(match?.[1]);
  if (match?.[2] === undefined) {
    throw new LivereelError(
      'validation-failed',
      'This cursor is not one of ours. Begin again without a cursor.',
      {
        errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before' }],
      },
    );
  }
  return { createdAt: new Date(millis), id: match[2] };
}
