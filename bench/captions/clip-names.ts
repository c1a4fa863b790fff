import type { ClipName } from '../../test/support/speech.ts';

/** The clips that captions are measured with. */
export const clipNames: readonly ClipName[] = [
  'sentence-4s',
  'sentence-5s-noisy',
  'speech-10s',
  'pauses-30s',
  'cut-both-ends',
  'long-75s',
];
