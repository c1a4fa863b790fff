import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { problemAnswer } from '../api/problem.ts';
import { titleOf } from './error-status.ts';
import { problems } from './problem-schema.ts';
import { owners } from './routes/sessions.ts';

type Registry = OpenAPIHono['openAPIRegistry'];

const tags = ['uploads'];
const params = z.object({
  upload: z.string().meta({
    description: 'What the `Location` of the creation ends with: a secret of its sender.',
    examples: ['f3Kq9ZtA1bXy-0123456789abcdefghijABCD'],
  }),
});
const version = { 'Tus-Resumable': z.literal('1.0.0').meta({ examples: ['1.0.0'] }) };
const count = (description: string) => z.string().regex(/^\d+$/).meta({ description });
const bytes = {
  'application/offset+octet-stream': {
    schema: z.string().meta({ type: 'string', format: 'binary' }),
    example: '(bytes)',
  },
};
const offset = { 'Upload-Offset': count('So many bytes are there.') };
const expiry = {
  'Upload-Expires': z.string().optional().meta({ description: 'When it is given up if nothing more comes.' }),
};

/** What the protocol refuses with a status of its own, which its clients know. */
function tusRefusal(status: number, code: 'bad-request' | 'upload-not-found', detail: string) {
  const value = { type: 'about:blank', title: titleOf[code], status, detail, code };
  const content = { 'application/problem+json': { schema: problemAnswer, examples: { [code]: { value } } } };
  return { [status]: { description: `\`${code}\`: ${detail}.`, content } };
}

const noVersion = tusRefusal(412, 'bad-request', 'Tus-Resumable Required');
const unknownUpload = {
  ...problems('upload-not-found'),
  ...tusRefusal(410, 'upload-not-found', 'The file for this url no longer exists'),
};

/**
 * Tells in the OpenAPI document what `/uploads` answers: tus 1.0 with creation (also with the first bytes), deferred
 * length, termination and expiration (https://tus.io/protocols/resumable-upload). `TusDoor` answers.
 */
export function declareUploads(registry: Registry): void {
  declareCreation(registry);
  registry.registerPath({
    method: 'head',
    path: '/uploads/{upload}',
    operationId: 'getUpload',
    tags,
    summary: 'How much of an upload is there',
    description: 'Send from `Upload-Offset` on. A refusal has a status and no body, as always with HEAD.',
    security: [],
    request: { params, headers: z.object(version) },
    responses: {
      200: {
        description: 'So far it is.',
        headers: z.object({
          ...offset,
          'Upload-Length': count('Of the whole file; not there while nobody knows.').optional(),
        }),
      },
      ...unknownUpload,
      ...noVersion,
    },
  });
  declareAppending(registry);
  registry.registerPath({
    method: 'delete',
    path: '/uploads/{upload}',
    operationId: 'deleteUpload',
    tags,
    summary: 'Take an upload back',
    description: 'Its video was never there.',
    security: [],
    request: { params, headers: z.object(version) },
    responses: { 204: { description: 'It is gone.' }, ...unknownUpload, ...noVersion },
  });
}

function declareCreation(registry: Registry): void {
  registry.registerPath({
    method: 'post',
    path: '/uploads',
    operationId: 'createUpload',
    tags,
    summary: 'Begin an upload that can be resumed (tus 1.0)',
    description:
      'Any client of tus does this, and all that follows. `Upload-Metadata` takes `filename`, `title`, `visibility` and `replyTo`, each in base64. The bytes, or the first of them, may come with it.',
    security: [{}, ...owners],
    request: {
      headers: z.object({
        ...version,
        'Upload-Length': count('Bytes of the whole file.')
          .optional()
          .meta({ examples: ['1000'] }),
        'Upload-Defer-Length': z.literal('1').optional().meta({ description: 'Instead: it is told later.' }),
        'Upload-Metadata': z
          .string()
          .max(8_192)
          .optional()
          .meta({ examples: ['filename c3RhbmR1cC5tcDQ=,visibility cHJpdmF0ZQ=='] }),
      }),
      body: { content: bytes },
    },
    responses: {
      201: {
        description: 'Send the bytes to `Location`.',
        headers: z.object({
          Location: z.string().meta({ description: 'The upload; who knows it may go on with it.' }),
          'Livereel-Video-Id': z.string().meta({ description: 'The video that it will be.' }),
          ...expiry,
        }),
      },
      ...problems('bad-request', 'validation-failed', 'unauthorized', 'cross-site-request', 'quota-exceeded'),
      ...problems('upload-too-large', 'too-many-uploads', 'disk-full'),
      ...noVersion,
    },
  });
}

function declareAppending(registry: Registry): void {
  registry.registerPath({
    method: 'patch',
    path: '/uploads/{upload}',
    operationId: 'appendUpload',
    tags,
    summary: 'Send the next bytes of an upload',
    description: 'With the last of them it is over, and its video is processed.',
    security: [],
    request: {
      params,
      headers: z.object({
        ...version,
        'Upload-Offset': count('Where these bytes begin.').meta({ examples: ['0'] }),
        'Upload-Length': count('Where it was not told before.').optional(),
      }),
      body: { required: true, content: bytes },
    },
    responses: {
      204: { description: 'They are there.', headers: z.object({ ...offset, ...expiry }) },
      ...problems('bad-request', 'offset-mismatch', 'upload-too-large', 'disk-full'),
      ...unknownUpload,
      ...tusRefusal(403, 'bad-request', 'Upload-Offset header required'),
      ...noVersion,
    },
  });
}
