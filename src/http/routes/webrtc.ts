import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { webRtcAnswer } from '../../api/webrtc.ts';
import type { WebRtcEngine } from '../../webrtc/webrtc-engine.ts';
import { type IceServerSettings, iceServers } from '../ice-servers.ts';

/** What is told of WebRTC before anyone uses it. */
export type ToldWebRtc = {
  readonly engine: Pick<WebRtcEngine, 'unavailable' | 'udpPort'>;
  readonly iceServers: IceServerSettings;
};

const getWebRtc = createRoute({
  method: 'get',
  path: '/api/v1/webrtc',
  operationId: 'getWebRtc',
  tags: ['webrtc'],
  summary: 'Whether WebRTC works here',
  description: 'Asked before a page offers it. TURN credentials hold for a day.',
  responses: {
    200: { description: 'How it stands.', content: { 'application/json': { schema: webRtcAnswer } } },
  },
});

/** Declares `/api/v1/webrtc` (docs/protocol.md, section 3.4). */
export function addWebRtcRoute(app: OpenAPIHono, { engine, iceServers: settings }: ToldWebRtc): void {
  app.openapi(getWebRtc, c => {
    const { unavailable, udpPort } = engine;
    const servers = iceServers(settings, 'page', Date.now()).map(({ urls, ...rest }) => ({
      ...rest,
      urls: [...urls],
    }));
    c.header('Cache-Control', 'no-store');
    return c.json({ usable: unavailable === null, reason: unavailable, udpPort, iceServers: servers }, 200);
  });
}
