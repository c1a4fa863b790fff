import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import t, { type Test } from 'tap';
import { OpenAiRecogniser } from '../../src/captions/openai-recogniser.ts';
import { Patience } from '../../src/captions/patience.ts';
import type { SpeechRequest } from '../../src/captions/recogniser.ts';
import { endpointOf, openRemoteRecogniser } from '../../src/captions/remote-recogniser.ts';
import { wavHeaderBytes } from '../../src/media/wav-header.ts';
import { speechClip } from '../support/speech.ts';

const signal = new AbortController().signal;

/** What OpenAI's API answers: words without blanks and punctuation beside the segments. */
const openAiAnswer = {
  task: 'transcribe',
  language: 'english',
  duration: 4.18,
  text: 'The blue table, watches near.',
  words: [
    { word: 'The', start: 0.4, end: 0.6 },
    { word: 'blue', start: 0.6, end: 0.9 },
    { word: 'table', start: 0.9, end: 1.4 },
    { word: 'watches', start: 1.4, end: 1.9 },
    { word: 'near', start: 1.9, end: 2.2 },
  ],
  segments: [
    {
      id: 0,
      start: 0.4,
      end: 2.2,
      text: ' The blue table, watches near.',
      avg_logprob: -0.1,
      no_speech_prob: 0.02,
    },
  ],
};

type Form = ReadonlyMap<string, readonly string[]>;
type Asked = {
  readonly path: string;
  readonly key: string | undefined;
  readonly form: Form;
  readonly wav: Buffer;
};
type Answering = (answer: ServerResponse, count: number) => void;

