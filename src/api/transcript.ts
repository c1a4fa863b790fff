import { z } from 'zod';

const word = z.object({ text: z.string(), start: z.number(), end: z.number(), probability: z.number() });

const segment = z.object({
  index: z.number().int(),
  start: z.number(),
  end: z.number(),
  text: z.string(),
  words: z.array(word).readonly(),
});

/** Answer of `GET /api/v1/videos/<id>/transcript` (docs/protocol.md, section 8): what was said, as far as it is known. */
export const transcriptAnswer = z
  .object({
    language: z.string().nullable().meta({ description: 'BCP-47; null while nobody knows.' }),
    final: z.boolean().meta({ description: 'Whether these are the corrected words.' }),
    segments: z.array(segment).readonly(),
  })
  .readonly()
  .meta({
    id: 'Transcript',
    examples: [
      {
        language: 'en',
        final: true,
        segments: [
          {
            index: 0,
            start: 0.5,
            end: 1.2,
            text: 'Good morning.',
            words: [
              { text: 'Good', start: 0.5, end: 0.8, probability: 0.97 },
              { text: 'morning.', start: 0.8, end: 1.2, probability: 0.99 },
            ],
          },
        ],
      },
    ],
  });
export type Transcript = z.infer<typeof transcriptAnswer>;
