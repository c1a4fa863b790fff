import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { readFile } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import type { PlaylistRequest } from '../hls/live-playlist.ts';
import { ticketedPlaylist } from '../hls/ticketed-playlist.ts';
import type { Log } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { admit, handOver, requireAdmitted, type ViewerGate } from './admitted-viewer.ts';
import { DataResponse } from './data-response.ts';
import { type HlsAddress, readHlsAddress } from './media-address.ts';

/** What playback needs of the sessions. */
export interface LiveSessions {
  find(id: string): Session | undefined;
}

/** What playback is made of. */
export type PlaybackParts = {
  readonly sessions: LiveSessions;
  readonly gate: ViewerGate;
  readonly content: Pick<ContentDirectory, 'hlsFile'>;
  readonly log: Log;
};

/** One request, read before anything is waited for. */
type Asked = {
  readonly address: HlsAddress;
  /** The playback token, in the path or in the query. */
  readonly token: string | null;
  readonly data: DataResponse;
};

const playlistType = 'application/vnd.apple.mpegurl';
// A playlist that names what it waited for never changes what it says of that; the plain one is a moment's view.
const blockingMaxAgeSeconds = 24;
const momentSeconds = 1;
const partName = /^(\d{6,9})\.(\d{1,5})\.m4s$/;

/**
 * What nginx does not find below `/hls/`: what is live (playlists and parts), and viewers whom nothing admits yet. What
 * is finished comes from the disk, by nginx, once they are let in.
 */
export function addPlaybackRoutes(app: TemplatedApp, parts: PlaybackParts): void {
  const answer = (response: HttpResponse, request: HttpRequest) => {
    const isHead = request.getMethod() === 'head';
    const data = new DataResponse(response, parts.log, isHead);
    const address = readHlsAddress(request.getUrl());
    if (address === null) {
      void data.fail(new LivereelError('not-found', 'there is nothing at this address'));
      return;
    }
    const asked: Asked = { address, token: address.ticket ?? (request.getQuery('token') || null), data };
    if (address.file === 'stream.m3u8') {
      const wanted = readDirectives(request);
      void data.run(() => sendMediaPlaylist(asked, wanted, parts));
    } else if (address.rendition === null) void data.run(() => sendMultivariant(asked, parts));
    else void data.run(() => sendMedia(asked, parts));
  };
  app.get('/hls/*', answer);
  app.head('/hls/*', answer);
}

async function sendMultivariant({ address, token, data }: Asked, parts: PlaybackParts): Promise<void> {
  const { id, ticket } = address;
  const { gate, sessions, content } = parts;
  await admit(gate, id, token);
  const file = content.hlsFile(id, null, address.file);
  const isInQuery = token !== null && ticket === null && gate.isAdmitted(id, token);
  const kept = isInQuery ? await readFile(file, 'utf8').catch(() => null) : null;
  const session = sessions.find(id);
  if (kept === null && session === undefined) return handOver(data, gate, address, token, file);
  const text = kept ?? `${await session?.playlist.multivariant()}`;
  requireAdmitted(gate, id, token);
  const body = isInQuery ? ticketedPlaylist(text, token) : text;
  const age = kept === null ? momentSeconds : 60;
  data.send('200 OK', headersFor(playlistType, token, `max-age=${age}`), body);
}

async function sendMediaPlaylist(
  { address, token, data }: Asked,
  wanted: PlaylistRequest | LivereelError,
  { gate, sessions, content }: PlaybackParts,
): Promise<void> {
  const { id, rendition, file } = address;
  if (!gate.isAdmitted(id, token)) await admit(gate, id, token);
  const session = sessions.find(id);
  const playlist = session?.playlistOf(rendition ?? '');
  if (playlist === undefined) {
    return handOver(data, gate, address, token, content.hlsFile(id, rendition, file));
  }
  if (wanted instanceof LivereelError) throw wanted;
  const body = await playlist.media(wanted);
  requireAdmitted(gate, id, token);
  const age = wanted.segment === null ? momentSeconds : blockingMaxAgeSeconds;
  data.send('200 OK', headersFor(playlistType, token, `max-age=${age}`), body);
}

/** A part, which exists in the memory of its session only, or a file. */
async function sendMedia({ address, token, data }: Asked, parts: PlaybackParts): Promise<void> {
  const { id, rendition, file } = address;
  const { gate, sessions, content } = parts;
  if (!gate.isAdmitted(id, token)) await admit(gate, id, token);
  const named = partName.exec(file);
  if (named === null) return handOver(data, gate, address, token, content.hlsFile(id, rendition, file));
  const live = requiredRendition(sessions.find(id), rendition);
  const [segment, part] = [Number(named[1]), Number(named[2])];
  const { next } = live.rendition;
  // The part that is about to come is announced (EXT-X-PRELOAD-HINT) and held until it is there.
  if (segment === next.segment && part === next.part) {
    await live.playlist.until(segment, part);
  }
  const bytes = await live.readPart(segment, part);
  requireAdmitted(gate, id, token);
  data.send('200 OK', headersFor('video/mp4', token, 'max-age=31536000, immutable'), bytes);
}

/** nginx adds what any page needs to be let in (`nginx/media.conf`). What came for a token is for nobody else's cache. */
function headersFor(type: string, token: string | null, age: string): string[] {
  return ['Content-Type', type, 'Cache-Control', `${token === null ? 'public' : 'private'}, ${age}`];
}

function requiredRendition(session: Session | undefined, rendition: string | null): Session {
  if (session === undefined) throw new LivereelError('not-found', 'there is no such live video');
  if (rendition !== session.rendition.name) {
    throw new LivereelError('not-found', 'there is no such rendition');
  }
  return session;
}
/** The delivery directives of a request (rfc8216bis, section 6.2.5). */
function readDirectives(request: HttpRequest): PlaylistRequest | LivereelError {
  const [segment, part] = [request.getQuery('_HLS_msn'), request.getQuery('_HLS_part')].map(text => {
    if (text === undefined || text === '') return null;
    return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  }) as [number | null, number | null];
  if (Number.isNaN(segment) || Number.isNaN(part)) {
    return new LivereelError('bad-request', '_HLS_msn and _HLS_part are whole numbers');
  }
  const skip = request.getQuery('_HLS_skip');
  return { segment, part, isDelta: skip === 'YES' || skip === 'v2' };
}
