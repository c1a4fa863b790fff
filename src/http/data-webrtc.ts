import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { PeerAnswer, WebRtcEngine } from '../webrtc/webrtc-engine.ts';
import { type Askers, askerHeaders } from './asker.ts';
import { tokenOf } from './bearer-token.ts';
import { DataResponse, keepHeaders } from './data-response.ts';
import { type IceServerSettings, iceServerLinks, iceServers } from './ice-servers.ts';
import { RequestBody } from './request-body.ts';
import { clientAddressOf, type HeaderReader, type PublicAddress, publicUrlFor } from './request-origin.ts';
import { RequestPace } from './request-pace.ts';
import type { WhepDoor } from './whep-door.ts';
import type { WhipDoor } from './whip-door.ts';

/** What the doors of WebRTC are made of. */
export type WebRtcDoors = {
  readonly engine: WebRtcEngine;
  readonly whip: WhipDoor;
  readonly whep: WhepDoor;
  readonly askers: Askers;
  readonly iceServers: IceServerSettings;
  readonly publicAddress: () => PublicAddress;
  readonly log: Log;
};

type DoorName = 'whip' | 'whep';

/** One request, read before anything is waited for. */
type DoorRequest = {
  readonly door: DoorName;
  readonly id: string;
  readonly peerId: string;
  readonly token: string | undefined;
  readonly headers: HeaderReader;
  readonly isCounted: boolean;
};

const largestBodyBytes = 65_536;
const offerType = 'application/sdp';
const fragmentType = 'application/trickle-ice-sdpfrag';
const headerNames = [...askerHeaders, 'content-type', 'if-match', 'x-forwarded-for'];
const anyPage = ['Access-Control-Allow-Origin', '*', 'Cache-Control', 'no-store'];
const exposed = [
  'Access-Control-Expose-Headers',
  'Location, ETag, Link, Accept-Patch, Retry-After, Livereel-Now',
];

/**
 * `/whip/:id` (RFC 9725) and `/whep/:id` (draft-ietf-wish-whep; docs/protocol.md, section 3.4). On the data plane, for
 * what publishes and what any page may watch is there, sessions and viewers' counts too.
 */
export function addWebRtcRoutes(app: TemplatedApp, doors: WebRtcDoors): void {
  const pace = new RequestPace();
  for (const door of ['whip', 'whep'] as const) {
    const [endpoint, location] = [`/${door}/:id`, `/${door}/:id/:peer`];
    app.post(endpoint, (response, request) => offer(response, read(request, door), doors, pace));
    app.patch(location, (response, request) => trickle(response, read(request, door), doors));
    app.del(location, (response, request) => hangUp(response, read(request, door), doors));
    for (const [path, methods] of [
      [endpoint, 'POST, OPTIONS'],
      [location, 'PATCH, DELETE, OPTIONS'],
    ] as const) {
      app.options(path, response => preflight(response, methods, doors.log));
      app.any(path, (response, request) => refuseMethod(response, request, methods, doors.log));
    }
  }
}

function read(request: HttpRequest, door: DoorName): DoorRequest {
  const headers = keepHeaders(request, headerNames);
  return {
    door,
    id: request.getParameter(0) ?? '',
    peerId: request.getParameter(1) ?? '',
    token: tokenOf(headers, request.getQuery('token')),
    headers,
    isCounted: request.getQuery('viewer') !== '0',
  };
}

function offer(response: HttpResponse, request: DoorRequest, doors: WebRtcDoors, pace: RequestPace): void {
  const data = new DataResponse(response, doors.log);
  const body = new RequestBody(response, data.signal);
  const { door, id, headers } = request;
  void data.run(async () => {
    requireEngine(doors.engine);
    pace.take(clientAddressOf(headers));
    if (door === 'whip') requiredToken(request);
    const by = { token: request.token, asker: () => doors.askers.of(headers) };
    requireType(headers, offerType);
    const sdp = await textOf(body);
    const answer =
      door === 'whip'
        ? await doors.whip.publish(id, requiredToken(request), sdp)
        : await doors.whep.view(id, by, sdp, request.isCounted);
    // Who left while the answer was made would never hang up.
    if (data.isOver) await doors.engine.hangUp(answer.peerId);
    else data.send('201 Created', answerHeaders(request, answer, doors), answer.sdp);
  });
}

