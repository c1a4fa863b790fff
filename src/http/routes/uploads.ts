import type { IncomingMessage } from 'node:http';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { visibilities } from '../../api/session.ts';
import { uploadFields } from '../../api/upload.ts';
import { videoAnswer } from '../../api/video.ts';
import { LivereelError } from '../../errors.ts';
import type { PlainUploads } from '../../library/plain-upload.ts';
import { presentVideo } from '../../library/video-presentation.ts';
import type { VideoViewing } from '../../library/video-viewing.ts';
import { askerOf } from '../asker.ts';
import { readMultipartFile } from '../multipart-file.ts';
import { problems } from '../problem-schema.ts';
import { clientAddressOf, type PublicAddress, publicUrlFor } from '../request-origin.ts';
import { wrongValue } from '../wrong-value.ts';

/** The path of plain uploads: bodies of any size go there, straight from the socket to the disk. */
export const plainUploadPath = '/api/v1/uploads';

const form = z.object({
  file: z.string().meta({ format: 'binary', description: 'The video file.' }),
  title: z.string().max(200).optional(),
  visibility: z.enum(visibilities).optional(),
  replyTo: z.string().optional(),
});

const uploadVideo = createRoute({
  method: 'post',
  path: plainUploadPath,
  operationId: 'uploadVideo',
  tags: ['uploads'],
  summary: 'Upload a file at once',
  description:
    'MP4, MOV, AVI, MKV, WMV, FLV, WebM or MPEG-TS; the bytes decide, not the name. What cannot be used is refused at once. Files that take long are better sent by tus 1.0 at `/uploads`, which goes on after a lost connection.',
  request: {
    body: {
      content: { 'multipart/form-data': { schema: form, example: { file: '(bytes)', title: 'Standup' } } },
    },
  },
  responses: {
    201: {
      description: 'The video, which is being processed.',
      content: { 'application/json': { schema: videoAnswer } },
      headers: z.object({ Location: z.string().meta({ description: 'The video.' }) }),
    },
    ...problems('bad-request', 'validation-failed', 'unauthorized', 'cross-site-request', 'quota-exceeded'),
    ...problems('unsupported-media-type', 'unsupported-container', 'media-unusable'),
    ...problems('upload-too-large', 'too-many-uploads', 'disk-full'),
  },
});

/** What takes files that come in one request; `PlainUploads` is it. */
export type PlainUploadDoor = Pick<PlainUploads, 'take'>;

/** What the route needs. */
export type UploadRouteParts = {
  readonly plainUploads: PlainUploadDoor;
  readonly playback: { readonly viewing: Pick<VideoViewing, 'ticketFor'> };
  readonly publicAddress: () => PublicAddress;
};

/** Declares `POST /api/v1/uploads` (docs/protocol.md, section 8). */
export function addUploadRoute(
  app: OpenAPIHono,
  { plainUploads, playback, publicAddress }: UploadRouteParts,
): void {
  // Not validated by the framework, which would read the whole body into memory.
  app.openAPIRegistry.registerPath(uploadVideo);
  app.post(plainUploadPath, async c => {
    const { incoming } = c.env as { incoming?: IncomingMessage };
    if (incoming === undefined) throw new LivereelError('internal', 'uploads need a connection of their own');
    const asker = await askerOf(c);
    const { headers } = c.req.raw;
    const uploader = { asker, address: clientAddressOf(headers) };
    const length = Number(headers.get('content-length') ?? Number.NaN);
    const sizeBytes = Number.isSafeInteger(length) ? length : null;
    const video = await plainUploads.take(uploader, sizeBytes, async take => {
      const { filename, fields } = await readMultipartFile(incoming, take);
      const read = uploadFields.safeParse(fields);
      if (!read.success) throw wrongValue('form', read.error);
      return { filename, ...read.data };
    });
    const publicUrl = publicUrlFor(headers, publicAddress());
    c.header('Location', `${publicUrl}/api/v1/videos/${video.id}`);
    return c.json(presentVideo(video, publicUrl, false, playback.viewing.ticketFor(video)), 201);
  });
}
