import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { videoId } from '../../api/session.ts';
import { changeVideoRequest, videoAnswer } from '../../api/video.ts';
import type { PlaybackGate } from '../../library/playback-gate.ts';
import type { ListedVideo, VideoChanges, VideoListing, VideoRow } from '../../library/video-store.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { credentialsOf } from '../asker.ts';
import { allowChange, isChanger, noSuchVideo } from '../change-access.ts';
import { requireKnown, taggedAnswer } from '../entity-tag.ts';
import { problems } from '../problem-schema.ts';
import { type PublicAddress, publicUrlFor } from '../request-origin.ts';
import { showVideo } from '../shown-video.ts';
import { owners, type SessionDoor } from './sessions.ts';
import type { ToldWebRtc } from './webrtc.ts';

/** What the API needs of the library; `VideoStore` is it. */
export interface VideoShelf {
  find(id: string): Promise<VideoRow | undefined>;
  /** @throws LivereelError `validation-failed` for a cursor that is not one of ours. */
  list(listing: VideoListing): Promise<{ items: ListedVideo[]; nextCursor: string | null }>;
  /** `unchangedSince`: nothing is done, and undefined told, when it was changed after that. */
  update(id: string, changes: VideoChanges, unchangedSince?: Date): Promise<VideoRow | undefined>;
}

const tags = ['videos'];
const params = z.object({ id: videoId });
const query = z.object({ token: z.string().max(4096).optional() });
const video = { description: 'The video.', content: { 'application/json': { schema: videoAnswer } } };

const getVideo = createRoute({
  method: 'get',
  path: '/api/v1/videos/{id}',
  operationId: 'getVideo',
  tags,
  summary: 'One video, live or over',
  description:
    'A private video is found by its owner, and with its token. Of what went wrong everyone is told the code; the reason only who may change the video.',
  security: [{}, ...owners, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: { params, query },
  responses: {
    200: video,
    304: { description: 'What `If-None-Match` names is still right.' },
    ...problems('validation-failed', 'not-found'),
  },
});

const changeVideo = createRoute({
  method: 'patch',
  path: '/api/v1/videos/{id}',
  operationId: 'changeVideo',
  tags,
  summary: 'Change what is said about a video',
  description: 'As its owner, or with the ingest token of its session. What is left out stays as it is.',
  security: [...owners, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: {
    params,
    query,
    headers: z.object({
      'if-match': z.string().max(1_000).optional().meta({
        description: 'The `ETag` of the answer that was read: another change in between is refused with 412.',
      }),
    }),
    body: { required: true, content: { 'application/json': { schema: changeVideoRequest } } },
  },
  responses: {
    200: video,
    ...problems('bad-request', 'validation-failed', 'unauthorized', 'bad-token', 'not-found'),
    ...problems('payload-too-large', 'unsupported-media-type', 'forbidden', 'cross-site-request'),
    ...problems('precondition-failed'),
  },
});

type Access = Pick<SessionDoor, 'authorizes'>;

/** What the routes need besides the library. */
export type VideoRouteParts = {
  readonly sessions: Access;
  /** The language of a video's speech (BCP-47, or `auto`) was corrected. */
  readonly onLanguage: (id: string, language: string) => Promise<void>;
  readonly webRtc: Pick<ToldWebRtc, 'engine'>;
  readonly playback: {
    readonly viewing: Pick<VideoViewing, 'of' | 'ticketFor'>;
    readonly gate: Pick<PlaybackGate, 'shut'>;
  };
};

/** Declares the routes of one video (docs/protocol.md, section 8). */
export function addVideoRoutes(
  app: OpenAPIHono,
  shelf: VideoShelf,
  { sessions: access, onLanguage, webRtc, playback: { viewing, gate } }: VideoRouteParts,
  address: () => PublicAddress,
): void {
  const present = (found: VideoRow, headers: Headers, ticket: string | null, isWhole = true) =>
    showVideo(isWhole, found, publicUrlFor(headers, address()), webRtc.engine.unavailable === null, ticket);

  app.openapi(getVideo, async c => {
    const { id } = c.req.valid('param');
    const found = await shelf.find(id);
    const seen = found && (await viewing.of(found, credentialsOf(c)));
    if (seen === undefined) throw noSuchVideo();
    const isWhole = seen.video.errorCode === null || (await isChanger(c, seen.video, access));
    return taggedAnswer(c, present(seen.video, c.req.raw.headers, seen.ticket, isWhole));
  });

  app.openapi(changeVideo, async c => {
    const { id } = c.req.valid('param');
    await allowChange(c, id, { videos: shelf, sessions: access });
    const changes = changesOf(c.req.valid('json'));
    const ifMatch = c.req.header('if-match');
    const before = ifMatch === undefined ? undefined : await shelf.find(id);
    if (before) requireKnown(ifMatch, present(before, c.req.raw.headers, null));
    const changed = await shelf.update(id, changes, before?.updatedAt);
    if (changed === undefined && before) requireKnown('"another change came first"', {});
    if (changed === undefined) throw noSuchVideo();
    if (changes.visibility !== undefined) gate.shut(id);
    if (changes.language !== undefined) await onLanguage(id, changes.language);
    return c.json(present(changed, c.req.raw.headers, viewing.ticketFor(changed)), 200);
  });
}

function changesOf({
  title,
  description,
  visibility,
  language,
}: z.infer<typeof changeVideoRequest>): VideoChanges {
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(visibility !== undefined && { visibility }),
    ...(language !== undefined && { language }),
  };
}
