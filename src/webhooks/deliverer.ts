import type { Log } from '../log.ts';
import type { Delivery, DeliveryStore, Outcome } from './delivery-store.ts';
import type { Endpoint, EndpointStore } from './endpoint-store.ts';
import { eventMessage, type MessageAddress } from './event-message.ts';
import type { MessageSender, SendResult } from './message-sender.ts';
import { mostAttempts, retryDelaySeconds } from './retry-schedule.ts';
import { signatureHeaders } from './signature.ts';
import type { WebhookSecrets } from './webhook-secret.ts';

/** What deliveries are made with. */
export type DelivererParts = {
  readonly deliveries: DeliveryStore;
  readonly endpoints: Pick<EndpointStore, 'find' | 'update'>;
  readonly secrets: WebhookSecrets;
  readonly sender: Pick<MessageSender, 'send'>;
  readonly address: () => MessageAddress;
  readonly log: Log;
  /** Stretches or shortens the waits between attempts; 1 when left out. */
  readonly haste?: number;
};

// Webhooks are never in a hurry as live video is: a handful at a time, and a slow receiver holds up only itself.
const mostAtOnce = 8;
const mostAtOnceEach = 2;
const lookMillis = 1_000;
// Longer than an attempt may take: what is still leased then was left by a server that died.
const leaseSeconds = 15;
// What happened first is told first, unless it fails for more than about three minutes.
const patientAttempts = 4;
const givenUpAfterMillis = 5 * 86_400_000;
const gone = 410;

/**
 * Sends what waits in the database, and notes how it went: at least once, however often the server dies in between.
 * One per server.
 */
export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #closing = new AbortController();
  readonly #sending = new Map<Promise<void>, string>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #isCalledAgain = false;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
  }

  /** Sends what is due from now on, also what an earlier life of the server left. */
  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), lookMillis);
    this.#timer.unref();
  }

  /** There may be something to send. */
  look(): void {
    if (this.#closing.signal.aborted) return;
    this.#isCalledAgain = true;
    this.#looking ??= this.#sendDue().finally(() => {
      this.#looking = null;
    });
  }

  /** Stops at once: what was being sent is sent again after the next start. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the server is stopping'));
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
    await Promise.all(this.#sending.keys());
  }

  async #sendDue(): Promise<void> {
    const { deliveries, log } = this.#parts;
    try {
      while (this.#isCalledAgain && !this.#closing.signal.aborted) {
        this.#isCalledAgain = false;
        while (this.#sending.size < mostAtOnce && !this.#closing.signal.aborted) {
          const delivery = await deliveries.claim(leaseSeconds, patientAttempts, this.#busyEndpoints);
          if (delivery === undefined) break;
          this.#send(delivery);
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'webhooks wait');
    }
  }

  get #busyEndpoints(): string[] {
    const ids = [...this.#sending.values()];
    return [...new Set(ids)].filter(id => ids.filter(other => other === id).length >= mostAtOnceEach);
  }

  #send(delivery: Delivery): void {
    const sending = this.#attempt(delivery)
      .catch(error =>
        this.#parts.log.warn({ err: error, deliveryId: delivery.id }, 'delivery not noted: it is made again'),
      )
      .finally(() => {
        this.#sending.delete(sending);
        // The next one of this endpoint or video may go now.
        this.look();
      });
    this.#sending.set(sending, delivery.endpointId);
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { deliveries, endpoints, secrets, sender, address } = this.#parts;
    const { signal } = this.#closing;
    const endpoint = await endpoints.find(delivery.endpointId);
    if (endpoint === undefined) return;
    if (!secrets.isStill(endpoint.id, endpoint.secretCheck)) {
      await this.#disable(
        endpoint,
        'AUTH_SECRET of the server was changed: ask for a new secret, then enable it',
      );
      return;
    }
    const body = eventMessage(delivery, address());
    const message = { id: delivery.eventId, timestampSeconds: Math.floor(Date.now() / 1_000), body };
    const headers = signatureHeaders(message, keysOf(endpoint, secrets));
    let result: SendResult;
    try {
      result = await sender.send(endpoint.url, headers, body, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      await deliveries.release(delivery);
      return;
    }
    await deliveries.settle(delivery, this.#outcomeOf(delivery, result));
    await this.#judge(endpoint, delivery, result);
  }

  #outcomeOf({ attempts }: Delivery, result: SendResult): Outcome {
    const { status, body, error, durationMillis } = result;
    const told = { responseStatus: status, responseBody: body, error, durationMillis };
    if (error === null) return { ...told, state: 'delivered' };
    const delaySeconds = status === gone ? null : retryDelaySeconds(attempts, result.retryAfter);
    if (delaySeconds === null) return { ...told, state: 'failed' };
    return { ...told, state: 'waiting', delaySeconds: delaySeconds * (this.#parts.haste ?? 1) };
  }

  /** What an attempt says of its endpoint. */
  async #judge(
    endpoint: Endpoint,
    { attempts, type }: Delivery,
    { status, error }: SendResult,
  ): Promise<void> {
    const { endpoints, log } = this.#parts;
    const { id: endpointId, failingSince } = endpoint;
    log.debug({ endpointId, type, status, error, attempts }, 'webhook sent');
    if (error === null) {
      if (failingSince !== null) await endpoints.update(endpointId, { failingSince: null });
      return;
    }
    if (status === gone) {
      await this.#disable(endpoint, 'it answered 410: gone for good');
    } else if (attempts >= mostAttempts) {
      const since = failingSince ?? new Date();
      if (Date.now() - since.getTime() > givenUpAfterMillis)
        await this.#disable(endpoint, 'nothing could be delivered for five days');
      else if (failingSince === null) await endpoints.update(endpointId, { failingSince: since });
      log.warn({ endpointId, type, error }, 'webhook given up');
    }
  }

  async #disable(endpoint: Endpoint, disabledReason: string): Promise<void> {
    const { endpoints, deliveries, log } = this.#parts;
    await endpoints.update(endpoint.id, { isEnabled: false, disabledReason });
    await deliveries.failAll(endpoint.id, `the endpoint was disabled: ${disabledReason}`);
    log.warn({ endpointId: endpoint.id, reason: disabledReason }, 'webhook endpoint disabled');
  }
}

/** The key of an endpoint, and for a day after a new one was asked for, the old one too. */
function keysOf({ id, secretVersion, oldSecretUntil }: Endpoint, secrets: WebhookSecrets): Buffer[] {
  const keys = [secrets.keyOf(id, secretVersion)];
  if (oldSecretUntil !== null && oldSecretUntil.getTime() > Date.now())
    keys.push(secrets.keyOf(id, secretVersion - 1));
  return keys;
}
