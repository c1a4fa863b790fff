import { readFile } from 'node:fs/promises';
import t from 'tap';
import { checkMediaPlaylist, checkMultivariant, type Violation } from './hls-rules.ts';
import { checkBlockingAnswer, checkDelta, checkSuccession } from './hls-succession.ts';

/** Rules that some test has seen to fail; the last test compares with all there are. */
const seenToFail = new Set<string>();

function rules(violations: readonly Violation[]): string[] {
  const names = [...new Set(violations.map(violation => violation.rule))];
  for (const name of names) seenToFail.add(name);
  return names;
}

const startMillis = Date.UTC(2026, 0, 1, 12);
const pad = (sequence: number) => String(sequence).padStart(6, '0');

function header(first: number, version: number): string[] {
  return [
    '#EXTM3U',
    `#EXT-X-VERSION:${version}`,
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,HOLD-BACK=6,CAN-SKIP-UNTIL=12',
    '#EXT-X-PART-INF:PART-TARGET=0.2',
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    '#EXT-X-DISCONTINUITY-SEQUENCE:0',
  ];
}

function parts(sequence: number, count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) =>
      `#EXT-X-PART:DURATION=0.2,URI="${pad(sequence)}.${index}.m4s"${index === 0 ? ',INDEPENDENT=YES' : ''}`,
  );
}

type Shape = { first?: number; segments: number; openParts: number; skip?: number; ended?: boolean };

/** A playlist as it should be: segments of 2 s, parts of 0.2 s on the last four and on the open one. */
function playlist({ first = 0, segments, openParts, skip = 0, ended = false }: Shape): string {
  const lines = header(first, skip > 0 ? 9 : 6);
  if (skip > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skip}`);
  else lines.push('#EXT-X-MAP:URI="init-0.mp4"');
  for (let sequence = first + skip; sequence < first + segments; sequence += 1) {
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startMillis + sequence * 2_000).toISOString()}`);
    if (!ended && sequence >= first + segments - 4) lines.push(...parts(sequence, 10));
    lines.push('#EXTINF:2.00000,', `${pad(sequence)}.m4s`);
  }
  const next = first + segments;
  if (ended) lines.push('#EXT-X-ENDLIST');
  else {
    if (openParts > 0)
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startMillis + next * 2_000).toISOString()}`);
    lines.push(...parts(next, openParts));
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${pad(next)}.${openParts}.m4s"`);
  }
  return `${lines.join('\n')}\n`;
}

const live = playlist({ segments: 10, openParts: 3 });
const over = playlist({ segments: 10, openParts: 0, ended: true });

t.test('playlists as they should be have no violation', async t => {
  t.same(checkMediaPlaylist(live), []);
  t.same(checkMediaPlaylist(over), []);
  t.same(checkMediaPlaylist(playlist({ segments: 1, openParts: 0 })), []);
  t.same(checkMediaPlaylist(playlist({ segments: 10, openParts: 3, skip: 4 })), []);
});

type Breakage = [rule: string, broken: string];
const replaced = (from: string | RegExp, to: string, text = live): string => {
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`nothing to replace: ${from}`);
  return changed;
};

