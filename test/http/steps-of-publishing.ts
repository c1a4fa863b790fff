import { makeClip } from '../support/clips.ts';
import { numberedJpeg } from '../support/numbered-frames.ts';
import { offerOf } from '../support/offers.ts';
import type { Answered, Given } from './documented-api.ts';
import { as, field, has, json, known, of, publisher, type Step } from './documented-steps.ts';

/** A recording of a few seconds. */
export const clip = new Uint8Array((await makeClip({ kind: 'webm-h264', durationSeconds: 4 })).bytes);
const jpeg = new Uint8Array(await numberedJpeg(1));
const inAForm = new FormData();
inAForm.set('file', new Blob([jpeg]), 'frame.jpg');

/** Where a WebRTC connection is, its tag, and a fragment that says nothing new. */
function keepPeer(door: string, offer: string) {
  return ({ headers }: Answered) => {
    known[`${door} peer`] = headers.get('location')?.split('/').at(-1) ?? '';
    known[`${door} tag`] = headers.get('etag') ?? '';
    const [ufrag = ''] = /^a=ice-ufrag:.*$/m.exec(offer) ?? [];
    const [pwd = ''] = /^a=ice-pwd:.*$/m.exec(offer) ?? [];
    known[`${door} fragment`] = `${ufrag.trim()}\r\n${pwd.trim()}\r\n`;
  };
}

const sdp = (body: string) => ({ body, contentType: 'application/sdp' });
const unknownCodecs = (offer: string) => offer.replace(/H264|VP8|VP9|AV1|opus/gi, 'nothing');
const restart = 'a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n';

/** Trickling and hanging up are the same for who publishes and who watches. */
function peerSteps(door: 'publish' | 'watch', place: () => Given): Step[] {
  const peer = () => {
    const { params, ...rest } = place();
    return { ...rest, params: { ...params, peer: has(`${door} peer`) } };
  };
  const trickle = (tag: string | undefined, body: string) => ({
    ...peer(),
    ...{ body, contentType: 'application/trickle-ice-sdpfrag', headers: { 'if-match': tag } },
  });
  const same = () => has(`${door} fragment`);
  return [
    {
      operation: `${door}TrickleIce`,
      given: () => trickle(has(`${door} tag`), same()),
      before: () => [
        ['precondition-required', trickle(undefined, same())],
        ['precondition-failed', trickle('"nothing"', same())],
        ['ice-restart-refused', trickle('*', restart)],
      ],
    },
    { operation: `${door}HangUp`, given: peer },
  ];
}

const session = (name: string, body?: object): Step => ({
  operation: 'createSession',
  given: () => ({ ...as('ada'), ...(body && json(body)) }),
  keep: answer => {
    for (const key of ['id', 'ingestToken', 'ingestUrl'])
      known[key === 'id' ? name : `${key} of ${name}`] = field(answer, key);
  },
});
const published = offerOf('chromium-publish-h264');
const watched = offerOf('chromium-view');

/** Sessions of every input; the last of them goes on. */
export const sessions: Step[] = [
  session('chunks'),
  session('frames', { input: 'frames' }),
  session('webrtc', { input: 'webrtc' }),
  {
    ...session('live', { title: 'Goes on' }),
    after: () => [['too-many-sessions', [as('bob'), as('bob')]]],
  },
];

/** What is sent to them, and watched; `example`: an offer that the document shows. */
export const publishing = (example: string): Step[] => [
  {
    operation: 'appendChunks',
    given: () => ({ ...publisher('chunks'), body: clip, contentType: 'application/octet-stream' }),
    before: () => [
      ['bad-request', { ...publisher('chunks'), body: 'x', headers: { 'upload-offset': 'x' } }],
      ['input-not-supported', { ...publisher('frames'), body: 'x' }],
      ['unsupported-container', { ...publisher('chunks'), body: '(bytes)'.repeat(1_000) }],
    ],
    after: () => [
      ['offset-mismatch', { ...publisher('chunks'), body: clip, headers: { 'upload-offset': '7' } }],
    ],
  },
  { operation: 'getIngest', given: () => publisher('chunks') },
  {
    operation: 'appendFrame',
    given: () => ({ ...publisher('frames'), body: jpeg, contentType: 'image/jpeg' }),
    before: () => [
      [
        'bad-request',
        { ...of('frames'), query: { ...publisher('frames').query, capturedAtUs: 'x' }, body: jpeg },
      ],
      ['input-not-supported', { ...publisher('chunks'), body: jpeg }],
      ['bad-frame', { ...publisher('frames'), body: '(bytes)', contentType: 'image/jpeg' }],
      [
        'frame-too-large',
        { ...publisher('frames'), body: new Uint8Array(200_000), contentType: 'image/jpeg' },
      ],
    ],
  },
  { operation: 'appendFrame', given: () => ({ ...publisher('frames'), body: inAForm }) },
  {
    operation: 'publishByWebRtc',
    given: () => ({ ...publisher('webrtc'), ...sdp(published) }),
    keep: keepPeer('publish', published),
    before: () => [
      ['malformed-sdp', { ...publisher('webrtc'), ...sdp(example) }],
      ['no-common-codec', { ...publisher('webrtc'), ...sdp(unknownCodecs(published)) }],
      ['input-not-supported', { ...publisher('frames'), ...sdp(published) }],
    ],
  },
  ...peerSteps('publish', () => publisher('webrtc')),
  {
    operation: 'watchByWebRtc',
    given: () => ({ ...of('live'), ...sdp(watched) }),
    keep: keepPeer('watch', watched),
  },
  ...peerSteps('watch', () => of('live')),
];
