import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { LivereelError } from '../errors.ts';
import { BodyIngest } from '../ingest/body-ingest.ts';
import type { FrameLimits } from '../ingest/frame-ingest.ts';
import { FramePoster } from '../ingest/frame-poster.ts';
import type { Log } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import { tokenOf } from './bearer-token.ts';
import { DataResponse, keepHeaders } from './data-response.ts';
import { pausedAtBytes, RequestBody } from './request-body.ts';
import { uWebSockets } from './uwebsockets.ts';

/** What ingest needs of the sessions. */
export interface PublishedSessions {
  /** @throws LivereelError `session-not-found`, `bad-token`, `session-ended`. */
  authorize(id: string, token: string): Promise<Session>;
  /** Whether `token` is the ingest token of `id`. */
  authorizes(id: string, token: string): Promise<boolean>;
}

const headerNames = ['authorization', 'content-type', 'upload-offset', 'x-forwarded-for'];
const multipartOverheadBytes = 65_536;

/** `POST` and `GET /ingest/…` (docs/protocol.md, section 3.2). */
export function addIngestRoutes(
  app: TemplatedApp,
  sessions: PublishedSessions,
  limits: FrameLimits,
  log: Log,
): void {
  app.post('/ingest/:id', (response, request) => appendBody(response, request, sessions, log));
  app.put('/ingest/:id', (response, request) => appendBody(response, request, sessions, log));
  app.post('/ingest/:id/frames', (response, request) =>
    appendFrame(response, request, sessions, limits, log),
  );
  app.get('/ingest/:id', (response, request) => {
    const data = new DataResponse(response, log);
    const { id, token } = credentials(request);
    void data.run(async () => {
      const session = await sessions.authorize(id, token);
      data.json('200 OK', { offset: session.safeUnits, state: session.state });
    });
  });
  for (const path of ['/ingest/:id', '/ingest/:id/frames']) {
    app.options(path, response => {
      const headers = [
        'Access-Control-Allow-Origin',
        '*',
        'Access-Control-Allow-Methods',
        'GET, POST, PUT',
        'Access-Control-Max-Age',
        '86400',
      ];
      headers.push('Access-Control-Allow-Headers', 'Authorization, Content-Type, Upload-Offset');
      new DataResponse(response, log).send('204 No Content', headers, '');
    });
  }
}

/** Who asks for which session. */
export function credentials(request: HttpRequest): { id: string; token: string } {
  const headers = keepHeaders(request, headerNames);
  return { id: request.getParameter(0) ?? '', token: tokenOf(headers, request.getQuery('token')) ?? '' };
}

function appendBody(
  response: HttpResponse,
  request: HttpRequest,
  sessions: PublishedSessions,
  log: Log,
): void {
  const data = new DataResponse(response, log);
  const { id, token } = credentials(request);
  const offsetText = request.getHeader('upload-offset');
  const endsSession = request.getQuery('endOnClose') === '1';
  const body = new RequestBody(response, data.signal);
  void data.run(async () => {
    if (offsetText !== '' && !/^\d{1,15}$/.test(offsetText))
      throw new LivereelError('bad-request', 'Upload-Offset is a whole number of bytes');
    const session = await sessions.authorize(id, token);
    const ingest = await BodyIngest.begin(
      session,
      offsetText === '' ? null : Number(offsetText),
      error => void data.fail(error),
    );
    try {
      let unsafeBytes = 0;
      for await (const bytes of body.pieces()) {
        ingest.take(bytes);
        unsafeBytes += bytes.length;
        if (unsafeBytes < pausedAtBytes) continue;
        await ingest.safe();
        unsafeBytes = 0;
      }
      data.json('200 OK', { offset: await ingest.finish(endsSession) });
    } finally {
      ingest.broken(endsSession);
    }
  });
}

function appendFrame(
  response: HttpResponse,
  request: HttpRequest,
  sessions: PublishedSessions,
  limits: FrameLimits,
  log: Log,
): void {
  const data = new DataResponse(response, log);
  const { id, token } = credentials(request);
  const contentType = request.getHeader('content-type');
  const capturedText = request.getQuery('capturedAtUs');
  const body = new RequestBody(response, data.signal);
  void data.run(async () => {
    const session = await sessions.authorize(id, token);
    const pieces: Buffer[] = [];
    let bodyBytes = 0;
    for await (const bytes of body.pieces()) {
      pieces.push(bytes);
      bodyBytes += bytes.length;
      if (bodyBytes > limits.maxFrameBytes + multipartOverheadBytes)
        throw new LivereelError('frame-too-large', 'the frame is over the limit');
    }
    if (capturedText !== undefined && capturedText !== '' && !/^\d{1,19}$/.test(capturedText)) {
      throw new LivereelError('bad-request', 'capturedAtUs is a whole number of microseconds');
    }
    const jpeg = frameOf(Buffer.concat(pieces), contentType);
    const offset = await FramePoster.of(session, limits).post(
      jpeg,
      capturedText ? BigInt(capturedText) : null,
    );
    data.json('200 OK', { offset });
  });
}

/** The body itself, or the first file of a form. */
function frameOf(body: Buffer, contentType: string): Uint8Array {
  if (!contentType.startsWith('multipart/form-data')) return body;
  const parts = uWebSockets.getParts(body, contentType) ?? [];
  const file = parts.find(part => part.filename !== undefined) ?? parts[0];
  if (file === undefined) throw new LivereelError('bad-frame', 'the form holds no file');
  return new Uint8Array(file.data);
}
