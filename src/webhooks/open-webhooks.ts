import type { VideoEvents } from '../events/video-events.ts';
import { AddressGuard } from '../fetch/address-guard.ts';
import { GuardedClient } from '../fetch/guarded-client.ts';
import type { Log } from '../log.ts';
import type { Database } from '../store/database.ts';
import { CaptionBatches, type HeardVideo } from './caption-batches.ts';
import { Deliverer } from './deliverer.ts';
import { DeliveryStore } from './delivery-store.ts';
import { EndpointStore } from './endpoint-store.ts';
import type { MessageAddress } from './event-message.ts';
import { MessageSender } from './message-sender.ts';
import { WebhookSecrets } from './webhook-secret.ts';
import { Webhooks } from './webhooks.ts';

/** What webhooks are built from. */
export type OpenWebhooksParts = {
  readonly database: Pick<Database, 'run'>;
  readonly events: VideoEvents;
  /** 32 bytes, for webhooks alone. */
  readonly key: Uint8Array;
  /** Networks that may be sent to although they are not public (`WEBHOOK_ALLOW_NETWORKS`). */
  readonly allowNetworks: readonly string[];
  readonly heard: (id: string) => HeardVideo | undefined;
  /** Asked at each message. */
  readonly address: () => MessageAddress;
  readonly log: Log;
};

const keptMillis = 30 * 86_400_000;
const forgottenAtOnce = 5_000;

/** All that tells by HTTP what happens to videos. The owner calls `start` once the server has its address. */
export class OpenedWebhooks {
  /** What owners ask for. */
  readonly registry: Webhooks;
  readonly #deliveries: DeliveryStore;
  readonly #deliverer: Deliverer;
  readonly #captions: CaptionBatches;
  readonly #client: GuardedClient;

  constructor({ database, events, key, allowNetworks, heard, address, log }: OpenWebhooksParts) {
    const [endpoints, deliveries] = [new EndpointStore(database), new DeliveryStore(database)];
    const secrets = new WebhookSecrets(key);
    const guard = new AddressGuard({ allowNetworks, openedBy: 'WEBHOOK_ALLOW_NETWORKS' });
    this.#client = new GuardedClient({ guard, userAgent: 'livereel-webhooks' });
    const sender = new MessageSender(this.#client);
    this.#deliveries = deliveries;
    this.#deliverer = new Deliverer({ deliveries, endpoints, secrets, sender, address, log });
    this.#captions = new CaptionBatches({ deliveries, events, heard, log });
    const look = () => this.#deliverer.look();
    this.registry = new Webhooks({ endpoints, deliveries, secrets, guard, address, look });
  }

  /** A video is captioned, anew or again. Never throws. */
  async captioned(video: HeardVideo): Promise<void> {
    await this.#captions.resume(video);
  }

  /** Sends from now on. */
  start(): void {
    this.#deliverer.start();
  }

  /** Forgets what happened more than 30 days ago, a bounded number at a time. */
  async sweep(): Promise<void> {
    await this.#deliveries.forgetBefore(new Date(Date.now() - keptMillis), forgottenAtOnce);
  }

  /** What was not sent is sent after the next start. Safe to call twice, never throws. */
  async close(): Promise<void> {
    await this.#captions.close();
    await this.#deliverer.close();
    this.#client.close();
  }
}
