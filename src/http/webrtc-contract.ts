import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { videoId } from '../api/session.ts';
import { problems } from './problem-schema.ts';

type Registry = OpenAPIHono['openAPIRegistry'];

const tags = ['webrtc'];
const token = z.string().optional();
const endpointParams = z.object({ id: videoId });
const locationParams = z.object({ id: videoId, peer: z.string().meta({ examples: ['m3vT0c2k'] }) });
const offerExample = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n...';
const fragmentExample = 'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uY...\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n...';
const sdp = { 'application/sdp': { schema: z.string(), example: offerExample } };
const fragment = { 'application/trickle-ice-sdpfrag': { schema: z.string(), example: fragmentExample } };
const ifMatch = z.object({
  'If-Match': z.string().meta({ description: 'The newest `ETag`; `*` restarts ICE.', examples: ['"1"'] }),
});
const answer = {
  description: 'The answer to the offer.',
  content: sdp,
  headers: z.object({
    Location: z.string().meta({ description: 'The connection: `PATCH` trickles, `DELETE` hangs up.' }),
    ETag: z.string().meta({ description: 'For `If-Match`; another one after each restart of ICE.' }),
    'Livereel-Now': z.string().meta({ description: "The server's clock, milliseconds since 1970." }),
  }),
};

type Security = Record<string, string[]>[];
const withToken: Security = [{ ingestToken: [] }, { ingestTokenInQuery: [] }];
const withTokenOrWithout: Security = [{}, ...withToken];

const doors = {
  whip: {
    verb: 'publish',
    what: 'Publish by WebRTC (WHIP, RFC 9725)',
    hangUp: 'Hang up: the session ends',
    security: withToken,
    own: ['unauthorized', 'bad-token', 'session-not-found', 'session-ended', 'input-not-supported'],
  },
  whep: {
    verb: 'watch',
    what: 'Watch by WebRTC (WHEP)',
    hangUp: 'Hang up',
    security: withTokenOrWithout,
    own: ['not-found', 'not-live', 'codecs-not-watchable'],
  },
} as const;

/** Tells in the OpenAPI document what `/whip` and `/whep` answer (docs/protocol.md, section 3.4). */
export function declareWebRtc(registry: Registry): void {
  for (const door of ['whip', 'whep'] as const) {
    const { verb, what, hangUp, security, own } = doors[door];
    const access = problems(...(door === 'whip' ? (['unauthorized', 'bad-token'] as const) : []));
    const gone =
      door === 'whip' ? (['session-not-found', 'peer-not-found'] as const) : (['peer-not-found'] as const);
    registry.registerPath({
      method: 'post',
      path: `/${door}/{id}`,
      operationId: `${verb}ByWebRtc`,
      tags,
      summary: what,
      description: 'An SDP offer, answered at once; candidates may follow. At most 64 KiB.',
      security,
      request: { params: endpointParams, query: z.object({ token }), body: { required: true, content: sdp } },
      responses: {
        201: answer,
        ...merged(
          problems(...own, 'malformed-sdp', 'no-common-codec', 'payload-too-large', 'unsupported-media-type'),
          problems('too-many-requests', 'webrtc-unavailable', 'webrtc-restarting', 'server-full'),
        ),
      },
    });
    registry.registerPath({
      method: 'patch',
      path: `/${door}/{id}/{peer}`,
      operationId: `${verb}TrickleIce`,
      tags,
      summary: 'Trickle candidates, or restart ICE',
      security,
      request: {
        params: locationParams,
        query: z.object({ token }),
        headers: ifMatch,
        body: { required: true, content: fragment },
      },
      responses: {
        200: { description: 'ICE was restarted; a new `ETag`.', content: fragment },
        204: { description: 'Taken.' },
        ...merged(
          access,
          problems(...gone, 'malformed-sdp', 'ice-restart-refused', 'unsupported-media-type'),
          problems('precondition-failed', 'precondition-required', 'payload-too-large', 'webrtc-restarting'),
        ),
      },
    });
    registry.registerPath({
      method: 'delete',
      path: `/${door}/{id}/{peer}`,
      operationId: `${verb}HangUp`,
      tags,
      summary: hangUp,
      security,
      request: { params: locationParams, query: z.object({ token }) },
      responses: { 200: { description: 'Hung up.' }, ...merged(access, problems(...gone)) },
    });
  }
}

function merged(...all: readonly ReturnType<typeof problems>[]): ReturnType<typeof problems> {
  return Object.assign({}, ...all);
}
