import { type ErrorCode, LivereelError } from '../errors.ts';

/** Codes that say: this input can never be made into anything, however often it is tried, or nobody wants it. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'media-unusable',
  'media-too-costly',
  'unsupported-container',
  'unsupported-media-type',
  'payload-too-large',
  'validation-failed',
  'bad-request',
  'not-found',
  'unauthorized',
  'quota-exceeded',
  'source-address-refused',
  'source-refused',
  'source-too-large',
  'source-is-live',
  'source-not-supported',
  'downloader-missing',
  'import-cancelled',
]);

/** Whether no further attempt can help: the file is at fault, not the machine. */
export function isFinal(error: unknown): boolean {
  return error instanceof LivereelError && final.has(error.code);
}

/** Codes that say: the machine lacks something now, which is nobody's fault here. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'captions-unavailable',
  'model-unavailable',
  'database-unavailable',
  'disk-full',
]);

/** Whether the attempt does not count: it is made again, as often as it takes. */
export function isPassing(error: unknown): boolean {
  return error instanceof LivereelError && passing.has(error.code);
}

/** The reason as people read it; never a stack, and no more than a few lines. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Postgres' text has no zero characters.
  return message.replaceAll('\0', '').slice(0, mostReasonCharacters) || 'no reason was given';
}
const mostReasonCharacters = 1_000;
