import t from 'tap';
import { languageCode, whisperLanguage } from '../../src/captions/spoken-languages.ts';
import { readTranscription } from '../../src/captions/transcription-answer.ts';
import { audioPositionsFor } from '../../src/captions/transcription-form.ts';
import { SpeechFrames } from '../../src/captions/word-times.ts';

const pcm = new Int16Array(10 * 16_000);
const token = (word: string, start: number, end: number, probability = 0.9) => ({
  word,
  start,
  end,
  probability,
});
const read = (answer: unknown, trustsWordTimes = true) =>
  readTranscription(JSON.stringify(answer), { pcm, trustsWordTimes });
const textsOf = (answer: unknown) => read(answer).segments.map(({ words }) => words.map(({ text }) => text));

t.test("whisper.cpp's tokens become words, with what stands behind them", async t => {
  const { segments } = read({
    language: 'english',
    segments: [
      {
        start: 0.5,
        end: 3,
        text: ' Unbelievable, he said...',
        words: [
          token(' Un', 0.5, 0.8, 0.8),
          token('believ', 0.8, 1, 0.6),
          token('able', 1, 1.2, 1),
          token(',', 1.2, 1.4, 0.1),
          token(' he', 1.5, 1.7),
          token(' said', 1.7, 2),
          token('...', 2, 3, 0.2),
        ],
        avg_logprob: null,
        no_speech_prob: 0.25,
      },
    ],
  });
  t.same(segments, [
    {
      words: [
        { text: 'Unbelievable,', start: 0.5, end: 1.2, probability: (0.8 + 0.6 + 1) / 3 },
        { text: 'he', start: 1.5, end: 1.7, probability: 0.9 },
        { text: 'said...', start: 1.7, end: 2, probability: 0.9 },
      ],
      noSpeechProbability: 0.25,
      averageLogProbability: 0,
    },
  ]);
});

t.test('punctuation alone is no word, and scripts without blanks are cut at tokens', async t => {
  t.same(textsOf({ segments: [{ start: 0, end: 1, words: [token(' -', 0, 1), token('...', 0, 1)] }] }), []);
  t.same(textsOf({ segments: [{ start: 0, end: 1, words: [token(' well', 0, 1), token(' -', 0, 1)] }] }), [
    ['well-'],
  ]);
  const chinese = [token('我们', 0, 0.5), token('今天', 0.5, 1), token('。', 1, 1)];
  t.same(textsOf({ segments: [{ start: 0, end: 1, words: chinese }] }), [['我们', '今天。']]);
});

t.test('times stay within the sound and never go back, whatever the server says', async t => {
  const { segments } = read({
    segments: [
      { start: -3, end: 5, words: [token(' a', -1, 2), token(' b', 1, 0.5), token(' c', 99, 120)] },
      { start: 4, end: 1e9, words: [token(' d', 0, 1)] },
    ],
  });
  const words = segments.flatMap(segment => segment.words);
  t.same(
    words.map(({ start, end }) => [start, end]),
    [
      [0, 2],
      [1, 1],
      [10, 10],
      [10, 10],
    ],
  );
});

t.test('a server that tells no words has its text shared out', async t => {
  const { segments } = read({
    text: 'one two',
    segments: [{ start: 2, end: 4, text: ' one two', avg_logprob: -0.7 }],
  });
  const [one, two] = segments[0]?.words ?? [];
  t.match(one, { text: 'one', start: 2 });
  t.ok(Math.abs((two?.start ?? 0) - 3) < 0.05);
  t.equal(one?.probability, Math.exp(-0.7));
  t.same(textsOf({ text: 'just text' }), [['just', 'text']]);
  t.same(textsOf({ text: '', segments: [] }), []);
});

t.test("pauses within a segment are nobody's time", async t => {
  // Two seconds of sound, two of silence, two of sound.
  const sound = new Int16Array(6 * 16_000);
  for (let index = 0; index < sound.length; index += 1) {
    const isSpoken = index < 2 * 16_000 || index >= 4 * 16_000;
    sound[index] = Math.round((isSpoken ? 8_000 : 20) * Math.sin(index / 7));
  }
  const times = new SpeechFrames(sound).spread(['word', 'word', 'word', 'word'], 0, 6);
  const expected = [
    [0, 1],
    [1, 2],
    [4, 5],
    [5, 6],
  ];
  times.forEach(({ start, end }, index) => {
    const [from = 0, until = 0] = expected[index] ?? [];
    t.ok(Math.abs(start - from) < 0.1 && Math.abs(end - until) < 0.1, `${start} to ${end}`);
  });
  t.same(new SpeechFrames(sound).spread([], 0, 6), []);
  t.same(new SpeechFrames(new Int16Array(0)).spread(['word'], 0, 0), [{ start: 0, end: 0 }]);
});

t.test('languages: what servers call them, and what Whisper calls them', async t => {
  t.same(['english', 'German', 'en-GB', 'jw', 'Haitian Creole', 'nb', 'klingon', ''].map(languageCode), [
    'en',
    'de',
    'en',
    'jv',
    'ht',
    'no',
    null,
    null,
  ]);
  t.equal(whisperLanguage('jv'), 'jw');
  t.equal(whisperLanguage('xx'), null);
});

t.test('the window is as long as the sound and a margin, never longer than the model has', async t => {
  const positions = (seconds: number, isFullContext = false) =>
    audioPositionsFor(
      { pcm: new Int16Array(seconds * 16_000), language: null, prompt: '', isFullContext },
      1_500,
    );
  t.same(
    [1, 7, 20, 28, 30].map(seconds => positions(seconds)),
    [128, 448, 1_088, 1_472, 0],
  );
  t.equal(positions(7, true), 0);
});
