import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Asker } from '../../accounts/asker.ts';
import { listVideosQuery, videoPage } from '../../api/video.ts';
import { LivereelError } from '../../errors.ts';
import { mayChange } from '../../library/video-access.ts';
import type { VideoListing } from '../../library/video-list-store.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { askerOf } from '../asker.ts';
import { taggedAnswer } from '../entity-tag.ts';
import { problems } from '../problem-schema.ts';
import { type PublicAddress, publicUrlFor } from '../request-origin.ts';
import { showVideo } from '../shown-video.ts';
import type { VideoShelf } from './videos.ts';
import type { ToldWebRtc } from './webrtc.ts';

const listVideos = createRoute({
  method: 'get',
  path: '/api/v1/videos',
  operationId: 'listVideos',
  tags: ['videos'],
  summary: 'List videos',
  description:
    "The public ones that did not fail; with `owner` one's own unlisted, private and failed ones too. A cursor holds its place: videos that come or go between two pages shift none of the others.",
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
    const asker = await askerOf(c);
    const page = await shelf.list({ ...query, ...whoseVideos(owner, asker) });
    const publicUrl = publicUrlFor(c.req.raw.headers, address());
    const hasWebRtc = webRtc.engine.unavailable === null;
    const items = page.items.map(item =>
      showVideo(mayChange(item, asker), item, publicUrl, hasWebRtc, viewing.ticketFor(item)),
    );
    return taggedAnswer(c, { items, nextCursor: page.nextCursor });
  });
}

/** Of one's own every video is listed; of others' the public ones, but for those that came to nothing. */
function whoseVideos(
  owner: string | undefined,
  asker: Asker,
): Pick<VideoListing, 'ownerId' | 'visibility' | 'isFailedShown'> {
  const listed = { visibility: 'public', isFailedShown: false } as const;
  if (owner === undefined) return listed;
  if (owner !== 'me') {
    return mayChange({ ownerId: owner }, asker) ? { ownerId: owner } : { ownerId: owner, ...listed };
  }
  if (asker.kind === 'anyone') {
    throw new LivereelError('unauthorized', 'Log in, or send an API key, to list your own videos.');
  }
  return { ownerId: asker.kind === 'person' ? asker.accountId : null };
}
