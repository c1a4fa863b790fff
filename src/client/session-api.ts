import type { Input, SessionAnswer, SessionEnded, VideoState, Visibility } from '../api/session.ts';
import { PublishError } from './publish-error.ts';

/** What may be asked for a new session; everything has a default (docs/protocol.md, section 2). */
export type SessionRequest = {
  readonly input?: Input;
  readonly mimeType?: string;
  readonly frameRate?: number;
  readonly title?: string;
  readonly replyTo?: string;
  readonly visibility?: Visibility;
  readonly language?: string;
  readonly captions?: boolean;
};

/**
 * Creates a session.
 * @throws PublishError `server-unreachable`, or the server's code with its own explanation.
 */
export async function createSession(
  serverUrl: string,
  request: SessionRequest,
  accessToken?: string,
): Promise<SessionAnswer> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (accessToken !== undefined) headers.authorization = `Bearer ${accessToken}`;
  const answer = await reach(new URL('/api/v1/sessions', serverUrl).href, {
    method: 'POST',
    headers,
    body: JSON.stringify(request),
  });
  const session: unknown = await answer.json().catch(() => undefined);
  if (!isSession(session)) {
    throw new PublishError(
      'bad-answer',
      'The server answered something unexpected. Is this address livereel?',
    );
  }
  return session;
}

/**
 * Ends a session with its ingest token; ending twice is no error. Goes on when the page is left meanwhile.
 * @throws PublishError `server-unreachable`, or the server's code.
 */
export async function endSession(serverUrl: string, id: string, ingestToken: string): Promise<SessionEnded> {
  const answer = await reach(new URL(`/api/v1/sessions/${id}/end`, serverUrl).href, {
    method: 'POST',
    headers: { authorization: `Bearer ${ingestToken}` },
    keepalive: true,
  });
  return (await answer.json()) as SessionEnded;
}

/** Where the server's copy of a session ends: bytes for chunks, frames for frames. */
export type IngestStatus = { readonly offset: number; readonly state: VideoState };

/** @throws PublishError `server-unreachable`, or the server's code. */
export async function readIngestStatus(ingestUrl: string): Promise<IngestStatus> {
  const url = new URL(ingestUrl);
  url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  const answer = await reach(url.href, { method: 'GET' });
  return (await answer.json()) as IngestStatus;
}

/** `fetch` whose every failure is a `PublishError` in words (RFC 9457 answers are read). */
async function reach(url: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (cause) {
    throw new PublishError(
      'server-unreachable',
      'The server does not answer. Check your connection, then try again.',
      { cause },
    );
  }
  if (answer.ok) return answer;
  throw await problemOf(answer);
}

/** The error that an HTTP answer of status 400 or above stands for. */
export async function problemOf(answer: Response): Promise<PublishError> {
  const problem = (await answer.json().catch(() => ({}))) as { code?: unknown; detail?: unknown };
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return new PublishError(
    typeof problem.code === 'string' ? problem.code : `http-${answer.status}`,
    typeof problem.detail === 'string' ? problem.detail : wordsForStatus(answer.status),
    { status: answer.status, ...(Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {}) },
  );
}

function wordsForStatus(status: number): string {
  if (status === 401 || status === 403) return 'You are not allowed to do this. Sign in, then try again.';
  if (status === 404) return 'The server does not know this address.';
  if (status === 429) return 'Too many at once. Wait a little, then try again.';
  if (status >= 500)
    return 'The server has a problem or is just starting. Wait a few seconds, then try again.';
  return `The server refused this (status ${status}).`;
}

function isSession(value: unknown): value is SessionAnswer {
  if (typeof value !== 'object' || value === null) return false;
  const session = value as Record<string, unknown>;
  return ['id', 'ingestToken', 'ingestUrl', 'watchUrl'].every(key => typeof session[key] === 'string');
}
