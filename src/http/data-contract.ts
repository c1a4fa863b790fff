import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { videoId, videoStates } from '../api/session.ts';
import { problems } from './problem-schema.ts';

type Registry = OpenAPIHono['openAPIRegistry'];

const params = z.object({ id: videoId });
const token = z.string().optional();
const security = [{ ingestToken: [] }, { ingestTokenInQuery: [] }];
const offset = z.number().int().nonnegative();

const binary = { type: 'string', format: 'binary' } as const;
const binaryExample = '(bytes)';

const stored = {
  description: 'So many bytes (chunks) or frames (frames) are safe: they survive a crash of the server.',
  content: {
    'application/json': {
      schema: z.object({ offset }).meta({ id: 'Stored', examples: [{ offset: 65536 }] }),
    },
  },
};

const refused = [
  ...(['bad-request', 'bad-token', 'session-not-found', 'input-not-supported'] as const),
  ...(['session-ended', 'session-superseded'] as const),
] as const;

/**
 * Tells in the OpenAPI document what the data plane answers (docs/protocol.md, sections 3.2 and 5). Its routes are
 * not the API app's, so they are declared here and handled in `data-plane`.
 */
export function declareDataPlane(registry: Registry): void {
  declareChunks(registry);
  declareFrames(registry);
  declareEvents(registry);
}

function declareChunks(registry: Registry): void {
  registry.registerPath({
    method: 'get',
    path: '/ingest/{id}',
    operationId: 'getIngest',
    tags: ['ingest'],
    summary: 'How much is safe',
    security,
    request: { params, query: z.object({ token }) },
    responses: {
      200: {
        description: 'Send from `offset` on.',
        content: {
          'application/json': {
            schema: z
              .object({ offset, state: z.enum(videoStates) })
              .meta({ id: 'Ingest', examples: [{ offset: 65536, state: 'live' }] }),
          },
        },
      },
      ...problems('bad-token', 'session-not-found', 'session-ended'),
    },
  });
  registry.registerPath({
    method: 'post',
    path: '/ingest/{id}',
    operationId: 'appendChunks',
    tags: ['ingest'],
    summary: 'Append the next bytes of the recording',
    description:
      'WebM or Matroska, fragmented MP4, or MPEG-TS, in any split; one endless body is fine. `Upload-Offset` may say where the body begins.',
    security,
    request: {
      params,
      query: z.object({ token }),
      headers: z.object({
        'Upload-Offset': z
          .string()
          .optional()
          .meta({ examples: ['0'] }),
      }),
      body: {
        content: { 'application/octet-stream': { schema: z.string().meta(binary), example: binaryExample } },
      },
    },
    responses: { 200: stored, ...problems(...refused, 'offset-mismatch', 'unsupported-container') },
  });
}

function declareFrames(registry: Registry): void {
  registry.registerPath({
    method: 'post',
    path: '/ingest/{id}/frames',
    operationId: 'appendFrame',
    tags: ['ingest'],
    summary: 'Append one JPEG frame',
    description:
      'The JPEG as the body, or as the only file of a multipart form. For sessions with `input: "frames"`.',
    security,
    request: {
      params,
      query: z.object({
        token,
        capturedAtUs: z
          .string()
          .optional()
          .meta({
            description: 'When it was taken, in microseconds of any epoch; never before the frame before it.',
            examples: ['1767268800000000'],
          }),
      }),
      body: {
        content: {
          'image/jpeg': { schema: z.string().meta(binary), example: binaryExample },
          'multipart/form-data': {
            schema: z.object({ file: z.string().meta(binary) }).meta({ examples: [{ file: binaryExample }] }),
          },
        },
      },
    },
    responses: { 200: stored, ...problems(...refused, 'bad-frame', 'frame-too-large') },
  });
}

function declareEvents(registry: Registry): void {
  registry.registerPath({
    method: 'get',
    path: '/api/v1/videos/{id}/events',
    operationId: 'watchEvents',
    tags: ['videos'],
    summary: 'What happens to a video, as Server-Sent Events',
    request: {
      params,
      query: z.object({
        viewer: z.literal('0').optional().meta({ description: 'Not to be counted among the viewers.' }),
      }),
      headers: z.object({
        'Last-Event-ID': z.string().optional().meta({ description: 'Replays what came after it.' }),
      }),
    },
    responses: {
      200: {
        description: 'Never ends by itself.',
        content: {
          'text/event-stream': {
            schema: z.string(),
            example:
              'id: 7\nevent: state\ndata: {"id":"f3Kq9ZtA1bXy","state":"live","at":"2026-01-01T12:00:00.000Z"}\n\n',
          },
        },
      },
      ...problems('not-found'),
    },
  });
}
