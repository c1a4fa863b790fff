import t from 'tap';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';
import { CaptionBatches } from '../../src/webhooks/caption-batches.ts';
import { startEmbedded } from '../library/video-database.ts';
import { eventually } from '../support/eventually.ts';
import { Receiver } from './receiver.ts';
import { atHome, newPerson, startWebhooks } from './running-webhooks.ts';

const server = await startEmbedded(t);
const log = createLog('silent');

t.test('each account hears of its own videos, administrators and the machine of all', async t => {
  const { database, videos, deliverer, endpoints, webhooks, create, newVideo } = await startWebhooks(
    t,
    server,
  );
  const [one, other] = [await newPerson(database), await newPerson(database)];
  const admin = await newPerson(database, 'admin');
  const names = ['one', 'other', 'admin', 'own', 'machine'] as const;
  const receivers = await Promise.all(names.map(() => Receiver.start(t)));
  const [toOne, toOther, toAdmin, toAdminsOwn, toMachine] = receivers as [
    Receiver,
    Receiver,
    Receiver,
    Receiver,
    Receiver,
  ];
  const { endpoint } = await create(one, { url: toOne.url });
  await create(other, { url: toOther.url, events: ['video.failed'] });
  await create(admin, { url: toAdmin.url, scope: 'all' });
  await create(admin, { url: toAdminsOwn.url });
  await create(atHome, { url: toMachine.url });
  deliverer.start();
  const [ofOne, ofNobody] = [await newVideo(one.accountId), await newVideo()];
  for (const id of [ofOne, ofNobody, await newVideo(other.accountId)])
    await videos.update(id, { state: 'ready' });
  await eventually(() => toAdmin.messages.length === 3 && toMachine.messages.length === 3);
  t.same(
    toOne.messages.map(({ data }) => data.videoId),
    [ofOne],
  );
  t.same(toOther.messages, [], 'did not ask for it');
  t.same(toAdminsOwn.messages, []);

  await t.rejects(webhooks.find(other, endpoint.id), { code: 'not-found' }, "another's does not exist");
  await t.rejects(webhooks.deliveriesOf(other, endpoint.id, { limit: 1 }), { code: 'not-found' });
  await t.rejects(webhooks.remove(atHome, endpoint.id), { code: 'not-found' });
  await t.rejects(webhooks.list({ kind: 'anyone' }), { code: 'unauthorized' });
  await t.rejects(create(other, { url: toOther.url, scope: 'all' }), { code: 'validation-failed' });
  t.equal((await webhooks.list(one)).length, 1);
  t.equal((await webhooks.list(admin)).length, 5);
  t.equal((await webhooks.find(admin, endpoint.id)).id, endpoint.id);

  await database.knex('accounts').where({ id: admin.accountId }).update({ role: 'user' });
  await videos.update(await newVideo(), { state: 'ready' });
  await eventually(() => toMachine.messages.length === 4);
  t.equal(toAdmin.messages.length, 3, 'who is no administrator any more hears no more of all');
  await webhooks.remove(one, endpoint.id);
  t.equal(await endpoints.find(endpoint.id), undefined);
});

t.test('messages go to the public internet and to what was opened, nowhere else', async t => {
  const { create, webhooks, deliverer, videos, endpoints, newVideo } = await startWebhooks(t, server, []);
  for (const url of [
    'http://127.0.0.1:9/hook',
    'http://[::1]/hook',
    'http://[::ffff:127.0.0.1]/hook',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
  ]) {
    await t.rejects(
      create(atHome, { url }),
      { code: 'validation-failed', message: /WEBHOOK_ALLOW_NETWORKS/ },
      url,
    );
  }
  for (const url of [
    'file:///etc/passwd',
    'ftp://example.org/',
    'https://user:pass@example.org/',
    'example.org',
  ]) {
    t.throws(() => void create(atHome, { url }).catch(() => undefined), url);
  }
  // A name whose address is only known when it is sent to.
  const { endpoint } = await create(atHome, { url: 'http://example.org/hook' });
  await endpoints.update(endpoint.id, { url: 'http://localhost:9/hook' });
  await videos.update(await newVideo(), { state: 'ready' });
  deliverer.start();
  await eventually(async () => {
    const { items } = await webhooks.deliveriesOf(atHome, endpoint.id, { limit: 1 });
    return /does not lead to the public internet/.test(items[0]?.error ?? '');
  });
});

