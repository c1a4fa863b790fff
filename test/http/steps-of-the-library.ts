import { readFile } from 'node:fs/promises';
import { oddFile } from '../support/odd-files.ts';
import type { Given } from './documented-api.ts';
import {
  as,
  field,
  has,
  json,
  keepLogin,
  known,
  of,
  publisher,
  type Refusal,
  type Step,
} from './documented-steps.ts';

const film = new Uint8Array(await readFile(await oddFile('silent.mp4')));

function form(bytes: Uint8Array<ArrayBuffer> | string, fields: Record<string, string> = {}): Given {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set('file', new Blob([bytes]), 'film.mp4');
  return { ...as('ada'), body };
}

const byOthers = (given: () => Given): Refusal => ['forbidden', { ...given(), ...as('bob') }];

const thumbnail = () => ({ ...as('ada'), params: { id: has('chunks'), task: 'thumbnail' } });

const videos: Step[] = [
  { operation: 'listVideos', given: () => as('ada') },
  { operation: 'getVideo', given: () => of('chunks') },
  { operation: 'listTasks', given: () => of('chunks') },
  {
    operation: 'retryTask',
    given: thumbnail,
    before: () => [
      byOthers(thumbnail),
      ['task-not-repeatable', { ...as('ada'), params: { id: has('chunks'), task: 'process' } }],
      ['task-not-found', { ...as('ada'), params: { id: has('chunks'), task: 'ladder' } }],
    ],
    after: () => [['task-not-over', thumbnail()]],
  },
  { operation: 'getTranscript', given: () => of('chunks') },
  { operation: 'watchEvents', given: () => of('chunks') },
  {
    operation: 'changeVideo',
    given: () => ({ ...as('ada'), ...of('chunks') }),
    before: () => [
      ['forbidden', { ...as('bob'), ...of('chunks'), ...json({ title: 'Mine' }) }],
      [
        'precondition-failed',
        { ...of('chunks'), ...json({}), headers: { ...as('ada').headers, 'if-match': '"other"' } },
      ],
    ],
  },
  {
    operation: 'makePlaybackToken',
    given: () => ({ ...as('ada'), ...of('chunks') }),
    before: () => [byOthers(() => of('chunks'))],
  },
  {
    operation: 'endPlaybackTokens',
    given: () => ({ ...as('ada'), ...of('chunks') }),
    before: () => [byOthers(() => of('chunks'))],
  },
];

const upload = () => ({ params: { upload: has('upload') } });
const bytes = (offset: string, body: string) => ({
  ...{ body, contentType: 'application/offset+octet-stream' },
  headers: { 'upload-offset': offset },
});
const creation = (person: string, headers: Record<string, string | undefined> = {}): Given => ({
  ...{ body: null, headers: { ...as(person).headers, ...headers } },
});

const files: Step[] = [
  {
    operation: 'createUpload',
    given: () => as('ada'),
    keep: ({ headers }) => {
      known.upload = headers.get('location')?.split('/').at(-1) ?? '';
    },
    before: () => [
      ['bad-request', creation('ada', { 'upload-length': undefined })],
      ['validation-failed', creation('ada', { 'upload-metadata': 'visibility aGlkZGVu' })],
      ['upload-too-large', creation('ada', { 'upload-length': '20000001' })],
      ['too-many-uploads', Array.from({ length: 21 }, () => creation('bob'))],
    ],
  },
  { operation: 'getUpload', given: upload },
  {
    operation: 'appendUpload',
    // The creation brought as many bytes as its example has.
    given: () => ({ ...upload(), ...bytes('7', 'x'.repeat(93)) }),
    before: () => [
      ['offset-mismatch', { ...upload(), ...bytes('0', '(bytes)') }],
      ['upload-too-large', { ...upload(), ...bytes('7', 'x'.repeat(2_000)) }],
    ],
  },
  { operation: 'deleteUpload', given: upload },
  {
    operation: 'uploadVideo',
    given: () => form(film, { title: 'Standup' }),
    before: () => [
      [
        'bad-request',
        { ...as('ada'), body: '--x\r\nrubbish', contentType: 'multipart/form-data; boundary=x' },
      ],
      ['unsupported-media-type', { ...as('ada'), ...json({}) }],
      ['unsupported-container', form('#EXTM3U\n/etc/passwd\n')],
      ['media-unusable', form('')],
      ['validation-failed', form(film, { visibility: 'hidden' })],
    ],
  },
  {
    operation: 'createImport',
    given: () => as('ada'),
    keep: answer => {
      known.import = field(answer, 'id');
    },
    before: () => [
      ['source-address-refused', { ...as('ada'), ...json({ url: 'http://127.0.0.1/film.mp4' }) }],
    ],
    after: () => [
      ['too-many-imports', { ...as('ada'), ...json({ url: 'https://example.com/other.mp4' }) }],
      ['import-not-failed', { ...as('ada'), ...of('import') }, 'retryImport'],
    ],
  },
  { operation: 'getImport', given: () => ({ ...as('ada'), ...of('import') }) },
  { operation: 'cancelImport', given: () => ({ ...as('ada'), ...of('import') }) },
  { operation: 'retryImport', given: () => ({ ...as('ada'), ...of('import') }) },
];

