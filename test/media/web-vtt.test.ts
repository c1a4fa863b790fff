import fc from 'fast-check';
import t from 'tap';
import { linesOf } from '../../src/media/cue.ts';
import { plainText } from '../../src/media/plain-text.ts';
import { subRip } from '../../src/media/sub-rip.ts';
import { webVtt } from '../../src/media/web-vtt.ts';

const cues = [
  { start: 0.5, end: 2, text: 'Tom & <b>Jerry</b> --> go' },
  { start: 2.5, end: 3, text: 'This is longer than one line may be, so it is broken.' },
  { start: 3_661.0005, end: 3_661.0005, text: 'an hour later' },
  { start: 4_000, end: 4_001, text: '  ' },
];

t.test('cues as WebVTT', async t => {
  t.equal(
    webVtt(cues),
    `WEBVTT

00:00:00.500 --> 00:00:02.000
Tom &amp; &lt;b&gt;Jerry&lt;/b&gt; --&gt; go

00:00:02.500 --> 00:00:03.000
This is longer than one line
may be, so it is broken.

01:01:01.001 --> 01:01:01.002
an hour later
`,
  );
  t.equal(webVtt([], { atSeconds: 0 }), 'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n');
  t.match(webVtt([], { atSeconds: 12.0127 }), 'X-TIMESTAMP-MAP=MPEGTS:1081170,LOCAL:00:00:12.013\n');
  const beyond = 2 ** 33 / 90_000 + 10;
  const [, ticks] = /MPEGTS:(\d+),LOCAL:26:/.exec(webVtt([], { atSeconds: beyond })) ?? [];
  t.ok(Math.abs(Number(ticks) - 900_000) < 90, 'the clock begins anew after 26.5 hours');
});

t.test('cues as SubRip and as text', async t => {
  t.equal(
    subRip(cues),
    `1
00:00:00,500 --> 00:00:02,000
Tom & bJerry/b → go

2
00:00:02,500 --> 00:00:03,000
This is longer than one line
may be, so it is broken.

3
01:01:01,001 --> 01:01:01,002
an hour later
`,
  );
  t.equal(
    plainText(cues),
    'Tom & <b>Jerry</b> --> go This is longer than one line may be, so it is broken.\n\nan hour later\n',
  );
  t.equal(subRip([]), '');
  t.equal(plainText([]), '');
});

t.test('whatever is said, no cue breaks out of its block', async () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), texts => {
      const said = texts.map((text, index) => ({ start: index, end: index + 1, text }));
      const blocks = webVtt(said).split('\n\n');
      const shown = said.filter(({ text }) => linesOf(text).length > 0);
      return (
        blocks.length === shown.length + 1 &&
        blocks.slice(1).every(block => block.split('-->').length === 2) &&
        webVtt(said).split('-->').length === shown.length + 1
      );
    }),
  );
});

t.test('lines hold all words, and are as long as one can read', async () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 30 }), words => {
      const lines = linesOf(words.join(' '));
      return lines.join(' ') === words.join(' ') && lines.every(line => line.length <= 42);
    }),
  );
});
