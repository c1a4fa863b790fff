import t from 'tap';
import { WebhookSecrets } from '../../src/webhooks/webhook-secret.ts';
import { startEmbedded } from '../library/video-database.ts';
import { eventually } from '../support/eventually.ts';
import { isSignedWith, Receiver } from './receiver.ts';
import { atHome, startWebhooks } from './running-webhooks.ts';

const server = await startEmbedded(t);

t.test('what happens to a video is told in order, signed, once', async t => {
  const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
  const { videos, deliverer, create, newVideo } = running;
  const { endpoint, secret } = await create(atHome, { url: receiver.url });
  const id = await newVideo();
  deliverer.start();
  await videos.update(id, { state: 'live', startedAt: new Date() });
  await videos.update(id, { state: 'interrupted' });
  await videos.update(id, { state: 'live' });
  await videos.update(id, { state: 'processing' });
  await videos.update(id, { state: 'ready', durationSeconds: 3 });
  await videos.update(id, { title: 'Another title' });
  await videos.remove(id);
  await eventually(() => receiver.messages.length === 3, { what: 'three messages' });

  t.same(receiver.types(), ['video.live', 'video.ready', 'video.deleted']);
  const [live, ready, deleted] = receiver.messages;
  t.match(live?.data, { videoId: id, video: { id, state: 'live', title: 'A video', visibility: 'private' } });
  t.match(ready?.data.video, {
    state: 'ready',
    durationSeconds: 3,
    playbackUrl: /^http:\/\/127.0.0.1:8000\/hls/,
  });
  t.match(deleted?.data.video, { state: 'ready', title: 'Another title' }, 'as it was at last');
  t.notOk(live?.body.includes('ingest_token'), 'and nothing of what nobody may know');
  t.ok((live?.sequence ?? 0) < (ready?.sequence ?? 0));
  for (const message of receiver.messages) {
    t.ok(isSignedWith(secret, message));
    t.notOk(isSignedWith('whsec_AAAA', message));
    t.equal(message.headers['webhook-id'], message.id);
    t.equal(message.headers['content-type'], 'application/json');
    t.ok(Math.abs(Number(message.headers['webhook-timestamp']) - Date.now() / 1_000) < 5);
  }
  const { items } = await running.webhooks.deliveriesOf(atHome, endpoint.id, { limit: 10 });
  t.match(items, [{ type: 'video.deleted' }, { type: 'video.ready' }, { type: 'video.live' }]);
  t.match(items[0], { state: 'delivered', attempts: 1, responseStatus: 204, error: null });
});

t.test('what fails is tried again with growing waits, and the rest of its video waits behind it', async t => {
  const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
  const { videos, deliverer, webhooks, create, newVideo } = running;
  const { endpoint } = await create(atHome, { url: receiver.url });
  receiver.answer = (_message, response) =>
    void response.writeHead(receiver.messages.length < 3 ? 500 : 200).end('not so well '.repeat(1_000));
  const [one, other] = [await newVideo(), await newVideo()];
  await videos.update(one, { state: 'live' });
  await videos.update(one, { state: 'ready' });
  deliverer.start();
  await eventually(() => receiver.messages.length === 1, { what: 'the first try' });
  await videos.update(other, { state: 'failed' });
  await eventually(() => receiver.messages.length >= 5, { what: 'all of it' });

  t.same(receiver.types(one), ['video.live', ...receiver.types(one).slice(1, -1), 'video.ready']);
  t.ok(
    receiver
      .types(one)
      .slice(1, -1)
      .every(type => type === 'video.live'),
  );
  const tries = receiver.messages.filter(({ data, type }) => data.videoId === one && type === 'video.live');
  t.ok(tries.length >= 2, 'tried again');
  t.equal(new Set(tries.map(({ id }) => id)).size, 1, 'under one id');
  t.equal(new Set(tries.map(({ body }) => body)).size, 1, 'with one body');
  await eventually(async () => {
    const page = await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 10, state: 'delivered' });
    return page.items.length === 3;
  });
  const first = (await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 10 })).items.at(-1);
  t.equal(first?.attempts, tries.length);
  t.equal(first?.responseBody?.length, 2_048, 'the answer is kept in part');
});

t.test(
  'after eight tries a delivery is given up, and can be replayed, alone or with all that failed',
  async t => {
    const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
    const { videos, deliverer, webhooks, database, create, newVideo } = running;
    const { endpoint } = await create(atHome, { url: receiver.url });
    receiver.answer = (_message, response) => void response.writeHead(302, { location: receiver.url }).end();
    const id = await newVideo();
    await videos.update(id, { state: 'ready' });
    deliverer.start();
    const newest = async () => (await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 1 })).items[0];
    const hurry = { due_at: new Date(0) };
    await eventually(async () => {
      await database.knex('webhook_deliveries').where({ state: 'waiting', leased_until: null }).update(hurry);
      deliverer.look();
      return (await newest())?.state === 'failed';
    });
    t.match(await newest(), {
      attempts: 8,
      responseStatus: 302,
      error: 'answered 302: redirects are not followed',
    });
    t.equal(receiver.messages.length, 8, 'nothing followed');
    await eventually(async () => (await webhooks.find(atHome, endpoint.id)).failingSince !== null);

    receiver.answer = (_message, response) => void response.writeHead(200).end('thanks');
    const failed = await newest();
    const again = await webhooks.replay(atHome, endpoint.id, failed?.id ?? '');
    t.match(again, { eventId: failed?.eventId, isReplay: true, state: 'waiting', attempts: 0 });
    await eventually(async () => (await newest())?.state === 'delivered');
    t.match(await newest(), { id: again.id, responseBody: 'thanks' });
    t.equal(receiver.messages.at(-1)?.id, failed?.eventId, 'under its old id, for who has had it');
    await eventually(async () => (await webhooks.find(atHome, endpoint.id)).failingSince === null);
    t.equal(await webhooks.replaySince(atHome, endpoint.id, new Date(0)), 1);
    await eventually(() => receiver.messages.length === 10, { what: 'the one that had failed, once more' });
    t.equal(await webhooks.replaySince(atHome, endpoint.id, new Date(0)), 0);
  },
);

