import type { Caption } from './caption.ts';

/** Answer of `GET /api/v1/videos/<id>/transcript` (docs/protocol.md, section 8): what was said, as far as it is known. */
export type Transcript = {
  /** BCP-47; null while nobody knows. */
  readonly language: string | null;
  /** Whether these are the corrected words. */
  readonly final: boolean;
  readonly segments: readonly Omit<Caption, 'revision' | 'final'>[];
};
