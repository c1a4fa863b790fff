import type { ServerMessage } from '../api/ingest-message.ts';
import { PublishError } from './publish-error.ts';

/** What to do after the ingest WebSocket has closed. */
export type CloseReason =
  | { readonly next: 'ended' }
  | { readonly next: 'retry'; readonly afterSeconds?: number; readonly problem: string }
  | { readonly next: 'fail'; readonly error: PublishError };

type ErrorMessage = Extract<ServerMessage, { type: 'error' }>;

// What every code of docs/protocol.md section 3.1 means to the person who records.
const finalReasons: Record<number, { code: string; message: string }> = {
  1009: { code: 'message-too-large', message: 'One message was larger than the server takes (16 MiB).' },
  4400: {
    code: 'malformed-message',
    message: 'The server did not understand what was sent. Reload the page.',
  },
  4401: {
    code: 'bad-token',
    message: 'The server no longer accepts this recording: its permission is gone. Start a new one.',
  },
  4404: { code: 'session-not-found', message: 'The server does not know this recording. Start a new one.' },
  4409: {
    code: 'session-superseded',
    message: 'The recording was ended, or goes on from another window or device. This one has stopped.',
  },
  4415: {
    code: 'unsupported-container',
    message: "The server cannot read this browser's recording format. Try another browser.",
  },
};

/** Said while the connection is gone and nobody knows why. */
export const connectionLostWords = 'The connection to the server is lost. Trying again.';

/**
 * Reads a close code of the ingest WebSocket, with the error message that came before it, if one did.
 * A code that the protocol does not name (1001, 1006, 1011, 1012) is a lost connection: worth trying again.
 */
export function readCloseCode(code: number, said: ErrorMessage | undefined): CloseReason {
  if (code === 1000) return { next: 'ended' };
  const retryAfterSeconds = said?.retryAfterSeconds;
  if (code === 4503 || (code === 4429 && retryAfterSeconds !== undefined)) {
    return {
      next: 'retry',
      afterSeconds: retryAfterSeconds ?? 5,
      problem: said?.message || 'The server is full. Trying again.',
    };
  }
  const known =
    code === 4429
      ? {
          code: 'too-many-sessions',
          message: 'You are over a limit of this server. Wait a little, then start again.',
        }
      : finalReasons[code];
  if (known === undefined) {
    return { next: 'retry', problem: connectionLostWords };
  }
  return {
    next: 'fail',
    error: new PublishError(said?.code || known.code, said?.message || known.message),
  };
}
