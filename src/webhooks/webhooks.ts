import { randomBytes } from 'node:crypto';
import type { Asker } from '../accounts/asker.ts';
import type { ChangeWebhookRequest, CreateWebhookRequest, DeliveryState } from '../api/webhook.ts';
import { LivereelError } from '../errors.ts';
import type { AddressGuard } from '../fetch/address-guard.ts';
import { readCursor, writeCursor } from '../store/list-cursor.ts';
import { randomId } from '../store/random-id.ts';
import type { Delivery, DeliveryStore } from './delivery-store.ts';
import type { Endpoint, EndpointStore } from './endpoint-store.ts';
import { eventMessage, type MessageAddress } from './event-message.ts';
import type { WebhookSecrets } from './webhook-secret.ts';

/** What owners' wishes are carried out with. */
export type WebhooksParts = {
  readonly endpoints: EndpointStore;
  readonly deliveries: DeliveryStore;
  readonly secrets: WebhookSecrets;
  readonly guard: Pick<AddressGuard, 'checkUrl'>;
  readonly address: () => MessageAddress;
  /** There may be something to send. */
  readonly look: () => void;
};

/** An endpoint with its secret, which is told this once. */
export type EndpointWithSecret = { readonly endpoint: Endpoint; readonly secret: string };

const mostEndpoints = 10;
const oldSecretMillis = 86_400_000;
const mostReplayed = 10_000;

/**
 * Who is told what happens to videos: each account registers endpoints for its own, administrators, and whoever is at
 * an open machine itself, for all. Another's endpoint does not exist. Every method
 * @throws LivereelError `unauthorized`, `not-found`, `database-unavailable`.
 */
export class Webhooks {
  readonly #parts: WebhooksParts;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** @throws LivereelError `validation-failed` (an address that may not be sent to), `quota-exceeded`. */
  async create(asker: Asker, request: CreateWebhookRequest): Promise<EndpointWithSecret> {
    const { endpoints, secrets } = this.#parts;
    const accountId = accountOf(asker);
    this.#checkUrl(request.url);
    const id = randomId();
    const endpoint: Endpoint = {
      id,
      accountId,
      isForAll: isForAll(asker, request.scope),
      url: request.url,
      events: [...new Set(request.events)],
      description: request.description,
      isEnabled: true,
      disabledReason: null,
      secretVersion: 1,
      secretCheck: secrets.checkOf(id),
      oldSecretUntil: null,
      failingSince: null,
      createdAt: new Date(),
    };
    const stored = await endpoints.insert(endpoint, mostEndpoints);
    if (stored === undefined) {
      const detail = `There are ${mostEndpoints} webhooks already, which is as many as there may be. Delete one first.`;
      throw new LivereelError('quota-exceeded', detail);
    }
    return { endpoint: stored, secret: secrets.shown(id, 1) };
  }

  /** Oldest first: one's own; an administrator's are all. */
  async list(asker: Asker): Promise<Endpoint[]> {
    return await this.#parts.endpoints.list(accountOf(asker), isAdmin(asker));
  }

  async find(asker: Asker, id: string): Promise<Endpoint> {
    const accountId = accountOf(asker);
    const endpoint = await this.#parts.endpoints.find(id);
    if (endpoint === undefined || !(endpoint.accountId === accountId || isAdmin(asker)))
      throw new LivereelError('not-found', 'There is no such webhook. Check its id.');
    return endpoint;
  }

  /** Enabling one that was disabled begins anew. @throws LivereelError `validation-failed`. */
  async change(asker: Asker, id: string, request: ChangeWebhookRequest): Promise<Endpoint> {
    const { endpoints, deliveries } = this.#parts;
    const known = await this.find(asker, id);
    const { url, events, description, enabled } = request;
    if (url !== undefined) this.#checkUrl(url);
    if (enabled === true) this.#checkSecret(known);
    const changed = await endpoints.update(id, {
      ...(url !== undefined && { url }),
      ...(events !== undefined && { events: [...new Set(events)] }),
      ...(description !== undefined && { description }),
      ...(enabled === true && { isEnabled: true, disabledReason: null, failingSince: null }),
      ...(enabled === false && { isEnabled: false, disabledReason: 'its owner disabled it' }),
    });
    if (changed === undefined) throw new LivereelError('not-found', 'There is no such webhook any more.');
    if (enabled === false) await deliveries.failAll(id, 'the endpoint was disabled by its owner');
    this.#parts.look();
    return changed;
  }

  async remove(asker: Asker, id: string): Promise<void> {
    await this.find(asker, id);
    await this.#parts.endpoints.remove(id);
  }

  /** A new secret; the old one signs beside it for a day, so that receivers can be changed in peace. */
  async renewSecret(asker: Asker, id: string): Promise<EndpointWithSecret> {
    const { endpoints, secrets } = this.#parts;
    const known = await this.find(asker, id);
    const isOldGood = secrets.isStill(id, known.secretCheck);
    const secretVersion = known.secretVersion + 1;
    const endpoint = await endpoints.update(id, {
      secretVersion,
      secretCheck: secrets.checkOf(id),
      oldSecretUntil: isOldGood ? new Date(Date.now() + oldSecretMillis) : null,
    });
    if (endpoint === undefined) throw new LivereelError('not-found', 'There is no such webhook any more.');
    return { endpoint, secret: secrets.shown(id, secretVersion) };
  }

