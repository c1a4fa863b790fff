import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type Asker, anyone } from '../../accounts/asker.ts';
import { videoId } from '../../api/session.ts';
import { askerOf } from '../asker.ts';
import { tokenOf } from '../bearer-token.ts';
import { allowChange, type ChangeAccessParts } from '../change-access.ts';
import { problems } from '../problem-schema.ts';
import { owners } from './sessions.ts';

/** Deletes videos; `VideoDeletion` is it. */
export interface VideoRemover {
  deleteVideo(id: string): Promise<boolean>;
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
  request: { params: z.object({ id: videoId }), query: z.object({ token: z.string().max(4096).optional() }) },
  responses: {
    204: { description: 'It is gone.' },
    ...problems('validation-failed', 'unauthorized', 'bad-token', 'forbidden', 'cross-site-request'),
    ...problems('not-found'),
  },
});

/** Declares `DELETE /api/v1/videos/<id>` (docs/protocol.md, section 8). */
export function addVideoDeletionRoute(
  app: OpenAPIHono,
  deletion: VideoRemover,
  access: ChangeAccessParts,
): void {
  app.openapi(deleteVideo, async c => {
    const { id } = c.req.valid('param');
    try {
      await allowChange(c, id, access);
    } catch (error) {
      const ingestToken = tokenOf(c.req.raw.headers, c.req.valid('query').token);
      // An ingest token is nobody's login.
      const asker = await askerOf(c).catch(() => anyone);
      if (await deletion.wasDeleted(id, { ingestToken, asker })) return c.body(null, 204);
      throw error;
    }
    await deletion.deleteVideo(id);
    return c.body(null, 204);
  });
}
