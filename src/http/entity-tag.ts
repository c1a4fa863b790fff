import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { LivereelError } from '../errors.ts';

const taggedPath = /^\/api\/v1\/videos(\/[0-9A-Za-z]{12})?$/;

// What the URLs of a private video carry is new in each answer, though the video is the same.
const ticket = /[?&]token=[^"&]*/g;

/** The strong entity tag (RFC 9110, section 8.8.3) of a JSON answer: of its bytes, tickets to private videos aside. */
export function entityTag(json: string): string {
  return `"${createHash('sha256').update(json.replace(ticket, '')).digest('base64url').slice(0, 22)}"`;
}

/**
 * Gives videos and lists of them an `ETag`, and answers who has this very answer already (`If-None-Match`) with 304
 * and no body. Browsers ask each time whether what they have is still right: it changes at any moment.
 */
export function tagVideos(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const isRead = c.req.method === 'GET' && c.res.status === 200;
    if (!isRead || !taggedPath.test(c.req.path)) return;
    const text = await c.res.clone().text();
    const etag = entityTag(text);
    const headers = new Headers(c.res.headers);
    headers.set('etag', etag);
    headers.set('cache-control', 'private, no-cache');
    // Tickets run out: who asks again gets new ones.
    const isKnown = names(c.req.header('if-none-match'), etag) && text.search(ticket) === -1;
    if (isKnown) for (const name of ['content-type', 'content-length']) headers.delete(name);
    c.res = undefined;
    c.res = new Response(isKnown ? null : text, { status: isKnown ? 304 : 200, headers });
  };
}

/**
 * Lets a change pass only when the asker knows what is changed (RFC 9110, section 13.1.1): `ifMatch` is absent, `*`,
 * or names the tag of `answer` as a read would tell it now.
 * @throws LivereelError `precondition-failed`.
 */
export function requireKnown(ifMatch: string | undefined, answer: object): void {
  if (ifMatch === undefined || names(ifMatch, entityTag(JSON.stringify(answer)))) return;
  throw new LivereelError(
    'precondition-failed',
    'The video was changed since you read it. Read it again, then change what it is now.',
  );
}

function names(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag);
}
