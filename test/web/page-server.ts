import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AccessAnswer } from '../../src/api/account.ts';
import type { Transcript } from '../../src/api/transcript.ts';
import type { VideoAnswer } from '../../src/api/video.ts';
import { builtPage } from './built-page.ts';
import type { WebRtcStandIn } from './webrtc-stand-in.ts';

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.m3u8': 'application/vnd.apple.mpegurl',
};

/** What everybody is told who is not logged in: videos are for watching. */
const somebody: AccessAnswer = { access: 'accounts', mayPublish: true, account: null };

/** The built page with as much of a server behind it as a test plays by hand; the real one is for `test/e2e`. */
export class PageServer {
  readonly #http = createServer((request, response) => this.#answer(request, response));
  readonly #ingest = new WebSocketServer({ server: this.#http });
  readonly #folder: string | undefined;
  readonly #viewers = new Map<string, Set<ServerResponse>>();
  readonly videos = new Map<string, VideoAnswer>();
  /** What `GET /api/v1/videos/<id>/transcript` answers. */
  readonly transcripts = new Map<string, Transcript>();
  /** What each viewer's event stream begins with. */
  readonly greetings = new Map<string, [event: string, data: object][]>();
  /** What `PATCH /api/v1/videos/<id>` was asked for, and with which token; answered by a refusal without one. */
  readonly changes: { id: string; change: object; token: string | undefined }[] = [];
  /** Where `/hls/<id>/` and `/videos/<id>/` are served from. */
  mediaFolder = '';
  /** What `POST /api/v1/sessions` was asked for. */
  readonly sessions: object[] = [];
  /** What `POST /api/v1/sessions` is refused with. */
  refusal: { status: number; body: object } | undefined;
  /** Answers `/whip/` and `/whep/`; without it WebRTC is not usable here. */
  webrtc: WebRtcStandIn | undefined;
  /** How often a session was ended by `POST /api/v1/sessions/<id>/end`. */
  endings = 0;
  /** Bytes that came in by the WebSocket; each is acknowledged at once. */
  receivedBytes = 0;

