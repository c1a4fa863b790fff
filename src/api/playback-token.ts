import { z } from 'zod';

const longest = 30 * 86_400;

/** Body of `POST /api/v1/videos/<id>/playback-token`; none means all defaults. */
export const playbackTokenRequest = z
  .object({
    expiresInSeconds: z
      .number()
      .int()
      .min(60)
      .max(longest)
      .default(43_200)
      .meta({ description: 'How long it is to hold at least; it ends within five minutes after that.' }),
  })
  .strict()
  .meta({ id: 'PlaybackTokenRequest', examples: [{ expiresInSeconds: 604800 }] });

/** Answer `200` of `POST /api/v1/videos/<id>/playback-token` (docs/protocol.md, section 4). */
export const playbackTokenAnswer = z.object({ token: z.string(), expiresAt: z.iso.datetime() }).meta({
  id: 'PlaybackToken',
  examples: [{ token: '1767312000-Yz1rJm0hQ6yqB3tUo2nW8xKcVdEfGh4L', expiresAt: '2026-01-02T00:00:00.000Z' }],
});
