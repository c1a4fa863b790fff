import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Asker } from '../../accounts/asker.ts';
import { listVideosQuery, videoPage } from '../../api/video.ts';
import { LivereelError } from '../../errors.ts';
import { mayChange } from '../../library/video-access.ts';
import type { VideoListing } from '../../library/video-list-store.ts';
import { presentVideo } from '../../library/video-presentation.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { askerOf } from '../asker.ts';
import { taggedAnswer } from '../entity-tag.ts';
import { problems } from '../problem-schema.ts';
import { type PublicAddress, publicUrlFor } from '../request-origin.ts';
import type { VideoShelf } from './videos.ts';
import type { ToldWebRtc } from './webrtc.ts';

const listVideos = createRoute({
  method: 'get',
  path: '/api/v1/videos',
  operationId: 'listVideos',
  tags: ['videos'],
  summary: 'List videos',
  description:
    "The public ones; with `owner` one's own unlisted and private ones too. A cursor holds its place: videos that come or go between two pages shift none of the others.",
  request: { query: listVideosQuery },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: videoPage } } },
    ...problems('validation-failed', 'unauthorized'),
  },
});

/** Declares the list of videos (docs/protocol.md, section 8). */
export function addVideoListRoute(
  app: OpenAPIHono,
  shelf: Pick<VideoShelf, 'list'>,
  {
    webRtc,
    playback: { viewing },
  }: {
    readonly webRtc: Pick<ToldWebRtc, 'engine'>;
    readonly playback: { readonly viewing: Pick<VideoViewing, 'ticketFor'> };
  },
  address: () => PublicAddress,
): void {
  app.openapi(listVideos, async c => {
    const { owner, ...query } = c.req.valid('query');
    const page = await shelf.list({ ...query, ...whoseVideos(owner, await askerOf(c)) });
    const publicUrl = publicUrlFor(c.req.raw.headers, address());
    const hasWebRtc = webRtc.engine.unavailable === null;
    const items = page.items.map(item => presentVideo(item, publicUrl, hasWebRtc, viewing.ticketFor(item)));
    return taggedAnswer(c, { items, nextCursor: page.nextCursor });
  });
}

/** Of one's own every video is listed, of others' the public ones. */
function whoseVideos(owner: string | undefined, asker: Asker): Pick<VideoListing, 'ownerId' | 'visibility'> {
  if (owner === undefined) return { visibility: 'public' };
  if (owner !== 'me') {
    return mayChange({ ownerId: owner }, asker)
      ? { ownerId: owner }
      : { ownerId: owner, visibility: 'public' };
  }
  if (asker.kind === 'anyone') {
    throw new LivereelError('unauthorized', 'Log in, or send an API key, to list your own videos.');
  }
  return { ownerId: asker.kind === 'person' ? asker.accountId : null };
}
