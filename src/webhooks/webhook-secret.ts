import { createHmac, timingSafeEqual } from 'node:crypto';

const prefix = 'whsec_';

/**
 * The secrets of endpoints. They are derived from the server's own secret, so that whoever reads the database learns
 * none of them, and each can be shown once and still be used for ever.
 */
export class WebhookSecrets {
  readonly #key: Uint8Array;

  /** `key`: 32 bytes, for this purpose alone. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** 32 bytes: the key of an endpoint's signatures. `version` counts up when the owner asks for a new one. */
  keyOf(endpointId: string, version: number): Buffer {
    return createHmac('sha256', this.#key).update(`secret.${endpointId}.${version}`).digest();
  }

  /** As owners get it: `whsec_` and the key in base64 (Standard Webhooks, "Signature scheme"). */
  shown(endpointId: string, version: number): string {
    return `${prefix}${this.keyOf(endpointId, version).toString('base64')}`;
  }

  /** What is stored to notice, later, that the server's secret is another one. */
  checkOf(endpointId: string): Buffer {
    return createHmac('sha256', this.#key).update(`check.${endpointId}`).digest().subarray(0, 8);
  }

  /** False: the server's secret was changed, and with it every endpoint's. */
  isStill(endpointId: string, check: Buffer): boolean {
    const now = this.checkOf(endpointId);
    return check.length === now.length && timingSafeEqual(check, now);
  }
}
