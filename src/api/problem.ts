import { z } from 'zod';

/**
 * An HTTP error on the wire (RFC 9457, `application/problem+json`; docs/protocol.md, section 6).
 * `code` is the stable word to match on (docs/errors.md), `detail` tells a person what to do.
 */
export const problemAnswer = z
  .object({
    type: z.string().meta({ description: 'Where this kind of error is described.' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong, field by field; `path` is empty for the whole body.' }),
    retryAfterSeconds: z.number().optional(),
    offset: z.number().int().optional().meta({ description: "Where the server's copy ends." }),
  })
  .meta({ id: 'Problem' });
export type ProblemAnswer = z.infer<typeof problemAnswer>;
