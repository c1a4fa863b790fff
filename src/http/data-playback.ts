import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { LivereelError } from '../errors.ts';
import type { PlaylistRequest } from '../hls/live-playlist.ts';
import type { Log } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import { DataResponse } from './data-response.ts';

/** What playback needs of the sessions. */
export interface LiveSessions {
  find(id: string): Session | undefined;
}

const playlistType = 'application/vnd.apple.mpegurl';
const forever = 'public, max-age=31536000, immutable';
// A playlist that names what it waited for never changes what it says of that; the plain one is a moment's view.
const blockingMaxAgeSeconds = 24;
const partName = /^(\d{6,9})\.(\d{1,5})\.m4s$/;

/** What is live of `/hls/`: playlists and parts. Everything that is finished comes from the disk, by nginx. */
export function addPlaybackRoutes(app: TemplatedApp, sessions: LiveSessions, log: Log): void {
  app.get('/hls/:id/index.m3u8', (response, request) => {
    const { data, session } = open(response, request, sessions, log);
    void data.run(async () => {
      const live = required(session);
      const body = await live.playlist.multivariant();
      data.send('200 OK', headersFor(playlistType, 'public, max-age=1'), body);
    });
  });
  app.get('/hls/:id/:rendition/stream.m3u8', (response, request) => {
    const { data, session } = open(response, request, sessions, log);
    const rendition = request.getParameter(1);
    const wanted = readDirectives(request);
    void data.run(async () => {
      const live = required(session);
      const playlist = live.playlistOf(rendition);
      if (playlist === undefined) throw noSuchRendition();
      if (wanted instanceof LivereelError) throw wanted;
      const body = await playlist.media(wanted);
      const age = wanted.segment === null ? 'public, max-age=1' : `public, max-age=${blockingMaxAgeSeconds}`;
      data.send('200 OK', headersFor(playlistType, age), body);
    });
  });
  app.get('/hls/:id/:rendition/:file', (response, request) => {
    const { data, session } = open(response, request, sessions, log);
    const [rendition, file] = [request.getParameter(1), request.getParameter(2) ?? ''];
    void data.run(async () => {
      const live = requiredRendition(session, rendition);
      const named = partName.exec(file);
      if (named === null) throw new LivereelError('not-found', 'there is no such file');
      const [segment, part] = [Number(named[1]), Number(named[2])];
      const { next } = live.rendition;
      // The part that is about to come is announced (EXT-X-PRELOAD-HINT) and held until it is there.
      if (segment === next.segment && part === next.part) {
        await live.playlist.until(segment, part);
      }
      data.send('200 OK', headersFor('video/mp4', forever), await live.readPart(segment, part));
    });
  });
}

function open(response: HttpResponse, request: HttpRequest, sessions: LiveSessions, log: Log) {
  const data = new DataResponse(response, log);
  return { data, session: sessions.find(request.getParameter(0) ?? '') };
}

/** nginx adds what any page needs to be let in (`nginx/media.conf`). */
function headersFor(type: string, cacheControl: string): string[] {
  return ['Content-Type', type, 'Cache-Control', cacheControl];
}

function required(session: Session | undefined): Session {
  if (session === undefined) throw new LivereelError('not-found', 'there is no such live video');
  return session;
}

function requiredRendition(session: Session | undefined, rendition: string | undefined): Session {
  const live = required(session);
  if (rendition !== live.rendition.name) throw noSuchRendition();
  return live;
}

function noSuchRendition(): LivereelError {
  return new LivereelError('not-found', 'there is no such rendition');
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
