import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createSessionRequest } from '../../src/api/session.ts';
import type { CaptionTrackOptions } from '../../src/captions/captioner.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';
import { CaptionedSessions, type SessionListener } from '../../src/sessions/captioned-sessions.ts';
import type { SessionRecord } from '../../src/sessions/session-records.ts';
import { SessionRegistry } from '../../src/sessions/session-registry.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { registrySettings } from './registry-settings.ts';

const silent = createLog('silent');

/** Listens, and is as slow at its end as the test wants it. */
class ScriptedListener implements SessionListener {
  readonly options: CaptionTrackOptions;
  heardSeconds = 0;
  languages: string[] = [];
  isClosed = false;
  finish: () => void = () => undefined;
  readonly #finished = new Promise<void>(resolve => {
    this.finish = resolve;
  });
  hasEnded = false;

  constructor(options: CaptionTrackOptions) {
    this.options = options;
  }
  push(startSeconds: number, pcm: Int16Array): void {
    this.heardSeconds = startSeconds + pcm.length / 16_000;
  }
  setLanguage(language: string): void {
    this.languages.push(language);
  }
  end(): Promise<void> {
    this.hasEnded = true;
    return this.#finished;
  }
  async close(): Promise<void> {
    this.isClosed = true;
    this.finish();
  }
}

class ScriptedKeeper {
  readonly firstIndex = 7;
  readonly settledSeconds = 0;
  readonly spokenLanguage = null;
  closes = 0;
  caption(): void {}
  settled(): void {}
  language(): void {}
  state(): void {}
  absences: (string | null)[] = [];
  absent(reason: string | null): void {
    this.absences.push(reason);
  }
  ends = 0;
  finalAfter(): [] {
    return [];
  }
  async end(): Promise<void> {
    this.ends += 1;
  }
  async close(): Promise<void> {
    this.closes += 1;
  }
}

function captioning() {
  const listeners: ScriptedListener[] = [];
  const keepers: ScriptedKeeper[] = [];
  const captioner = {
    open: (options: CaptionTrackOptions) => {
      const listener = new ScriptedListener(options);
      listeners.push(listener);
      return listener;
    },
  };
  const keep = async () => {
    const keeper = new ScriptedKeeper();
    keepers.push(keeper);
    return keeper;
  };
  return {
    listeners,
    keepers,
    captioned: new CaptionedSessions({ captioner, isPossible: () => true, keep, log: silent }),
  };
}

async function registryWith(
  test: { teardown(clean: () => Promise<void>): unknown },
  captioned: Pick<CaptionedSessions<ScriptedKeeper>, 'open' | 'close'>,
) {
  const root = await mkdtemp(join(tmpdir(), 'livereel-captioned-'));
  const content = new ContentDirectory(root);
  await content.prepare();
  const finished: string[] = [];
  const records = new Map<string, SessionRecord>();
  const registry = new SessionRegistry({
    settings: registrySettings(root),
    content,
    records: {
      insert: async record => void records.set(record.id, record),
      find: async id => records.get(id),
      update: async () => undefined,
      remove: async () => undefined,
      unfinished: async () => [],
    },
    finished: { record: async ({ id }) => void finished.push(id) },
    events: new VideoEvents(silent),
    captioned,
    webRtcUnavailable: () => 'there is no WebRTC in this test',
    log: silent,
  });
  test.teardown(async () => {
    await registry.close();
    await captioned.close();
    await rm(root, { recursive: true, force: true });
  });
  const publish = async (request: object) => {
    const { id } = await registry.create(createSessionRequest.parse(request), {
      address: '192.0.2.1',
      ownerId: null,
    });
    const session = registry.find(id);
    if (session === undefined) throw new Error('no session');
    return { id, session };
  };
  return { publish, finished, content };
}

