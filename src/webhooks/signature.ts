import { createHmac } from 'node:crypto';

/** What is signed. */
export type SignedMessage = {
  /** The event's id: the same in every attempt, so that a receiver knows what it has had. */
  readonly id: string;
  /** Of this attempt, seconds since 1970. */
  readonly timestampSeconds: number;
  readonly body: string;
};

/**
 * The headers that let a receiver know who sent a message, and when (Standard Webhooks 1.0.0, standardwebhooks.com):
 * HMAC-SHA256 over `id.timestamp.body`, in base64, one `v1,` a key. While a secret is being replaced there are two.
 */
export function signatureHeaders(message: SignedMessage, keys: readonly Buffer[]): Record<string, string> {
  const { id, timestampSeconds, body } = message;
  const signatures = keys.map(key => {
    const signature = createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64');
    return `v1,${signature}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  };
}
