import { z } from 'zod';

const examples = [
  {
    usable: true,
    reason: null,
    udpPort: 8189,
    iceServers: [{ urls: ['stun:stun.example:3478'] }],
  },
];

/** Answer of `GET /api/v1/webrtc` (docs/protocol.md, section 3.4). */
export const webRtcAnswer = z
  .object({
    usable: z.boolean(),
    reason: z.string().nullable().meta({ description: 'Why not, a sentence for people.' }),
    udpPort: z.number().int().nullable().meta({ description: 'What a firewall has to let through.' }),
    iceServers: z
      .array(
        z.object({
          urls: z.array(z.string()),
          username: z.string().optional(),
          credential: z.string().optional(),
        }),
      )
      .meta({ description: 'As `RTCPeerConnection` takes them.' }),
  })
  .meta({ id: 'WebRtc', examples });
export type WebRtcAnswer = z.infer<typeof webRtcAnswer>;