t.test('a receiver that says 410 is sent nothing more until it is enabled again', async t => {
  const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
  const { videos, deliverer, webhooks, create, newVideo } = running;
  const { endpoint } = await create(atHome, { url: receiver.url });
  receiver.answer = (_message, response) => void response.writeHead(410).end();
  const id = await newVideo();
  await videos.update(id, { state: 'live' });
  await videos.update(id, { state: 'ready' });
  deliverer.start();
  await eventually(async () => !(await webhooks.find(atHome, endpoint.id)).isEnabled);
  await eventually(async () => {
    const page = await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 10, state: 'failed' });
    return page.items.length === 2;
  });
  await videos.remove(id);
  t.equal(receiver.messages.length, 1);
  t.match(await webhooks.find(atHome, endpoint.id), { disabledReason: /410/ });
  await t.rejects(webhooks.test(atHome, endpoint.id), { code: 'bad-request' });
  receiver.answer = (_message, response) => void response.writeHead(200).end();
  await webhooks.change(atHome, endpoint.id, { enabled: true });
  await webhooks.test(atHome, endpoint.id);
  await eventually(() => receiver.messages.length === 2);
  t.equal(receiver.messages[1]?.type, 'webhook.test');
});

t.test('a receiver that never answers is left after its time, and holds up no other', async t => {
  const [slow, quick] = [await Receiver.start(t), await Receiver.start(t)];
  const { videos, deliverer, webhooks, create, newVideo } = await startWebhooks(t, server);
  const { endpoint } = await create(atHome, { url: slow.url });
  await create(atHome, { url: quick.url });
  slow.answer = () => undefined;
  deliverer.start();
  for (let count = 0; count < 20; count += 1) await videos.update(await newVideo(), { state: 'ready' });
  await eventually(() => quick.messages.length === 20, { what: 'all of them at the quick one' });
  t.ok(slow.messages.length < 10, 'while the slow one had two at a time');
  await eventually(async () => {
    const { items } = await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 100 });
    return items.some(({ error }) => error === 'no answer within 1 s');
  });
  // An answer that does not end is cut off too.
  slow.answer = (_message, response) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write('x'.repeat(65_536)), 1);
    response.once('close', () => clearInterval(drip));
  };
  await eventually(async () => {
    const { items } = await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 100, state: 'delivered' });
    return items.length > 0 && items[0]?.responseBody?.length === 2_048;
  });
});

t.test('what a server that died was sending is sent by the next one', async t => {
  const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
  const { videos, deliveries, deliverer, another, create, newVideo, database } = running;
  await create(atHome, { url: receiver.url });
  await videos.update(await newVideo(), { state: 'ready' });
  t.ok(await deliveries.claim(15, 4, []), 'taken, and then the server died');
  deliverer.start();
  await new Promise(resolve => setTimeout(resolve, 50));
  t.equal(receiver.messages.length, 0, 'it may still be under way');
  await database.knex('webhook_deliveries').update({ leased_until: new Date(0) });
  deliverer.look();
  await eventually(() => receiver.messages.length === 1);

  receiver.answer = () => undefined;
  await videos.update(await newVideo(), { state: 'ready' });
  deliverer.look();
  await eventually(() => receiver.messages.length === 2);
  await deliverer.close();
  receiver.answer = (_message, response) => void response.writeHead(200).end();
  another().start();
  await eventually(() => receiver.messages.length === 3, { what: 'sent again at once by the next' });
  t.equal(receiver.messages[2]?.id, receiver.messages[1]?.id);
});

t.test('a new secret signs at once, the old one beside it for a day', async t => {
  const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
  const { deliverer, webhooks, endpoints, create } = running;
  const { endpoint, secret: old } = await create(atHome, { url: receiver.url });
  const { secret } = await webhooks.renewSecret(atHome, endpoint.id);
  t.not(secret, old);
  deliverer.start();
  await webhooks.test(atHome, endpoint.id);
  await eventually(() => receiver.messages.length === 1);
  const [both] = receiver.messages;
  t.ok(both && isSignedWith(secret, both) && isSignedWith(old, both));
  await endpoints.update(endpoint.id, { oldSecretUntil: new Date(0) });
  await webhooks.test(atHome, endpoint.id);
  await eventually(() => receiver.messages.length === 2);
  const [, one] = receiver.messages;
  t.ok(one && isSignedWith(secret, one) && !isSignedWith(old, one));
});

t.test('a server whose AUTH_SECRET was changed signs nothing with a secret that nobody has', async t => {
  const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
  const { videos, another, webhooks, create, newVideo } = running;
  const { endpoint } = await create(atHome, { url: receiver.url });
  await videos.update(await newVideo(), { state: 'ready' });
  another(new WebhookSecrets(Buffer.alloc(32, 8))).start();
  await eventually(async () => !(await webhooks.find(atHome, endpoint.id)).isEnabled);
  t.match(await webhooks.find(atHome, endpoint.id), { disabledReason: /AUTH_SECRET/ });
  t.equal(receiver.messages.length, 0);
});
