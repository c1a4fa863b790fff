import type { ServerMessage } from '../api/ingest-message.ts';

/**
 * Reads one text message of the ingest WebSocket (docs/protocol.md, section 3.1) without zod, which would be
 * most of a browser's bundle. Returns undefined for what it does not know, so that the protocol can grow.
 */
export function readServerMessage(text: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const message = value as Record<string, unknown>;
  const word = (key: string): string => (typeof message[key] === 'string' ? message[key] : '');
  switch (message.type) {
    case 'ready':
    case 'ack': {
      const offset = message.offset;
      if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) return undefined;
      return { type: message.type, offset };
    }
    case 'warning':
      return { type: 'warning', code: word('code'), message: word('message') };
    case 'ended':
      return { type: 'ended', id: word('id'), state: word('state') };
    case 'error': {
      const retry = message.retryAfterSeconds;
      const retryAfterSeconds = typeof retry === 'number' && retry >= 0 ? retry : undefined;
      return { type: 'error', code: word('code'), message: word('message'), retryAfterSeconds };
    }
    default:
      return undefined;
  }
}