const mediaBreakages: Breakage[] = [
  ['syntax', replaced('#EXTM3U\n', '')],
  ['syntax', replaced('#EXT-X-PART-INF', '#EXT-X-PRAT-INF')],
  ['syntax', live.trimEnd()],
  ['syntax', replaced('#EXTINF:2.00000,\n', '')],
  ['target-duration', replaced('TARGETDURATION:2', 'TARGETDURATION:2.5')],
  ['version', replaced('VERSION:6', 'VERSION:5')],
  ['version', playlist({ segments: 10, openParts: 3, skip: 4 }).replace('VERSION:9', 'VERSION:8')],
  ['playlist-type', replaced('#EXT-X-MEDIA', '#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA')],
  ['media-sequence-first', `${replaced('#EXT-X-MEDIA-SEQUENCE:0\n', '')}#EXT-X-MEDIA-SEQUENCE:0\n`],
  [
    'discontinuity-sequence-first',
    `${replaced('#EXT-X-DISCONTINUITY-SEQUENCE:0\n', '')}#EXT-X-DISCONTINUITY-SEQUENCE:0\n`,
  ],
  ['extinf-within-target', replaced('#EXTINF:2.00000', '#EXTINF:2.50000')],
  ['map-before-first-segment', replaced('#EXT-X-MAP:URI="init-0.mp4"\n', '')],
  [
    'tags-before-parts',
    replaced(/(#EXT-X-PROGRAM-DATE-TIME:[^\n]+:12\.000Z\n)(#EXT-X-PART[^\n]+\n)/, '$2$1'),
  ],
  ['uri-once', replaced('\n000003.m4s', '\n000002.m4s')],
  ['uri-once', replaced('URI="000010.1.m4s"', 'URI="000010.0.m4s"')],
  ['discontinuity-at-new-map', replaced('\n000004.m4s\n', '\n000004.m4s\n#EXT-X-MAP:URI="init-1.mp4"\n')],
  ['date-monotonic', replaced('12:00:06.000Z', '12:00:03.000Z')],
  ['date-follows-durations', replaced('12:00:06.000Z', '12:00:06.100Z')],
  ['part-inf-required', replaced(/#EXT-X-PART-INF[^\n]+\n/, '')],
  ['part-within-target', replaced('DURATION=0.2,URI="000009.3', 'DURATION=0.21,URI="000009.3')],
  ['part-at-least-85-percent', replaced('DURATION=0.2,URI="000009.3', 'DURATION=0.169,URI="000009.3')],
  ['part-at-least-85-percent', replaced('DURATION=0.2,URI="000010.1', 'DURATION=0.1,URI="000010.1')],
  ['parts-sum-to-segment', replaced(/#EXT-X-PART:[^\n]*000007\.4\.m4s"\n/, '')],
  ['parts-kept-near-end', replaced(/(#EXT-X-PART:[^\n]*00000[7]\.\d\.m4s"[^\n]*\n)+/, '')],
  ['parts-removed-in-order', replaced(/(#EXT-X-PART:[^\n]*000008\.\d\.m4s"[^\n]*\n)+/, '')],
  ['can-skip-until', replaced('CAN-SKIP-UNTIL=12', 'CAN-SKIP-UNTIL=11')],
  ['hold-back', replaced('HOLD-BACK=6', 'HOLD-BACK=5.9')],
  ['part-hold-back-required', replaced('PART-HOLD-BACK=0.6,', '')],
  ['part-hold-back', replaced('PART-HOLD-BACK=0.6', 'PART-HOLD-BACK=0.39')],
  ['part-hold-back-advised', replaced('PART-HOLD-BACK=0.6', 'PART-HOLD-BACK=0.5')],
  ['can-block-reload', replaced('CAN-BLOCK-RELOAD=YES,', '')],
  ['skip-announced', playlist({ segments: 10, openParts: 3, skip: 4 }).replace(',CAN-SKIP-UNTIL=12', '')],
  ['skip-boundary', playlist({ segments: 10, openParts: 3, skip: 7 })],
  [
    'no-hint-after-end',
    replaced('#EXT-X-ENDLIST', '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="a"\n#EXT-X-ENDLIST', over),
  ],
  ['no-open-segment-after-end', replaced('#EXT-X-ENDLIST', `${parts(10, 1)[0]}\n#EXT-X-ENDLIST`, over)],
  ['one-part-hint', `${live}#EXT-X-PRELOAD-HINT:TYPE=PART,URI="another"\n`],
  ['hint-not-listed', replaced('URI="000010.3.m4s"', 'URI="000010.2.m4s"')],
  ['hint-advised', replaced(/#EXT-X-PRELOAD-HINT[^\n]+\n/, '')],
];
for (const [rule, broken] of mediaBreakages) {
  t.test(`a media playlist that breaks ${rule} is found`, async t => {
    t.ok(rules(checkMediaPlaylist(broken)).includes(rule), JSON.stringify(checkMediaPlaylist(broken)));
  });
}

t.test('an independent part and the last of a segment may be short', async t => {
  const shortLast = replaced('DURATION=0.2,URI="000009.9', 'DURATION=0.05,URI="000009.9');
  t.same(rules(checkMediaPlaylist(shortLast)), ['parts-sum-to-segment']);
  const sum = shortLast.replace('#EXTINF:2.00000,\n000009', '#EXTINF:1.85000,\n000009');
  t.same(rules(checkMediaPlaylist(sum)), ['date-follows-durations']);
  const independent = replaced('DURATION=0.2,URI="000010.0', 'DURATION=0.1,URI="000010.0');
  t.same(checkMediaPlaylist(independent), []);
});

t.test('a discontinuity may bring a new init section and a later wall clock', async t => {
  const text = replaced(
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T12:00:20.000Z\n',
    '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-1.mp4"\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T12:00:31.000Z\n',
  );
  t.same(checkMediaPlaylist(text), []);
});

t.test('reloads that only add, and remove old parts, have no violation', async t => {
  t.same(checkSuccession(live, live), []);
  t.same(checkSuccession(live, playlist({ segments: 10, openParts: 6 })), []);
  t.same(checkSuccession(live, playlist({ segments: 12, openParts: 1 })), []);
  t.same(checkSuccession(live, playlist({ segments: 11, openParts: 0, ended: true })), []);
  t.same(checkSuccession(live, playlist({ first: 2, segments: 9, openParts: 0 })), []);
  t.same(checkSuccession(over, over), []);
});

const next = playlist({ segments: 11, openParts: 2 });
const successionBreakages: [rule: string, earlier: string, later: string][] = [
  ['target-duration-constant', live, replaced('TARGETDURATION:2', 'TARGETDURATION:3', next)],
  ['media-sequence-forward', playlist({ first: 2, segments: 9, openParts: 0 }), next],
  ['discontinuity-sequence-forward', replaced('Y-SEQUENCE:0', 'Y-SEQUENCE:1'), next],
  ['discontinuity-sequence-counts', live, replaced('Y-SEQUENCE:0', 'Y-SEQUENCE:1', next)],
  ['part-target-constant', live, replaced('PART-TARGET=0.2', 'PART-TARGET=0.25', next)],
  ['segment-vanished', live, playlist({ segments: 8, openParts: 0 })],
  ['segment-unchanged', live, replaced('#EXTINF:2.00000,\n000004', '#EXTINF:1.90000,\n000004', next)],
  ['segment-unchanged', live, replaced('\n000004.m4s', '\nother.m4s', next)],
  ['open-segment-grows', live, replaced('#EXTINF:2.00000,\n000010', '#EXTINF:0.40000,\n000010', next)],
  ['part-unchanged', live, replaced('DURATION=0.2,URI="000010.1', 'DURATION=0.19,URI="000010.1', next)],
  [
    'no-part-after-segment',
    live,
    replaced('URI="000009.9.m4s"\n', `URI="000009.9.m4s"\n${parts(99, 1)[0]}\n`, next),
  ],
  [
    'event-keeps-all',
    live,
    replaced(
      '#EXT-X-MEDIA',
      '#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA',
      playlist({ first: 2, segments: 9, openParts: 0 }),
    ),
  ],
  ['three-targets-remain', live, playlist({ first: 9, segments: 2, openParts: 0 })],
  [
    'hint-names-next-part',
    live,
    playlist({ segments: 10, openParts: 4 }).replace('000010.3.m4s', 'other.m4s'),
  ],
  ['ended-is-final', over, playlist({ segments: 11, openParts: 0, ended: true })],
];
for (const [rule, earlier, later] of successionBreakages) {
  t.test(`a reload that breaks ${rule} is found`, async t => {
    t.ok(
      rules(checkSuccession(earlier, later)).includes(rule),
      JSON.stringify(checkSuccession(earlier, later)),
    );
  });
}

t.test('delta updates are compared with the full playlist', async t => {
  t.same(checkDelta(playlist({ segments: 10, openParts: 3, skip: 4 }), live), []);
  t.same(rules(checkDelta(live, live)), ['delta-skips']);
  t.ok(rules(checkDelta(playlist({ segments: 10, openParts: 3, skip: 5 }), live)).includes('delta-boundary'));
  const wrongCount = playlist({ segments: 10, openParts: 3, skip: 4 }).replace('SEGMENTS=4', 'SEGMENTS=40');
  t.ok(rules(checkDelta(wrongCount, live)).includes('delta-count'));
  const changed = playlist({ segments: 10, openParts: 3, skip: 4 }).replace('\n000006.m4s', '\nother.m4s');
  t.same(rules(checkDelta(changed, live)), ['delta-rest-equal']);
});

t.test('a blocking answer holds what was asked for', async t => {
  t.same(checkBlockingAnswer(live, { sequence: 9 }), []);
  t.same(checkBlockingAnswer(live, { sequence: 10, part: 2 }), []);
  t.same(rules(checkBlockingAnswer(live, { sequence: 10, part: 3 })), ['blocking-answer-has-it']);
  t.same(rules(checkBlockingAnswer(live, { sequence: 10 })), ['blocking-answer-has-it']);
  t.same(checkBlockingAnswer(over, { sequence: 99 }), [], 'after the end the directive is ignored');
});

const multivariant = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=1200000,AVERAGE-BANDWIDTH=900000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360,CLOSED-CAPTIONS=NONE
main/stream.m3u8
`;
t.test('multivariant playlists are judged', async t => {
  t.same(checkMultivariant(multivariant), []);
  const broken = (from: string, to: string) => rules(checkMultivariant(replaced(from, to, multivariant)));
  t.same(broken('#EXTM3U\n', ''), ['syntax']);
  t.same(broken('main/stream.m3u8', '#EXTINF:2,\nmain/stream.m3u8'), ['no-media-tags', 'variant-uri']);
  t.same(rules(checkMultivariant('#EXTM3U\n')), ['has-variants']);
  t.same(broken('BANDWIDTH=1200000', 'BANDWIDTH=1.2'), ['bandwidth']);
  t.same(broken('CODECS="avc1.4d401e,mp4a.40.2",', ''), ['codecs', 'resolution']);
  t.same(broken(',RESOLUTION=640x360', ''), ['resolution']);
  t.same(broken(',CLOSED-CAPTIONS=NONE', ''), ['closed-captions-told']);
});

t.test('every rule was seen to fail', async t => {
  for (const file of ['hls-rules.ts', 'hls-succession.ts']) {
    const source = await readFile(new URL(file, import.meta.url), 'utf8');
    const names = [...source.matchAll(/book\.rule\(\s*'([a-z0-9-]+)'/g)].map(match => match[1] ?? '');
    t.ok(names.length > 5);
    for (const name of names) t.ok(seenToFail.has(name), name);
  }
});