  /**
   * Newest first. `cursor`: of the page before.
   * @throws LivereelError `not-found`, `validation-failed` for a cursor that is not one of ours.
   */
  async deliveriesOf(
    asker: Asker,
    id: string,
    { cursor, limit, state }: { cursor?: string; limit: number; state?: DeliveryState },
  ): Promise<{ items: Delivery[]; nextCursor: string | null }> {
    await this.find(asker, id);
    const list = `deliveries of ${id}`;
    const found = await this.#parts.deliveries.list(id, {
      limit: limit + 1,
      ...(cursor !== undefined && { before: Number(readCursor(list, cursor, 'integer').key) }),
      ...(state !== undefined && { state }),
    });
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return { items, nextCursor: isMore ? writeCursor(list, { key: last.sequence, id }) : null };
  }

  /** One delivery with the body that is sent. */
  async delivery(asker: Asker, id: string, deliveryId: string): Promise<Delivery & { payload: string }> {
    await this.find(asker, id);
    const delivery = await this.#parts.deliveries.find(id, deliveryId);
    if (delivery === undefined) throw noSuchDelivery();
    return { ...delivery, payload: eventMessage(delivery, this.#parts.address()) };
  }

  /** Sends an event once more, under the same event id. */
  async replay(asker: Asker, id: string, deliveryId: string): Promise<Delivery> {
    const { deliveries, look } = this.#parts;
    this.#checkEnabled(await this.find(asker, id));
    const delivery = await deliveries.find(id, deliveryId);
    if (delivery === undefined) throw noSuchDelivery();
    return await this.#made(id, newDelivery => deliveries.replay(delivery, newDelivery), look);
  }

  /** Tries once more all that failed since then; gives how many. */
  async replaySince(asker: Asker, id: string, since: Date): Promise<number> {
    const { deliveries, look } = this.#parts;
    this.#checkEnabled(await this.find(asker, id));
    const replayed = await deliveries.retryFailedSince(id, since, mostReplayed);
    look();
    return replayed;
  }

  /** Sends a message that says nothing, to see whether it arrives. */
  async test(asker: Asker, id: string): Promise<Delivery> {
    const { deliveries, look } = this.#parts;
    this.#checkEnabled(await this.find(asker, id));
    const record = (delivery: string) =>
      deliveries.recordFor(id, `evt_${randomBytes(16).toString('hex')}`, 'webhook.test', delivery);
    return await this.#made(id, record, look);
  }

  async #made(id: string, make: (deliveryId: string) => Promise<void>, look: () => void): Promise<Delivery> {
    const deliveryId = randomBytes(16).toString('hex');
    await make(deliveryId);
    const made = await this.#parts.deliveries.find(id, deliveryId);
    if (made === undefined) throw noSuchDelivery();
    look();
    return made;
  }

  #checkUrl(url: string): void {
    try {
      this.#parts.guard.checkUrl(new URL(url));
    } catch (error) {
      if (!(error instanceof LivereelError)) throw error;
      const { message } = error;
      throw new LivereelError('validation-failed', message, {
        cause: error,
        errors: [{ path: 'url', message }],
      });
    }
  }

  #checkEnabled({ isEnabled, disabledReason }: Endpoint): void {
    if (isEnabled) return;
    const detail = `This webhook is disabled (${disabledReason}). Enable it first: PATCH it with {"enabled": true}.`;
    throw new LivereelError('bad-request', detail);
  }

  #checkSecret({ id, secretCheck }: Endpoint): void {
    if (this.#parts.secrets.isStill(id, secretCheck)) return;
    const detail = `AUTH_SECRET of the server was changed, and this webhook's secret with it. Ask for a new one first: POST /api/v1/webhooks/${id}/secret.`;
    throw new LivereelError('bad-request', detail);
  }
}

/** Whose endpoints somebody has; null: those of the machine. @throws LivereelError `unauthorized`. */
function accountOf(asker: Asker): string | null {
  if (asker.kind === 'owner-of-all') return null;
  if (asker.kind === 'person') return asker.accountId;
  throw new LivereelError('unauthorized', 'Webhooks belong to an account: log in, or send an API key.');
}

function isAdmin(asker: Asker): boolean {
  return asker.kind === 'person' && asker.role === 'admin';
}

/** @throws LivereelError `validation-failed` for a person's wish to hear of all. */
function isForAll(asker: Asker, scope: 'own' | 'all' | undefined): boolean {
  if (asker.kind === 'owner-of-all') return true;
  if (scope === 'all' && !isAdmin(asker)) {
    const message = 'only administrators hear of all videos';
    throw new LivereelError('validation-failed', `Choose the scope "own": ${message}.`, {
      errors: [{ path: 'scope', message }],
    });
  }
  return scope === 'all';
}

function noSuchDelivery(): LivereelError {
  return new LivereelError('not-found', 'There is no such delivery. They are kept for 30 days.');
}
