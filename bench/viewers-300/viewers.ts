/**
 * The load, a process of its own: `viewers.ts <count> <seconds> <media playlist url>`. Prints one JSON line:
 * `{errors, stalls, parts, spreadMillis, firstError}`, the spread of every part that all viewers got.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [count = '1', seconds = '10', address = ''] = process.argv.slice(2);
const url = new URL(address);
const folder = url.pathname.slice(0, url.pathname.lastIndexOf('/') + 1);
const endsAt = performance.now() + Number(seconds) * 1_000;

/** First and last arrival of each part, and how many viewers have it. */
const arrivals = new Map<string, { first: number; last: number; viewers: number }>();
let errors = 0;
let stalls = 0;
let firstError = '';

/** One kept-alive connection, one request at a time: as much HTTP as nginx makes necessary. */
class Connection {
  readonly #socket: Socket;
  #pieces: Buffer[] = [];
  #length = 0;
  #needed = -1;
  #status = 0;
  #settle: {
    resolve: (answer: { status: number; body: Buffer }) => void;
    reject: (error: Error) => void;
  } | null = null;

  constructor() {
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', bytes => this.#heard(bytes));
    this.#socket.on('error', error => this.#settle?.reject(error));
    this.#socket.on('close', () => this.#settle?.reject(new Error('connection closed')));
  }

  get(path: string): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('connection closed'));
      this.#settle = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    });
  }

  close(): void {
    this.#settle = null;
    this.#socket.destroy();
  }

  #heard(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    if (this.#needed < 0) this.#readHead();
    if (this.#needed >= 0 && this.#length >= this.#needed) this.#answer();
  }

  /** Sets what is needed: all of a counted body, or `Infinity` until the end of a chunked one is seen. */
  #readHead(): void {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [bytes];
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /content-length: (\d+)/i.exec(head);
    this.#pieces = [bytes.subarray(end + 4)];
    this.#length -= end + 4;
    this.#needed = length ? Number(length[1]) : 0;
    if (!length) this.#isChunked = true;
  }

  #isChunked = false;

  #answer(): void {
    let body = Buffer.concat(this.#pieces);
    if (this.#isChunked) {
      const whole = unchunked(body);
      if (whole === null) return;
      body = whole;
    }
    this.#pieces = [];
    this.#length = 0;
    this.#needed = -1;
    this.#isChunked = false;
    const settle = this.#settle;
    this.#settle = null;
    settle?.resolve({ status: this.#status, body });
  }
}

/** The body of a chunked answer, or null while its end has not come. */
function unchunked(bytes: Buffer): Buffer<ArrayBuffer> | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    if (line + 2 + size + 2 > bytes.length) return null;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

type ListedPart = { sequence: number; part: number; uri: string; seconds: number };

/** The parts that a playlist lists, what comes after the newest, and the advised distance from the edge. */
function readEdge(playlist: string): { parts: ListedPart[]; next: string; holdBack: number } {
  const holdBack = Number(/PART-HOLD-BACK=([\d.]+)/.exec(playlist)?.[1] ?? Number.NaN);
  const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(playlist)?.[1] ?? 0);
  let sequence = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1] ?? 0) + skipped;
  let part = 0;
  const parts: ListedPart[] = [];
  for (const line of playlist.split('\n')) {
    if (line.startsWith('#EXT-X-PART:')) {
      const uri = /URI="([^"]+)"/.exec(line)?.[1] ?? '';
      parts.push({ sequence, part, uri, seconds: Number(/DURATION=([\d.]+)/.exec(line)?.[1]) });
      part += 1;
    } else if (line !== '' && !line.startsWith('#')) {
      sequence += 1;
      part = 0;
    }
  }
  return { parts, next: `?_HLS_msn=${sequence}&_HLS_part=${part}&_HLS_skip=YES`, holdBack };
}

async function view(): Promise<void> {
  const connection = new Connection();
  let next = '';
  let mediaSeconds = 0;
  let begunAt = 0;
  let isLate = false;
  let last: ListedPart | undefined;
  const isNew = ({ sequence, part }: ListedPart) =>
    last === undefined || sequence > last.sequence || (sequence === last.sequence && part > last.part);
  try {
    while (performance.now() < endsAt) {
      const reload = await connection.get(`${url.pathname}${next}`);
      if (reload.status !== 200) throw new Error(`${reload.status} for ${url.pathname}${next}`);
      const edge = readEdge(reload.body.toString('latin1'));
      // A player that comes begins at the edge, and then takes every part.
      for (const part of last ? edge.parts.filter(isNew) : edge.parts.slice(-1)) {
        const answer = await connection.get(folder + part.uri);
        if (answer.status !== 200) throw new Error(`${answer.status} for ${part.uri}`);
        last = part;
        const now = performance.now();
        arrived(part.uri, now);
        if (begunAt === 0) begunAt = now;
        else mediaSeconds += part.seconds;
        // Playing began this far behind the first part that was had; later than that, there was nothing to show.
        const late = (now - begunAt) / 1_000 > mediaSeconds + edge.holdBack;
        if (late && !isLate) stalls += 1;
        isLate = late;
      }
      next = edge.next;
    }
  } catch (error) {
    errors += 1;
    firstError ||= String(error);
  } finally {
    connection.close();
  }
}

function arrived(uri: string, now: number): void {
  const known = arrivals.get(uri);
  if (known) {
    known.last = now;
    known.viewers += 1;
  } else arrivals.set(uri, { first: now, last: now, viewers: 1 });
}

const viewers: Promise<void>[] = [];
for (let index = 0; index < Number(count); index += 1) {
  viewers.push(view());
  // People do not come in one millisecond; all are there after a second and a half.
  await delay(5);
}
await Promise.all(viewers);
const spreadMillis = [...arrivals.values()]
  .filter(({ viewers: had }) => had === Number(count))
  .map(({ first, last }) => Math.round((last - first) * 10) / 10);
console.log(JSON.stringify({ errors, stalls, parts: arrivals.size, spreadMillis, firstError }));
process.exit(0);
