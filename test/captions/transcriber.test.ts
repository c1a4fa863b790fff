import t from 'tap';
import type { Recogniser, SpeechRequest } from '../../src/captions/recogniser.ts';
import { RecordedSpeech } from '../../src/captions/recorded-speech.ts';
import { type Transcript, transcribe } from '../../src/captions/transcriber.ts';
import { VoiceDetector } from '../../src/captions/voice-detector.ts';
import { type ClipName, median, plainWords, speechClip } from '../support/speech.ts';
import { startTestRecogniser } from '../support/test-recogniser.ts';

const signal = new AbortController().signal;

async function* inPieces(pcm: Int16Array): AsyncGenerator<Int16Array> {
  for (let at = 0; at < pcm.length; at += 5_001) yield pcm.slice(at, at + 5_001);
}

const wordsOf = ({ segments }: Transcript) => segments.flatMap(({ words }) => words);

t.test('clips become transcripts: their words, in order, at their times', async t => {
  const { recogniser, close } = await startTestRecogniser();
  t.teardown(close);
  for (const name of ['sentence-5s-noisy', 'pauses-30s', 'long-75s'] satisfies ClipName[]) {
    const { pcm, text, words, durationSeconds } = await speechClip(name);
    const progress: number[] = [];
    const parts = {
      recogniser,
      detector: new VoiceDetector(),
      language: 'en',
      onProgress: (s: number) => void progress.push(s),
    };
    const transcript = await transcribe(inPieces(pcm), parts, signal);
    const heard = wordsOf(transcript);
    const wrong = distance(plainWords(text), plainWords(heard.map(word => word.text).join(' ')));
    t.ok(wrong <= 0.02 * words.length, `${name}: ${wrong} of ${words.length} words wrong`);
    const offs = heard.flatMap(({ text: word, start }) => {
      const said = words.filter(other => plainWords(other.text)[0] === plainWords(word)[0]);
      return said.length === 0 ? [] : [Math.min(...said.map(other => Math.abs(other.start - start)))];
    });
    t.comment(
      `${name}: ${wrong} of ${words.length} wrong, times off by ${median(offs).toFixed(3)} s (median)`,
    );
    t.ok(median(offs) < 0.3);
    t.ok(
      heard.every(
        ({ start, end }, at) => start <= end && end <= (heard[at + 1]?.start ?? durationSeconds + 1),
      ),
    );
    t.ok(Math.abs((progress.at(-1) ?? 0) - durationSeconds) < 1.1);
    t.same(
      progress,
      progress.toSorted((a, b) => a - b),
      'progress rises',
    );
  }
});

t.test('silence and noise are not even asked about', async t => {
  const asked: SpeechRequest[] = [];
  const recogniser: Recogniser = {
    longestRequestSeconds: 15,
    transcribe: async request => {
      asked.push(request);
      return { language: 'en', segments: [] };
    },
  };
  for (const name of ['silence-10s', 'noise-10s'] satisfies ClipName[]) {
    const { pcm } = await speechClip(name);
    const parts = { recogniser, detector: new VoiceDetector(), language: null, onProgress: () => undefined };
    t.same(await transcribe(inPieces(pcm), parts, signal), { language: null, segments: [] });
  }
  t.same(asked, []);
});

t.test('the language that the first words are in is kept', async t => {
  const asked: (string | null)[] = [];
  const recogniser: Recogniser = {
    longestRequestSeconds: 15,
    transcribe: async ({ language, pcm }) => {
      asked.push(language);
      const words = [{ text: 'ja', start: 0.5, end: pcm.length / 16_000 / 4, probability: 0.9 }];
      return { language: 'de', segments: [{ words, noSpeechProbability: 0, averageLogProbability: -0.2 }] };
    },
  };
  const { pcm } = await speechClip('pauses-30s');
  const parts = { recogniser, detector: new VoiceDetector(), language: null, onProgress: () => undefined };
  const transcript = await transcribe(inPieces(pcm), parts, signal);
  t.equal(transcript.language, 'de');
  t.equal(asked[0], null);
  t.ok(asked.length > 1 && asked.slice(1).every(language => language === 'de'));
});

t.test('what goes wrong is told, and the decoder is let go', async t => {
  let isOver = false;
  async function* endless(): AsyncGenerator<Int16Array> {
    try {
      for (;;) yield (await speechClip('speech-10s')).pcm;
    } finally {
      isOver = true;
    }
  }
  const recogniser: Recogniser = {
    longestRequestSeconds: 5,
    transcribe: async () => {
      throw new Error('no');
    },
  };
  const parts = { recogniser, detector: new VoiceDetector(), language: null, onProgress: () => undefined };
  await t.rejects(transcribe(endless(), parts, signal), { message: 'no' });
  t.ok(isOver);
});

t.test('a sound that went on as speech was speech from its beginning', t => {
  const script = [
    'nothing',
    'sound',
    'sound',
    'nothing',
    'sound',
    'speech',
    'nothing',
    'sound',
    'nothing',
  ] as const;
  let frame = 0;
  const speech = new RecordedSpeech({ hear: () => script[frame++] ?? 'nothing', reset: () => undefined });
  const judged = [
    ...speech.judge(new Int16Array(320 * 7 + 100)),
    ...speech.judge(new Int16Array(320 * 20 - 100)),
    ...speech.flush(),
  ];
  t.same(
    judged.slice(0, 9).map(({ isSpeech }) => isSpeech),
    [false, true, true, true, true, true, false, false, false],
  );
  t.equal(judged.length, 27);
  t.end();
});

/** Words that have to be changed, added or left out. */
function distance(expected: readonly string[], heard: readonly string[]): number {
  let row = expected.map((_, at) => at).concat(expected.length);
  for (const [index, word] of heard.entries()) {
    const next = [index + 1];
    for (const [at, other] of expected.entries()) {
      next.push(
        Math.min((row[at] ?? 0) + (word === other ? 0 : 1), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