t.test(
  'a session is heard from its beginning to its end, and over without waiting for its captions',
  async t => {
    const { listeners, keepers, captioned } = captioning();
    const { publish, finished } = await registryWith(t, captioned);
    const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 3 });
    const { id, session } = await publish({ language: 'de-AT' });
    const [listener] = listeners as [ScriptedListener];
    t.match(listener.options, { id, language: 'de', firstIndex: 7, sink: keepers[0] });
    session.append([clip.bytes], { units: clip.bytes.length, kind: 'payload' });
    session.setLanguage('fr');
    t.same(listener.languages, ['fr']);
    await session.end();
    await session.over;
    t.same(finished, [id]);
    t.ok(listener.hasEnded);
    t.ok(Math.abs(listener.heardSeconds - 3) < 0.1, `${listener.heardSeconds} s heard`);
    t.equal(captioned.find(id), keepers[0], 'its last words are still being heard');
    listener.finish();
    await eventually(() => captioned.find(id) === undefined);
    t.match(keepers[0], { ends: 1, closes: 1 });
  },
);

t.test('who wants no captions is not listened to', async t => {
  const { listeners, captioned } = captioning();
  const { publish, finished } = await registryWith(t, captioned);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const { id, session } = await publish({ captions: false });
  session.append([clip.bytes], { units: clip.bytes.length, kind: 'payload' });
  await session.end();
  await session.over;
  t.same(finished, [id]);
  t.same(listeners, []);
});

t.test('a server that cannot hear listens to nobody', async t => {
  const { listeners, keepers } = captioning();
  const captioned = new CaptionedSessions({
    captioner: { open: options => new ScriptedListener(options) },
    isPossible: () => false,
    keep: async () => new ScriptedKeeper(),
    log: silent,
  });
  t.equal(await captioned.open({ id: 'video0000000', language: 'auto', captions: true }), null);
  t.same([...listeners, ...keepers], []);
});

t.test('what keeps captions fails: the session goes on without', async t => {
  const { listeners } = captioning();
  const captioned = new CaptionedSessions<ScriptedKeeper>({
    captioner: { open: options => new ScriptedListener(options) },
    isPossible: () => true,
    keep: async () => {
      throw new Error('no room');
    },
    log: silent,
  });
  const { publish, finished } = await registryWith(t, captioned);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const { id, session } = await publish({});
  session.append([clip.bytes], { units: clip.bytes.length, kind: 'payload' });
  await session.end();
  await session.over;
  t.same(finished, [id]);
  t.same(listeners, []);
});

t.test('nothing was ever sent, or the server stops: all is let go', async t => {
  const { listeners, keepers, captioned } = captioning();
  const { publish } = await registryWith(t, captioned);
  const empty = await publish({});
  await empty.session.end();
  await empty.session.over;
  t.ok(listeners[0]?.isClosed);
  t.ok((keepers[0]?.closes ?? 0) > 0);
  t.equal(captioned.find(empty.id), undefined);
  const live = await publish({});
  t.equal(captioned.find(live.id), keepers[1]);
  await captioned.close();
  t.ok(listeners[1]?.isClosed);
  t.equal(keepers[1]?.ends, 0, 'they go on after the next start');
  t.equal(captioned.find(live.id), undefined);
});

t.test('why nobody hears is known of all that are live, and of who comes meanwhile', async t => {
  const { keepers, captioned } = captioning();
  const { publish } = await registryWith(t, captioned);
  await publish({});
  captioned.absent('the speech model base is being fetched: 1 %');
  await publish({});
  captioned.absent(null);
  t.same(
    keepers.map(({ absences }) => absences),
    [
      [null, 'the speech model base is being fetched: 1 %', null],
      ['the speech model base is being fetched: 1 %', null],
    ],
  );
});

t.test('what was opened for a session that cannot be opened is let go', async t => {
  const { listeners, keepers, captioned } = captioning();
  const { publish, content } = await registryWith(t, {
    open: async record => {
      // Where its subtitles would go.
      await writeFile(content.renditionDir(record.id, 'captions'), '').catch(() => undefined);
      return await captioned.open(record);
    },
    close: () => captioned.close(),
  });
  await t.rejects(publish({}), { code: 'EEXIST' });
  t.equal(listeners[0]?.isClosed, true);
  t.equal(keepers[0]?.closes, 1);
});

t.test('captions that cannot be heard are not kept open', async t => {
  const keeper = new ScriptedKeeper();
  const captioned = new CaptionedSessions({
    captioner: {
      open: () => {
        throw new Error('no detector');
      },
    },
    isPossible: () => true,
    keep: async () => keeper,
    log: silent,
  });
  t.equal(await captioned.open({ id: 'f3Kq9ZtA1bXy', language: 'en', captions: true }), null);
  t.equal(keeper.closes, 1);
});
