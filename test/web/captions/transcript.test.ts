import t from 'tap';
import { captioningWords } from '../../../src/web/captions/captioning-words.ts';
import { HeardCaptions } from '../../../src/web/captions/heard-captions.ts';
import { languageChoices, languageName } from '../../../src/web/captions/spoken-languages.ts';
import { transcriptParagraphs, transcriptText } from '../../../src/web/captions/transcript-paragraphs.ts';
import { findInTranscript } from '../../../src/web/captions/transcript-search.ts';
import { said } from './said.ts';

function heard(...captions: ReturnType<typeof said>[]) {
  const all = new HeardCaptions();
  for (const caption of captions) all.add(caption);
  return all.all;
}

t.test('a pause begins a paragraph, and so does the end of a sentence in a long one', async t => {
  const captions = heard(said(0, 0, 'One. Two.'), said(1, 1, 'Three.'), said(2, 4, 'After a pause.'));
  t.same(
    transcriptParagraphs(captions).map(({ key, start, captions }) => [key, start, captions.length]),
    [
      [0, 0, 2],
      [2, 4, 1],
    ],
  );
  t.equal(transcriptText(captions), 'One. Two. Three.\n\nAfter a pause.');

  const long = Array.from({ length: 30 }, (_, n) =>
    said(n, n * 4, `word ${n} and what it means${n % 3 === 2 ? '.' : ''}`),
  );
  for (const { captions } of transcriptParagraphs(heard(...long)).slice(0, -1)) {
    t.match(captions.at(-1)?.text, /\.$/);
  }
});

t.test('words are found whatever their case, accents and punctuation, also across captions', async t => {
  const captions = heard(said(0, 0, 'The Café, where'), said(3, 2, 'we met. The café!'));
  const found = (query: string) => findInTranscript(captions, query).map(({ words }) => words);
  t.same(found('cafe'), [['0.1'], ['3.3']]);
  t.same(found('CAFÉ WHERE we'), [['0.1', '0.2', '3.0']]);
  t.same(found('the caf'), [
    ['0.0', '0.1'],
    ['3.2', '3.3'],
  ]);
  t.same(found('  '), []);
  t.same(found('ship'), []);
  t.match(findInTranscript(captions, 'met'), [{ captionIndex: 3, start: 2.4 }]);
});

t.test('a long transcript is searched at once', async t => {
  const captions = heard(
    ...Array.from({ length: 3_000 }, (_, n) => said(n, n * 4, 'so it went on and on and on')),
  );
  const startedAt = performance.now();
  t.equal(findInTranscript(captions, 'on').length, 1_000, 'no more than anyone steps through');
  t.ok(performance.now() - startedAt < 10_000);
});

t.test('the state of the captions is said in words', async t => {
  const facts = {
    captioning: undefined,
    correctedPercent: undefined,
    isLive: true,
    isMade: false,
    isKnown: true,
    hasCaptions: true,
    isTranscript: false,
  };
  const words = (change: Partial<Parameters<typeof captioningWords>[0]>) =>
    captioningWords({ ...facts, ...change });
  const live = (state: 'on' | 'delayed' | 'paused' | 'off', reason?: string) =>
    words({ captioning: { state, lagSeconds: 6.4, ...(reason === undefined ? {} : { reason }) } });
  t.equal(live('on'), 'Captions are on');
  t.equal(live('delayed'), 'Captions are delayed by 6 s: the server is busy');
  t.match(live('paused'), /paused.*comes after the end/);
  t.equal(live('off', 'no model is there.'), 'Captions are off: no model is there.');
  t.equal(live('off'), 'Captions are off for this video');
  t.equal(words({ hasCaptions: false }), 'No captions yet');
  const over = { isLive: false };
  t.equal(words({ ...over, correctedPercent: 40.2 }), 'Correcting the transcript: 40 %');
  t.equal(words({ ...over, isTranscript: true }), '');
  t.equal(words({ ...over, isTranscript: true, hasCaptions: false }), 'Nobody speaks in this video');
  t.equal(words({ ...over, hasCaptions: false }), 'This video has no transcript');
  t.equal(words({ ...over, hasCaptions: false, isMade: true }), 'The video is still being made');
  t.equal(words({ ...over, isMade: true }), 'As it was heard live, not corrected yet');
  t.equal(words({ ...over }), 'As it was heard live, not corrected yet');
});

t.test('languages have names', async t => {
  t.equal(languageName('de'), 'German');
  t.equal(languageName('x-nonsense-'), 'x-nonsense-');
  t.equal(languageChoices()[0]?.name, 'Afrikaans');
  t.ok(
    languageChoices().some(({ name }) => name === 'Cantonese'),
    'all that the recogniser knows',
  );
  t.ok(
    languageChoices('nds').some(({ tag }) => tag === 'nds'),
    'also one that is not in the list',
  );
});
