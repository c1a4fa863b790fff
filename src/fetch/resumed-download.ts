import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { LivereelError } from '../errors.ts';
import { tooLarge } from './bounded-body.ts';
import { type GuardedAnswer, type GuardedClient, withoutCredentials } from './guarded-client.ts';

/** What is fetched, and where to. */
export type Download = {
  readonly client: GuardedClient;
  readonly url: URL;
  /** Grows while it is fetched. Beside it lies `<file>.json` with what is needed to go on. */
  readonly file: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Looks at the first bytes (fewer when there are no more): whether this is what is wanted. */
  readonly isWanted: (first: Buffer, answer: Pick<GuardedAnswer, 'headers' | 'url'>) => boolean;
  /** `totalBytes`: null while nobody knows. */
  readonly progress: (bytes: number, totalBytes: number | null) => void;
  /** The wait before the first new try, doubled each time. Without it 1 s. */
  readonly retryMillis?: number;
};

/** `isWanted` false: nothing was kept. `url`: where redirects led to. */
export type Downloaded = {
  readonly isWanted: boolean;
  readonly url: URL;
  /** The last answer's, while it is known. */
  readonly headers: IncomingHttpHeaders;
};

/** How much `isWanted` gets to see. */
export const lookedAtBytes = 4_096;
const mostTriesWithoutProgress = 5;

/** What makes a half fetched file one that can be gone on with: the same address, and a validator of what was there. */
type Kept = { readonly url: string; readonly validator: string; readonly totalBytes: number | null };

/**
 * Fetches a file. One that was begun before, by this process or one that died, goes on where it was when the origin
 * can say that it is still the same (`Range` and `If-Range`, RFC 9110, section 13.1.5), else begins anew.
 * A connection that is lost is taken up again a few times.
 * @throws LivereelError `source-*`; the signal's reason.
 */
export async function download(what: Download): Promise<Downloaded> {
  const { signal, retryMillis = 1_000 } = what;
  for (let tries = 1, before = await sizeOf(what.file); ; tries += 1) {
    try {
      return await attempt(what);
    } catch (error) {
      signal.throwIfAborted();
      const now = await sizeOf(what.file);
      if (now > before) tries = 1;
      before = now;
      const isPassing = error instanceof LivereelError && error.code === 'source-unavailable';
      if (!isPassing || tries >= mostTriesWithoutProgress) throw error;
      await delay(retryMillis * 2 ** (tries - 1), undefined, { signal });
    }
  }
}

/** @throws LivereelError for a status that is no success: `source-unavailable` when another try may help. */
export function expectSuccess({ status, url }: Pick<GuardedAnswer, 'status' | 'url'>): void {
  if (status >= 200 && status < 300) return;
  const isPassing = status >= 500 || [408, 425, 429].includes(status);
  throw new LivereelError(
    isPassing ? 'source-unavailable' : 'source-refused',
    `${url.host} answered ${status}${meanings[status] ?? ''}.`,
  );
}

const meanings: Readonly<Record<number, string>> = {
  401: ' (a login is needed)',
  403: ' (access denied)',
  404: ' (there is nothing at this address)',
  410: ' (it is gone)',
  429: ' (too many requests)',
  451: ' (it is blocked for legal reasons)',
};

async function attempt(what: Download): Promise<Downloaded> {
  const { client, url, file, maxBytes, signal } = what;
  const kept = await readKept(what);
  const from = kept === undefined ? 0 : await sizeOf(file);
  if (kept !== undefined && from > 0 && from === kept.totalBytes) return { isWanted: true, url, headers: {} };
  const headers = from > 0 && kept ? { range: `bytes=${from}-`, 'if-range': kept.validator } : undefined;
  const answer = await client.request(url, { maxBytes, signal, ...(headers && { headers }) });
  if (headers && answer.status === 416) {
    answer.discard();
    await forget(file);
    throw new LivereelError('source-unavailable', 'The file changed while it was fetched.');
  }
  const goesOn = headers !== undefined && answer.status === 206 && startOf(answer.headers) === from;
  try {
    if (headers === undefined || answer.status !== 206) expectSuccess(answer);
    else if (!goesOn) await restart(file);
    return goesOn ? await append(what, answer, from, kept?.totalBytes ?? null) : await begin(what, answer);
  } finally {
    answer.discard();
  }
}

/** The server went on from elsewhere than asked: what is there is of no use. */
async function restart(file: string): Promise<never> {
  await forget(file);
  throw new LivereelError('source-unavailable', 'The server sent another part than was asked for.');
}

async function begin(what: Download, answer: GuardedAnswer): Promise<Downloaded> {
  const { file, url } = what;
  await forget(file);
  const totalBytes = totalOf(answer.headers);
  if (totalBytes !== null && totalBytes > what.maxBytes) throw tooLarge(what.maxBytes);
  const validator = validatorOf(answer.headers);
  if (validator !== undefined) {
    const kept: Kept = { url: withoutCredentials(url).href, validator, totalBytes };
    await writeFile(noteOf(file), JSON.stringify(kept));
  }
  return await append(what, answer, 0, totalBytes);
}

async function append(
  what: Download,
  answer: GuardedAnswer,
  from: number,
  totalBytes: number | null,
): Promise<Downloaded> {
  const { file, maxBytes, progress } = what;
  const { url, headers } = answer;
  const handle = await open(file, from === 0 ? 'w' : 'a');
  let bytes = from;
  // Looked at before it is written, unless that was done by an earlier run.
  let first: Buffer | undefined = from === 0 ? Buffer.alloc(0) : undefined;
  try {
    for await (const chunk of answer.body) {
      let next = chunk;
      if (first !== undefined) {
        first = Buffer.concat([first, chunk]);
        if (first.length < lookedAtBytes) continue;
        if (!what.isWanted(first.subarray(0, lookedAtBytes), answer))
          return { isWanted: false, url, headers };
        next = first;
        first = undefined;
      }
      if (bytes + next.length > maxBytes) throw tooLarge(maxBytes);
      await handle.appendFile(next);
      bytes += next.length;
      progress(bytes, totalBytes);
    }
    if (first !== undefined) {
      if (!what.isWanted(first, answer)) return { isWanted: false, url, headers };
      await handle.appendFile(first);
      progress(first.length, totalBytes);
    }
    return { isWanted: true, url, headers };
  } finally {
    await handle.close();
  }
}

/** A strong entity tag, else the time of the last change: what `If-Range` takes. */
function validatorOf(headers: IncomingHttpHeaders): string | undefined {
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    return undefined;
  if (headers['accept-ranges'] === 'none') return undefined;
  const { etag } = headers;
  if (etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag)) return etag;
  return headers['last-modified'];
}

function startOf(headers: IncomingHttpHeaders): number | undefined {
  const match = /^bytes (\d{1,15})-\d+\/(?:\d+|\*)$/.exec(headers['content-range'] ?? '');
  return match === null ? undefined : Number(match[1]);
}

function totalOf(headers: IncomingHttpHeaders): number | null {
  const length = headers['content-length'];
  if (length === undefined || headers['content-encoding'] !== undefined) return null;
  return Number(length);
}

async function readKept({ file, url }: Download): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(noteOf(file), 'utf8')) as Kept;
    return kept.url === withoutCredentials(url).href ? kept : undefined;
  } catch {
    return undefined;
  }
}

async function forget(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(noteOf(file), { force: true });
}

function noteOf(file: string): string {
  return `${file}.json`;
}

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