function answerHeaders({ door, id, headers }: DoorRequest, answer: PeerAnswer, doors: WebRtcDoors): string[] {
  const nowMillis = Date.now();
  const links = iceServerLinks(iceServers(doors.iceServers, id, nowMillis));
  return [
    ...anyPage,
    ...exposed,
    ...['Content-Type', offerType],
    ...['Location', `${publicUrlFor(headers, doors.publicAddress())}/${door}/${id}/${answer.peerId}`],
    ...['ETag', answer.etag],
    ...['Accept-Patch', fragmentType],
    ...['Livereel-Now', `${nowMillis}`],
    ...links.flatMap(link => ['Link', link]),
  ];
}

function trickle(response: HttpResponse, request: DoorRequest, { whip, whep, log }: WebRtcDoors): void {
  const data = new DataResponse(response, log);
  const body = new RequestBody(response, data.signal);
  const { door, id, peerId, headers } = request;
  void data.run(async () => {
    const token = door === 'whip' ? requiredToken(request) : '';
    requireType(headers, fragmentType);
    const fragment = await textOf(body);
    const ifMatch = headers.get('if-match') ?? null;
    const answer =
      door === 'whip'
        ? await whip.trickle(id, peerId, token, fragment, ifMatch)
        : await whep.trickle(id, peerId, fragment, ifMatch);
    if (answer === null) data.send('204 No Content', anyPage, '');
    else {
      const named = ['Content-Type', fragmentType, 'ETag', answer.etag];
      data.send('200 OK', [...anyPage, ...exposed, ...named], answer.sdp);
    }
  });
}

function hangUp(response: HttpResponse, request: DoorRequest, { whip, whep, log }: WebRtcDoors): void {
  const data = new DataResponse(response, log);
  const { door, id, peerId } = request;
  void data.run(async () => {
    if (door === 'whip') await whip.hangUp(id, peerId, requiredToken(request));
    else await whep.hangUp(id, peerId);
    data.send('200 OK', anyPage, '');
  });
}

function refuseMethod(response: HttpResponse, request: HttpRequest, methods: string, log: Log): void {
  const data = new DataResponse(response, log);
  const allow = ['Allow', methods];
  // An answer to HEAD has no body (RFC 9110, section 9.3.2).
  if (request.getMethod() === 'head') data.send('405 Method Not Allowed', [...anyPage, ...allow], '');
  else void data.fail(new LivereelError('method-not-allowed', `this address takes ${methods}`), allow);
}

function preflight(response: HttpResponse, methods: string, log: Log): void {
  const headers = [
    ...['Access-Control-Allow-Origin', '*'],
    ...['Access-Control-Allow-Methods', methods],
    ...['Access-Control-Allow-Headers', 'Authorization, Content-Type, If-Match'],
    ...['Access-Control-Max-Age', '86400'],
    ...exposed,
    ...(methods.startsWith('POST') ? ['Accept-Post', offerType] : ['Accept-Patch', fragmentType]),
  ];
  new DataResponse(response, log).send('204 No Content', headers, '');
}

function requireEngine({ unavailable }: WebRtcEngine): void {
  if (unavailable !== null) throw new LivereelError('webrtc-unavailable', unavailable);
}

function requiredToken({ token }: DoorRequest): string {
  if (token !== undefined) return token;
  throw new LivereelError('unauthorized', 'send the ingest token as "Authorization: Bearer ..."');
}

function requireType(headers: HeaderReader, expected: string): void {
  const [type = ''] = (headers.get('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() === expected) return;
  throw new LivereelError('unsupported-media-type', `send it with "Content-Type: ${expected}"`);
}

async function textOf(body: RequestBody): Promise<string> {
  const pieces: Buffer[] = [];
  let lengthBytes = 0;
  for await (const bytes of body.pieces()) {
    lengthBytes += bytes.length;
    if (lengthBytes > largestBodyBytes) {
      throw new LivereelError(
        'payload-too-large',
        `a session description has ${largestBodyBytes} bytes at most`,
      );
    }
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString('utf8');
}