async function scripted(t: Test, answering: Answering) {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, answer) => {
    sockets.add(request.socket);
    void bodyOf(request).then(body => {
      asked.push({ path: request.url ?? '', key: request.headers.authorization, ...formOf(body) });
      answering(answer, asked.length);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/v1`;
  const opened = openRemoteRecogniser({
    url,
    key: 'sk-test',
    modelName: 'whisper-1',
  });
  t.teardown(async () => {
    await opened.close();
    server.closeAllConnections();
    server.close();
  });
  return { recogniser: opened.recogniser, asked, sockets, url };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A multipart body as another reader sees it (RFC 7578). */
function formOf(body: Buffer): { form: Form; wav: Buffer } {
  const text = body.toString('latin1');
  const boundary = text.slice(0, text.indexOf('\r\n'));
  const form = new Map<string, string[]>();
  let wav = Buffer.alloc(0);
  for (const part of text.split(boundary).slice(1, -1)) {
    const split = part.indexOf('\r\n\r\n');
    const content = Buffer.from(part.slice(split + 4, -2), 'latin1');
    const name = /name="([^"]+)"/.exec(part.slice(0, split))?.[1] ?? '';
    if (name === 'file') wav = content;
    else form.set(name, [...(form.get(name) ?? []), content.toString('utf8')]);
  }
  return { form, wav };
}

const send = (answer: ServerResponse, body: unknown, status = 200) =>
  void answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function request(changes: Partial<SpeechRequest> = {}): Promise<SpeechRequest> {
  const { pcm } = await speechClip('sentence-4s');
  return { pcm, language: 'en', prompt: 'what was said', isFullContext: false, ...changes };
}

t.test(
  'an OpenAI-compatible server is asked as its documentation says, and its words come out whole',
  async t => {
    const { recogniser, asked, sockets } = await scripted(t, answer => send(answer, openAiAnswer));
    const sound = await request();
    const heard = await recogniser.transcribe(sound, signal);
    t.equal(heard.language, 'en');
    t.match(heard.segments, [{ noSpeechProbability: 0.02, averageLogProbability: -0.1 }]);
    t.match(heard.segments[0]?.words, [
      { text: 'The', start: 0.4, end: 0.6, probability: Math.exp(-0.1) },
      { text: 'blue', start: 0.6, end: 0.9 },
      { text: 'table,', start: 0.9, end: 1.4 },
      { text: 'watches', start: 1.4, end: 1.9 },
      { text: 'near.', start: 1.9, end: 2.2 },
    ]);
    const [{ path, key, form, wav }] = asked as [Asked];
    t.equal(path, '/v1/audio/transcriptions');
    t.equal(key, 'Bearer sk-test');
    t.same(Object.fromEntries(form), {
      response_format: ['verbose_json'],
      temperature: ['0'],
      prompt: ['what was said'],
      language: ['en'],
      model: ['whisper-1'],
      'timestamp_granularities[]': ['word', 'segment'],
    });
    t.equal(wav.length, wavHeaderBytes + sound.pcm.byteLength);
    t.ok(
      wav
        .subarray(wavHeaderBytes)
        .equals(Buffer.from(sound.pcm.buffer, sound.pcm.byteOffset, sound.pcm.byteLength)),
    );

    await recogniser.transcribe(await request({ language: null, prompt: '' }), signal);
    t.equal(asked[1]?.form.has('language'), false);
    t.equal(asked[1]?.form.has('prompt'), false);
    t.equal(sockets.size, 1, 'over the same connection');
  },
);

t.test('what passes is tried once more, and only once', async t => {
  const broken = await scripted(t, (answer, count) => {
    if (count === 1) answer.destroy();
    else send(answer, openAiAnswer);
  });
  t.equal((await broken.recogniser.transcribe(await request(), signal)).segments.length, 1);
  t.equal(broken.asked.length, 2);

  const busy = await scripted(t, answer => send(answer, { error: 'later' }, 503));
  await t.rejects(busy.recogniser.transcribe(await request(), signal), {
    code: 'recogniser-failed',
    message: /refused with 503/,
  });
  t.equal(busy.asked.length, 2);
});

t.test('what stays is told at once, with what to check', async t => {
  const cases: [number, RegExp][] = [
    [401, /refused with 401.*WHISPER_KEY/],
    [404, /refused with 404.*WHISPER_URL/],
    [400, /refused with 400: .*no such model/],
  ];
  for (const [status, message] of cases) {
    const { recogniser, asked } = await scripted(t, answer =>
      send(answer, { error: 'no such model' }, status),
    );
    await t.rejects(recogniser.transcribe(await request(), signal), { code: 'recogniser-failed', message });
    t.equal(asked.length, 1);
  }
});

t.test('answers that are none, or have no end, are refused', async t => {
  const answers = ['<html>', '[]', '{}', '{"segments":7}', '"text"', ''];
  for (const text of answers) {
    const { recogniser } = await scripted(t, answer => void answer.end(text));
    await t.rejects(recogniser.transcribe(await request(), signal), { code: 'recogniser-failed' }, text);
  }
  const { recogniser } = await scripted(t, answer => {
    const more = () => {
      while (!answer.destroyed && answer.write(Buffer.alloc(256 * 1024, ' ')));
    };
    answer.on('drain', more);
    more();
  });
  await t.rejects(recogniser.transcribe(await request(), signal), {
    code: 'recogniser-failed',
    message: /is over/,
  });
});

t.test('who gives up is let go at once', async t => {
  const { recogniser } = await scripted(t, () => giveUp.abort(new Error('enough')));
  const giveUp = new AbortController();
  await t.rejects(recogniser.transcribe(await request(), giveUp.signal), { message: 'enough' });
  await t.rejects(recogniser.transcribe(await request(), giveUp.signal), { message: 'enough' });
});

t.test('more sound than a request may hold is refused before it is sent', async t => {
  const { recogniser, asked } = await scripted(t, answer => send(answer, openAiAnswer));
  t.equal(recogniser.longestRequestSeconds, 30);
  const pcm = new Int16Array(31 * 16_000);
  await t.rejects(recogniser.transcribe(await request({ pcm }), signal), { code: 'recogniser-failed' });
  t.equal(asked.length, 0);
});

t.test('the address may be written in three ways', async t => {
  for (const url of ['http://h:1', 'http://h:1/v1', 'http://h:1/v1/audio/transcriptions'])
    t.equal(endpointOf(url).href, 'http://h:1/v1/audio/transcriptions');
});

t.test('a server that hangs is given up, told so, and asked anew for what comes next', async t => {
  let isHanging = false;
  const { url } = await scripted(t, answer => !isHanging && send(answer, openAiAnswer));
  let hangs = 0;
  const recogniser = new OpenAiRecogniser({
    server: {
      address: () => Promise.resolve(endpointOf(url)),
      hangs: () => {
        hangs += 1;
        isHanging = false;
      },
    },
    reader: { kind: 'openai', model: 'whisper-1' },
    longestRequestSeconds: 30,
    key: undefined,
    atOnce: 1,
    patience: new Patience({ beforeFirstSeconds: 60, leastSeconds: 1 }),
  });
  t.teardown(() => recogniser.close());
  const sound = await request();
  await recogniser.transcribe(sound, signal);
  isHanging = true;
  await t.rejects(recogniser.transcribe(sound, signal), {
    code: 'recogniser-failed',
    message: /did not answer within/,
  });
  t.equal(hangs, 1);
  t.ok((await recogniser.transcribe(sound, signal)).segments.length > 0);
});
