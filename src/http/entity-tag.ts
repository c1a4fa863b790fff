import { createHash } from 'node:crypto';
import type { Context, TypedResponse } from 'hono';
import { LivereelError } from '../errors.ts';

// What the URLs of a private video carry is new in each answer, though the video is the same.
const ticket = /[?&]token=[^"&]*/g;

/**
 * Answers a read of a video, or of a list of them, with its `ETag`; who has this very answer already (`If-None-Match`)
 * gets 304 and no body. Browsers ask each time whether what they have is still right: it changes at any moment.
 */
export function taggedAnswer<Answer extends object>(
  c: Context,
  answer: Answer,
): Response & TypedResponse<Answer, 200, 'json'> {
  const json = JSON.stringify(answer);
  const plain = withoutTickets(json);
  const etag = entityTag(plain);
  const headers = { etag, 'cache-control': 'private, no-cache' };
  // Tickets run out: who asks again gets new ones.
  const isKnown = names(c.req.header('if-none-match'), etag) && plain.length === json.length;
  const response: Response = isKnown
    ? c.body(null, 304, headers)
    : c.body(json, 200, { ...headers, 'content-type': 'application/json' });
  return response as Response & TypedResponse<Answer, 200, 'json'>;
}

/**
 * Lets a change pass only when the asker knows what is changed (RFC 9110, section 13.1.1): `ifMatch` is absent, `*`,
 * or names the tag of `answer` as a read would tell it now.
 * @throws LivereelError `precondition-failed`.
 */
export function requireKnown(ifMatch: string | undefined, answer: object): void {
  if (ifMatch === undefined || names(ifMatch, entityTag(withoutTickets(JSON.stringify(answer))))) return;
  throw new LivereelError(
    'precondition-failed',
    'The video was changed since you read it. Read it again, then change what it is now.',
  );
}

/** The strong entity tag (RFC 9110, section 8.8.3) of a JSON answer: of its bytes, tickets to private videos aside. */
function entityTag(plain: string): string {
  return `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
}

function withoutTickets(json: string): string {
  return json.replace(ticket, '');
}

function names(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag);
}