  private constructor(folder: string | undefined) {
    this.#folder = folder;
    this.#ingest.on('connection', socket => {
      socket.send(JSON.stringify({ type: 'ready', offset: this.receivedBytes }));
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) {
          this.receivedBytes += data.length;
          socket.send(JSON.stringify({ type: 'ack', offset: this.receivedBytes }));
        } else {
          const [id] = this.videos.keys();
          socket.send(JSON.stringify({ type: 'ended', id, state: 'processing' }));
          socket.close(1000);
        }
      });
    });
  }

  /** Serves on a free port; the built page too, where it is wanted. */
  static async start(hasPage = true): Promise<PageServer> {
    const server = new PageServer(hasPage ? await builtPage() : undefined);
    await new Promise<void>(resolve => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Cuts the publishers' connections. */
  dropPublishers(): void {
    for (const client of this.#ingest.clients) client.terminate();
  }

  /** From now on new publishers are cut at once, or not any more. */
  refusePublishers(isRefusing: boolean): void {
    const cut = (socket: WebSocket) => socket.terminate();
    if (isRefusing) this.#ingest.prependListener('connection', cut);
    else this.#ingest.removeListener('connection', this.#ingest.listeners('connection')[0] as typeof cut);
  }

  /** Warns the publishers. */
  warn(code: string, message: string): void {
    for (const client of this.#ingest.clients)
      client.send(JSON.stringify({ type: 'warning', code, message }));
  }

  /** Tells all who watch a video that something has happened. */
  tell(id: string, event: string, data: object): void {
    for (const viewer of this.#viewers.get(id) ?? []) sendEvent(viewer, event, data);
  }

  /** A video that the server knows. */
  add(video: Partial<VideoAnswer> & { id: string }): void {
    this.videos.set(video.id, {
      title: 'A walk to the harbour',
      description: '',
      state: 'ready',
      error: null,
      input: 'chunks' as const,
      visibility: 'public',
      owner: null,
      replyTo: null,
      createdAt: new Date().toISOString(),
      durationSeconds: null,
      width: null,
      height: null,
      sizeBytes: null,
      language: null,
      playbackUrl: `${this.url}/hls/${video.id}/index.m3u8`,
      whepUrl: null,
      fileUrl: null,
      thumbnailUrl: null,
      previewUrl: null,
      storyboardUrl: null,
      captionsUrl: null,
      loudness: null,
      counts: { views: 0, likes: 0, comments: 0, replies: 0 },
      ...video,
    });
  }

  async close(): Promise<void> {
    this.dropPublishers();
    this.#http.closeAllConnections();
    await new Promise(resolve => this.#http.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const id = /^\/api\/v1\/videos\/(\w+)$/.exec(pathname)?.[1];
    const [, watched, part] = /^\/api\/v1\/videos\/(\w+)\/(events|transcript)$/.exec(pathname) ?? [];
    if (watched !== undefined && part === 'events' && this.greetings.has(watched)) {
      this.#openStream(watched, response);
    } else if (watched !== undefined && part === 'transcript' && this.transcripts.has(watched)) {
      respond(response, 200, this.transcripts.get(watched) as Transcript);
    } else if (pathname === '/api/v1/webrtc') respond(response, 200, this.#webrtcStatus());
    else if (pathname === '/api/v1/access') respond(response, 200, somebody);
    else if (/^\/whe?i?p\//.test(pathname) && this.webrtc) void this.#answerPeer(pathname, request, response);
    else if (/^\/api\/v1\/sessions\/\w+\/end$/.test(pathname)) {
      this.endings += 1;
      respond(response, 200, { id: pathname.split('/')[4], state: 'processing' });
    } else if (pathname === '/api/v1/sessions') void this.#createSession(request, response);
    else if (id !== undefined) this.#answerVideo(id, request, response);
    else if (pathname.startsWith('/api/')) respond(response, 404, { code: 'not-found' });
    else if (/^\/(hls|videos)\//.test(pathname)) {
      serve(join(this.mediaFolder, pathname.replace(/^\/\w+\/\w+/, '')), response);
    } else if (this.#folder === undefined) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>-</title>');
    } else {
      const file = join(this.#folder, pathname);
      const isFile = existsSync(file) && statSync(file).isFile();
      serve(isFile ? file : join(this.#folder, 'index.html'), response);
    }
  }

  #webrtcStatus(): object {
    const isUsable = this.webrtc !== undefined;
    const reason = isUsable ? null : 'It is switched off here.';
    return { usable: isUsable, reason, udpPort: isUsable ? 8_189 : null, iceServers: [] };
  }

  async #answerPeer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const answer = await this.webrtc?.answer(request.method ?? '', path, body);
    if (answer === undefined) response.destroy();
    else response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async #createSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.sessions.push(await bodyOf(request));
    if (this.refusal !== undefined) {
      respond(response, this.refusal.status, this.refusal.body);
      return;
    }
    const id = 'f3Kq9ZtA1bXy';
    this.receivedBytes = 0;
    this.add({ id, state: 'live' });
    const ingestUrl = `${this.url.replace('http', 'ws')}/ingest/${id}?token=a`;
    const urls = { ingestUrl, whipUrl: `${this.url}/whip/${id}`, watchUrl: `${this.url}/watch/${id}` };
    respond(response, 201, { id, ingestToken: 'a', ...urls });
  }

  #answerVideo(id: string, request: IncomingMessage, response: ServerResponse): void {
    const video = this.videos.get(id);
    if (video === undefined) respond(response, 404, { code: 'not-found', detail: 'No such video.' });
    else if (request.method === 'PATCH') void this.#change(video, request, response);
    else respond(response, 200, video);
  }

  async #change(video: VideoAnswer, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const change: Partial<VideoAnswer> = await bodyOf(request);
    const token = request.headers.authorization?.replace('Bearer ', '');
    this.changes.push({ id: video.id, change, token });
    if (token === undefined) {
      respond(response, 401, { code: 'unauthorized', detail: 'Send the ingest token.' });
      return;
    }
    this.videos.set(video.id, { ...video, ...change });
    respond(response, 200, { ...video, ...change });
  }

  #openStream(id: string, response: ServerResponse): void {
    const viewers = this.#viewers.get(id) ?? new Set();
    this.#viewers.set(id, viewers.add(response));
    response.once('close', () => viewers.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 300\n\n');
    for (const [event, data] of this.greetings.get(id) ?? []) sendEvent(response, event, data);
  }
}

async function bodyOf(request: IncomingMessage): Promise<object> {
  return JSON.parse(await textOf(request)) as object;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function sendEvent(response: ServerResponse, event: string, data: object): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function serve(file: string, response: ServerResponse): void {
  if (!existsSync(file)) {
    respond(response, 404, { code: 'not-found' });
    return;
  }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
}
