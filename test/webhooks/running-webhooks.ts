import { pino } from 'pino';
import type { Test } from 'tap';
import type { Asker } from '../../src/accounts/asker.ts';
import { createWebhookRequest } from '../../src/api/webhook.ts';
import { AddressGuard } from '../../src/fetch/address-guard.ts';
import { GuardedClient } from '../../src/fetch/guarded-client.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { randomId } from '../../src/store/random-id.ts';
import { Deliverer } from '../../src/webhooks/deliverer.ts';
import { DeliveryStore } from '../../src/webhooks/delivery-store.ts';
import { EndpointStore } from '../../src/webhooks/endpoint-store.ts';
import { MessageSender } from '../../src/webhooks/message-sender.ts';
import { WebhookSecrets } from '../../src/webhooks/webhook-secret.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import type { TestServer } from '../library/video-database.ts';

export const atHome: Asker = { kind: 'owner-of-all' };

/** Webhooks over a real, empty database, whose waits are a hundredth of the real ones. */
export async function startWebhooks(t: Test, server: TestServer, allowNetworks = ['127.0.0.0/8']) {
  const database = await server.openEmpty();
  const [endpoints, deliveries, videos] = [
    new EndpointStore(database),
    new DeliveryStore(database),
    new VideoStore(database),
  ];
  const secrets = new WebhookSecrets(Buffer.alloc(32, 7));
  const guard = new AddressGuard({ allowNetworks, openedBy: 'WEBHOOK_ALLOW_NETWORKS' });
  const client = new GuardedClient({ guard });
  const address = () => ({ publicUrl: 'http://127.0.0.1:8000', hasWebRtc: false });
  const log = pino({ level: 'silent' });
  const deliverer = (key = secrets) => {
    const sender = new MessageSender(client, 1);
    const made = new Deliverer({
      ...{ deliveries, endpoints, secrets: key, sender, address, log, haste: 0.01 },
    });
    t.teardown(() => made.close());
    return made;
  };
  const first = deliverer();
  const webhooks = new Webhooks({
    ...{ endpoints, deliveries, secrets, guard, address },
    look: () => first.look(),
  });
  t.teardown(() => client.close());
  const create = (asker: Asker, request: Record<string, unknown>) =>
    webhooks.create(asker, createWebhookRequest.parse(request));
  const newVideo = async (ownerId: string | null = null) => {
    const id = randomId();
    const rest = { visibility: 'private', input: 'chunks', language: 'auto', captions: true } as const;
    await videos.insert({ id, state: 'created', title: 'A video', ownerId, ...rest });
    return id;
  };
  return {
    database,
    deliveries,
    endpoints,
    videos,
    webhooks,
    deliverer: first,
    another: deliverer,
    create,
    newVideo,
  };
}

/** A person, with a row. */
export async function newPerson(
  database: Awaited<ReturnType<TestServer['openEmpty']>>,
  role: 'user' | 'admin' = 'user',
): Promise<Extract<Asker, { kind: 'person' }>> {
  const accountId = randomId();
  const row = {
    id: accountId,
    email: `${accountId}@example.org`,
    name: 'Somebody',
    password_hash: '-',
    role,
  };
  await database.knex('accounts').insert(row);
  return { kind: 'person', accountId, role, level: 'free', login: null };
}