t.test('deliveries come a page at a time, by cursors of their own list alone', async t => {
  const { create, webhooks } = await startWebhooks(t, server);
  const url = 'https://example.org/';
  const [one, other] = [await create(atHome, { url }), await create(atHome, { url })];
  const { id } = one.endpoint;
  for (let count = 0; count < 3; count += 1) await webhooks.test(atHome, id);
  const page = (of: string, cursor?: string) =>
    webhooks.deliveriesOf(atHome, of, { limit: 2, ...(cursor !== undefined && { cursor }) });
  const first = await page(id);
  const rest = await page(id, `${first.nextCursor}`);
  t.equal(new Set([...first.items, ...rest.items].map(({ sequence }) => sequence)).size, 3);
  t.equal(rest.nextCursor, null);
  for (const cursor of [`${first.nextCursor}`, '1']) {
    await t.rejects(page(other.endpoint.id, cursor), { code: 'validation-failed' });
  }
});

t.test('an account has ten webhooks at most, however many it asks for at once', async t => {
  const { create, webhooks } = await startWebhooks(t, server);
  const wishes = Array.from({ length: 14 }, () => create(atHome, { url: 'https://example.org/' }));
  const outcomes = await Promise.allSettled(wishes);
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 10);
  t.ok(outcomes.every(outcome => outcome.status === 'fulfilled' || outcome.reason.code === 'quota-exceeded'));
  t.equal((await webhooks.list(atHome)).length, 10);
});

t.test(
  'captions that became final are told together, once, also when the server dies in between',
  async t => {
    const [receiver, running] = [await Receiver.start(t), await startWebhooks(t, server)];
    const { deliveries, deliverer, create, newVideo } = running;
    await create(atHome, { url: receiver.url, events: ['caption.final'] });
    await create(atHome, { url: receiver.url });
    const id = await newVideo();
    const events = new VideoEvents(log);
    const batches = (gatheredSeconds: number) =>
      new CaptionBatches({
        ...{ deliveries, events, log, gatheredSeconds },
        heard: () => ({ id, spokenLanguage: 'en', all: [] }),
      });
    const caption = (index: number, final = true) => ({
      ...{ index, revision: 0, final, start: index, end: index + 1, text: `sentence ${index}`, words: [] },
    });
    const say = (index: number, final = true) =>
      events.report({ event: 'caption', data: { id, ...caption(index, final) } });
    const first = batches(0.1);
    deliverer.start();
    for (const index of [0, 1, 2]) say(index);
    say(3, false);
    await eventually(() => receiver.messages.length === 1);
    t.match(receiver.messages[0]?.data, {
      videoId: id,
      language: 'en',
      captions: [{ index: 0 }, { index: 1 }, { index: 2 }],
    });
    t.equal(receiver.messages[0]?.data.captions.length, 3, 'what may still change is left out');
    await first.close();

    const died = batches(60);
    say(3);
    say(4);
    t.equal(receiver.messages.length, 1, 'gathered when the server died');
    const next = batches(0.1);
    await next.resume({ id, spokenLanguage: 'en', all: [0, 1, 2, 3, 4].map(index => caption(index)) });
    await eventually(() => receiver.messages.length === 2);
    t.match(receiver.messages[1]?.data.captions, [{ index: 3 }, { index: 4 }]);
    await Promise.all([died.close(), next.close()]);
    for (let index = 5; index < 65; index += 1) say(index);
    t.equal(receiver.messages.length, 2, 'closed ones say nothing');
  },
);
