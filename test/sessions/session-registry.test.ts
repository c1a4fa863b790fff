import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createSessionRequest } from '../../src/api/session.ts';
import { LivereelError } from '../../src/errors.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';
import type { SessionRecord } from '../../src/sessions/session-records.ts';
import {
  type NewSessionRecords,
  type RegistrySettings,
  SessionRegistry,
} from '../../src/sessions/session-registry.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { registrySettings } from './registry-settings.ts';

/** Records in memory; each insert takes a while, as a database's does. */
class SlowRecords implements NewSessionRecords {
  readonly rows = new Map<string, SessionRecord>();

  async insert(record: SessionRecord): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 20));
    this.rows.set(record.id, record);
  }
  async find(id: string) {
    return this.rows.get(id);
  }
  async update(): Promise<void> {}
  async remove(id: string) {
    return this.rows.delete(id);
  }
  async unfinished() {
    return [...this.rows.values()];
  }
}

async function startRegistry(
  test: { teardown(clean: () => Promise<void>): unknown },
  limits: Partial<RegistrySettings>,
) {
  const root = await mkdtemp(join(tmpdir(), 'livereel-registry-'));
  const content = new ContentDirectory(root);
  await content.prepare();
  const records = new SlowRecords();
  const registry = new SessionRegistry({
    settings: { ...registrySettings(root), ...limits },
    content,
    records,
    finished: { record: async () => {} },
    events: new VideoEvents(createLog('silent')),
    captioned: null,
    webRtcUnavailable: () => 'there is no WebRTC in this test',
    log: createLog('silent'),
  });
  test.teardown(async () => {
    await registry.close();
    await rm(root, { recursive: true, force: true });
  });
  const request = createSessionRequest.parse({});
  /** How many of a burst are let in, and why the others are not. */
  const burst = async (addresses: readonly string[]) => {
    const outcomes = await Promise.allSettled(
      addresses.map(address => registry.create(request, { address, ownerId: null })),
    );
    const refusals = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []));
    return {
      admitted: outcomes.length - refusals.length,
      codes: [...new Set(refusals.map(reason => (reason instanceof LivereelError ? reason.code : reason)))],
    };
  };
  return { registry, records, request, burst };
}

t.test('a burst of requests from one address gets no more places than its address has', async t => {
  const { burst, records } = await startRegistry(t, { maxSessionsPerAddress: 3 });
  t.same(await burst(Array(10).fill('192.0.2.1')), { admitted: 3, codes: ['too-many-sessions'] });
  t.same(await burst(['192.0.2.1', '192.0.2.2', '192.0.2.2']), { admitted: 2, codes: ['too-many-sessions'] });
  t.equal(records.rows.size, 5);
});

t.test('a burst from many addresses gets no more places than there are', async t => {
  const { burst } = await startRegistry(t, { maxSessions: 4 });
  const addresses = Array.from({ length: 12 }, (_, index) => `192.0.2.${index}`);
  t.same(await burst(addresses), { admitted: 4, codes: ['server-full'] });
});

t.test('a place is free again when its session is over, or was never made', async t => {
  const { registry, records, request, burst } = await startRegistry(t, { maxSessionsPerAddress: 1 });
  const insert = records.insert.bind(records);
  records.insert = async () => {
    throw new LivereelError('validation-failed', 'no');
  };
  t.same(await burst(['192.0.2.1', '192.0.2.2']), { admitted: 0, codes: ['validation-failed'] });
  records.insert = insert;
  const { id, ingestToken } = await registry.create(request, { address: '192.0.2.1', ownerId: null });
  await registry.end(id, ingestToken);
  await registry.find(id)?.over;
  t.same(await burst(['192.0.2.1']), { admitted: 1, codes: [] });
});

t.test('a request that is under way when the server stops gets no session', async t => {
  const { registry, request } = await startRegistry(t, {});
  const creating = registry.create(request, { address: '192.0.2.1', ownerId: null });
  await registry.close();
  await t.rejects(creating, { code: 'server-draining' });
  t.equal(registry.counts.size, 0);
});

t.test('how long a start takes is not taken from the time that publishers have', async t => {
  const { registry, request } = await startRegistry(t, { createdTimeoutSeconds: 1 });
  const { id } = await registry.create(request, { address: '192.0.2.1', ownerId: null });
  await new Promise(resolve => setTimeout(resolve, 400));
  const reachableAt = performance.now();
  registry.reachable();
  await registry.find(id)?.over;
  const hadMillis = performance.now() - reachableAt;
  t.ok(hadMillis > 800, `${Math.round(hadMillis)} ms`);
});