const webhook = () => ({ ...as('ada'), ...of('webhook') });
const delivery = () => ({
  ...as('ada'),
  params: { id: has('webhook'), delivery: has('delivery') },
});

const webhooks: Step[] = [
  {
    operation: 'createWebhook',
    given: () => as('ada'),
    keep: answer => {
      known.webhook = field(answer, 'id');
    },
    after: () => {
      const more = { ...as('ada'), ...json({ url: 'https://example.org/other' }) };
      return [['quota-exceeded', Array.from({ length: 10 }, () => more)]];
    },
  },
  { operation: 'listWebhooks', given: () => as('ada') },
  { operation: 'getWebhook', given: webhook },
  { operation: 'changeWebhook', given: webhook },
  // From here on something is sent: to a port of this machine where nobody listens.
  { operation: 'changeWebhook', given: () => ({ ...webhook(), ...json({ url: 'http://127.0.0.1:9/' }) }) },
  { operation: 'renewWebhookSecret', given: webhook },
  {
    operation: 'testWebhook',
    given: webhook,
    keep: answer => {
      known.delivery = field(answer, 'id');
    },
  },
  { operation: 'listWebhookDeliveries', given: webhook },
  { operation: 'getWebhookDelivery', given: delivery },
  { operation: 'replayWebhookDelivery', given: delivery },
  { operation: 'replayWebhook', given: webhook },
  { operation: 'deleteWebhook', given: webhook },
];

/** What all is made of videos that are there. */
export const library: Step[] = [...videos, ...files, ...webhooks];

/** What ends things, and takes them away. */
export const endings: Step[] = [
  {
    operation: 'endSession',
    given: () => ({ ...as('ada'), ...of('chunks') }),
    before: () => [byOthers(() => of('chunks')), ['not-found', { ...as('ada'), params: { id: 'no-id' } }]],
    after: () => [
      ['session-ended', { ...publisher('chunks'), body: 'x' }, 'appendChunks'],
      ['not-live', { ...of('chunks'), body: 'v=0', contentType: 'application/sdp' }, 'watchByWebRtc'],
    ],
  },
  {
    operation: 'deleteVideo',
    given: () => ({ ...as('ada'), ...of('chunks') }),
    before: () => [
      byOthers(() => of('chunks')),
      ['precondition-failed', { ...of('chunks'), headers: { ...as('ada').headers, 'if-match': '"other"' } }],
    ],
  },
  { operation: 'revokeApiKey', given: () => ({ ...as('ada'), ...of('id of key') }) },
  { operation: 'logOut', given: () => as('ada') },
  { operation: 'logIn', keep: keepLogin('ada') },
  {
    operation: 'deleteAccount',
    given: () => as('ada'),
    before: () => [['login-failed', { ...as('ada'), ...json({ password: 'a wrong one' }) }]],
  },
];
