import { z } from 'zod';

/** `limit` of every list that comes in pages (docs/protocol.md, section 8). */
export const pageLimit = z.coerce
  .number()
  .int()
  .min(1)
  .max(100)
  .default(20)
  .meta({ description: 'How many at most.', examples: [20] });
