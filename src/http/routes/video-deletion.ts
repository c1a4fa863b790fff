import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type Asker, anyone } from '../../accounts/asker.ts';
import { videoId } from '../../api/session.ts';
import { presentVideo } from '../../library/video-presentation.ts';
import { askerOf } from '../asker.ts';
import { tokenOf } from '../bearer-token.ts';
import { allowChange, type ChangeAccessParts } from '../change-access.ts';
import { requireKnown } from '../entity-tag.ts';
import { problems } from '../problem-schema.ts';
import { type PublicAddress, publicUrlFor } from '../request-origin.ts';
import { owners } from './sessions.ts';
import type { ToldWebRtc } from './webrtc.ts';

/** Deletes videos; `VideoDeletion` is it. */
export interface VideoRemover {
  /** False: nothing was deleted; with `unchangedSince` also because it was changed after that. */
  deleteVideo(id: string, unchangedSince?: Date): Promise<boolean>;
  /** Whether this video was deleted within the last day, and was the asker's, or `ingestToken` its own. */
  wasDeleted(id: string, by: { ingestToken: string | undefined; asker: Asker }): Promise<boolean>;
}

const deleteVideo = createRoute({
  method: 'delete',
  path: '/api/v1/videos/{id}',
  operationId: 'deleteVideo',
  tags: ['videos'],
  summary: 'Delete a video for good',
  description:
    'With all its files, captions and tasks; a live one is ended first. It cannot be taken back. Deleting once more what was just deleted is no error.',
  security: [...owners, { ingestToken: [] }, { ingestTokenInQuery: [] }],
  request: {
    params: z.object({ id: videoId }),
    query: z.object({ token: z.string().max(4096).optional() }),
    headers: z.object({
      'if-match': z.string().max(1_000).optional().meta({
        description: 'The `ETag` of the answer that was read: a video that was changed since stays (412).',
      }),
    }),
  },
  responses: {
    204: { description: 'It is gone.' },
    ...problems('validation-failed', 'unauthorized', 'bad-token', 'forbidden', 'cross-site-request'),
    ...problems('not-found', 'precondition-failed'),
  },
});

/** What the route needs besides the deletion. */
export type VideoDeletionRouteParts = ChangeAccessParts & {
  readonly webRtc: Pick<ToldWebRtc, 'engine'>;
  readonly publicAddress: () => PublicAddress;
};

/** Declares `DELETE /api/v1/videos/<id>` (docs/protocol.md, section 8). */
export function addVideoDeletionRoute(
  app: OpenAPIHono,
  deletion: VideoRemover,
  parts: VideoDeletionRouteParts,
): void {
  app.openapi(deleteVideo, async c => {
    const { id } = c.req.valid('param');
    try {
      await allowChange(c, id, parts);
    } catch (error) {
      const ingestToken = tokenOf(c.req.raw.headers, c.req.valid('query').token);
      // An ingest token is nobody's login.
      const asker = await askerOf(c).catch(() => anyone);
      if (await deletion.wasDeleted(id, { ingestToken, asker })) return c.body(null, 204);
      throw error;
    }
    await deleteUnchanged(c, id, deletion, parts);
    return c.body(null, 204);
  });
}

/** Deletes a video, and where the client says which state of it is meant (`If-Match`) only that. */
async function deleteUnchanged(
  c: Context,
  id: string,
  deletion: VideoRemover,
  { videos, webRtc, publicAddress }: VideoDeletionRouteParts,
): Promise<void> {
  const ifMatch = c.req.header('if-match');
  const before = ifMatch === undefined ? undefined : await videos.find(id);
  if (before) {
    const publicUrl = publicUrlFor(c.req.raw.headers, publicAddress());
    requireKnown(ifMatch, presentVideo(before, publicUrl, webRtc.engine.unavailable === null));
  }
  const isDeleted = await deletion.deleteVideo(id, before?.updatedAt);
  const isChanged = before !== undefined && !isDeleted && (await videos.find(id)) !== undefined;
  if (isChanged) requireKnown('"another change came first"', {});
}
