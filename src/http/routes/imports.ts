import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createImportRequest, importAnswer, importedVideo } from '../../api/import.ts';
import { videoId } from '../../api/session.ts';
import type { Importer, Imports } from '../../library/imports.ts';
import { presentVideo } from '../../library/video-presentation.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { askerOf } from '../asker.ts';
import { problems } from '../problem-schema.ts';
import { clientAddressOf, type PublicAddress, publicUrlFor } from '../request-origin.ts';
import type { ToldWebRtc } from './webrtc.ts';

const tags = ['imports'];
const params = z.object({ id: videoId });
const howFar = { description: 'How far it is.', content: { 'application/json': { schema: importAnswer } } };

const createImport = createRoute({
  method: 'post',
  path: '/api/v1/imports',
  operationId: 'createImport',
  tags,
  summary: 'Import a video from an address',
  description:
    'The address of a media file, of an HLS playlist that is over, or of a page that yt-dlp knows. It is fetched in the background; follow `progress` and `state` of the video, or ask for the import.',
  request: { body: { required: true, content: { 'application/json': { schema: createImportRequest } } } },
  responses: {
    202: {
      description: 'The video that it becomes, and its place in the queue.',
      content: { 'application/json': { schema: importedVideo } },
      headers: z.object({ Location: z.string().meta({ description: 'The import.' }) }),
    },
    ...problems('bad-request', 'validation-failed', 'payload-too-large', 'unsupported-media-type'),
    ...problems('unauthorized', 'cross-site-request', 'quota-exceeded'),
    ...problems('source-address-refused', 'too-many-imports'),
  },
});

const getImport = createRoute({
  method: 'get',
  path: '/api/v1/imports/{id}',
  operationId: 'getImport',
  tags,
  summary: 'How far an import is',
  description: 'For who imports it.',
  request: { params },
  responses: { 200: howFar, ...problems('unauthorized', 'not-found') },
});

const cancelImport = createRoute({
  method: 'delete',
  path: '/api/v1/imports/{id}',
  operationId: 'cancelImport',
  tags,
  summary: 'Cancel an import',
  description: 'The video stays, as failed; it can be deleted, or its import tried again.',
  request: { params },
  responses: {
    204: { description: 'It is not fetched any more.' },
    ...problems('unauthorized', 'cross-site-request', 'not-found', 'import-over'),
  },
});

const retryImport = createRoute({
  method: 'post',
  path: '/api/v1/imports/{id}/retry',
  operationId: 'retryImport',
  tags,
  summary: 'Try an import again that failed or was cancelled',
  request: { params },
  responses: {
    202: howFar,
    ...problems('unauthorized', 'cross-site-request', 'not-found', 'import-not-failed'),
  },
});

/** What the routes need besides the imports. */
export type ImportRouteParts = {
  readonly webRtc: Pick<ToldWebRtc, 'engine'>;
  readonly viewing: Pick<VideoViewing, 'ticketFor'>;
  readonly publicAddress: () => PublicAddress;
};

/** Declares the routes of imports (docs/imports.md). */
export function addImportRoutes(app: OpenAPIHono, imports: Imports, parts: ImportRouteParts): void {
  app.openapi(createImport, async c => {
    const { video, queuePosition } = await imports.create(c.req.valid('json'), await importerOf(c));
    const publicUrl = publicUrlFor(c.req.raw.headers, parts.publicAddress());
    c.header('Location', `${publicUrl}/api/v1/imports/${video.id}`);
    const hasWebRtc = parts.webRtc.engine.unavailable === null;
    const shown = presentVideo(video, publicUrl, hasWebRtc, parts.viewing.ticketFor(video));
    return c.json({ ...shown, queuePosition }, 202);
  });

  app.openapi(getImport, async c =>
    c.json(await imports.find(c.req.valid('param').id, await importerOf(c)), 200),
  );

  app.openapi(cancelImport, async c => {
    await imports.cancel(c.req.valid('param').id, await importerOf(c));
    return c.body(null, 204);
  });

  app.openapi(retryImport, async c =>
    c.json(await imports.retry(c.req.valid('param').id, await importerOf(c)), 202),
  );
}

async function importerOf(c: Context): Promise<Importer> {
  return { asker: await askerOf(c), address: clientAddressOf(c.req.raw.headers) };
}
