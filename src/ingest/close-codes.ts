import type { ErrorCode } from '../errors.ts';

/** WebSocket close codes of the ingest (docs/protocol.md, section 3.1). */
export const closeCode = {
  ended: 1000,
  messageTooLarge: 1009,
  malformed: 4400,
  unauthorized: 4401,
  notFound: 4404,
  superseded: 4409,
  unsupported: 4415,
  overLimit: 4429,
  unavailable: 4503,
} as const;

const codes: Partial<Record<ErrorCode, number>> = {
  'message-too-large': closeCode.messageTooLarge,
  'malformed-message': closeCode.malformed,
  'bad-request': closeCode.malformed,
  'offset-mismatch': closeCode.malformed,
  unauthorized: closeCode.unauthorized,
  'bad-token': closeCode.unauthorized,
  'session-not-found': closeCode.notFound,
  'not-found': closeCode.notFound,
  'session-superseded': closeCode.superseded,
  'session-ended': closeCode.superseded,
  'unsupported-container': closeCode.unsupported,
  'media-unusable': closeCode.unsupported,
  'input-not-supported': closeCode.unsupported,
  'payload-too-large': closeCode.overLimit,
  'frame-too-large': closeCode.overLimit,
  'too-many-sessions': closeCode.overLimit,
};

/** The close code for an error; what is ours to mend is `4503`: try again. */
export function closeCodeOf(code: ErrorCode): number {
  return codes[code] ?? closeCode.unavailable;
}
