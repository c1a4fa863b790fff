import t from 'tap';
import { videoAnswer } from '../../src/api/video.ts';
import { presentVideo } from '../../src/library/video-presentation.ts';
import type { VideoRow } from '../../src/library/video-store.ts';
import { publishUrls } from '../../src/library/video-urls.ts';

const row: VideoRow = {
  id: 'f3Kq9ZtA1bXy',
  state: 'ready',
  title: 'Standup',
  description: '',
  visibility: 'public',
  input: 'chunks',
  mimeType: null,
  frameRate: null,
  replyTo: null,
  language: 'en',
  captions: true,
  ingestTokenHash: Buffer.from('secret'),
  createdAt: new Date('2026-01-01T12:00:00.000Z'),
  startedAt: null,
  endedAt: null,
  durationSeconds: 12.34,
  sizeBytes: 1_234_567,
  videoCodec: 'h264',
  audioCodec: 'aac',
  width: 1280,
  height: 720,
  frameCount: 370,
  errorCode: null,
  errorMessage: null,
  journalKept: false,
  clientAddress: '10.0.0.9',
  hasCaptions: false,
  hasThumbnail: false,
  hasPreview: false,
  hasStoryboard: false,
  loudnessLufs: null,
  loudnessRangeLu: null,
  truePeakDbtp: null,
  ownerId: null,
  ownerName: null,
  playbackEpoch: 0,
  updatedAt: new Date(),
};

t.test('a finished video on the wire is whole, and holds nothing that is not for others', async t => {
  t.strictSame(videoAnswer.parse(presentVideo(row, 'http://h:1', true)), {
    id: 'f3Kq9ZtA1bXy',
    title: 'Standup',
    description: '',
    state: 'ready',
    error: null,
    visibility: 'public',
    input: 'chunks',
    owner: null,
    replyTo: null,
    createdAt: '2026-01-01T12:00:00.000Z',
    durationSeconds: 12.34,
    width: 1280,
    height: 720,
    sizeBytes: 1_234_567,
    language: 'en',
    whepUrl: null,
    playbackUrl: 'http://h:1/hls/f3Kq9ZtA1bXy/index.m3u8',
    fileUrl: 'http://h:1/videos/f3Kq9ZtA1bXy/video.mp4',
    thumbnailUrl: null,
    previewUrl: null,
    storyboardUrl: null,
    captionsUrl: null,
    loudness: null,
    counts: { views: 0, likes: 0, comments: 0, replies: 0 },
  });
  t.notMatch(JSON.stringify(presentVideo(row, 'http://h:1', true)), /secret|10\.0\.0\.9/);
});

t.test('what is made of a video has its addresses once it is there', async t => {
  const made = { hasThumbnail: true, hasPreview: true, hasStoryboard: true };
  const loudness = { loudnessLufs: -18.2, loudnessRangeLu: 5, truePeakDbtp: -1 };
  const folder = 'http://h:1/videos/f3Kq9ZtA1bXy';
  t.match(presentVideo({ ...row, ...made, ...loudness }, 'http://h:1', true), {
    thumbnailUrl: `${folder}/thumbnail.jpg`,
    previewUrl: `${folder}/preview.webp`,
    storyboardUrl: `${folder}/storyboard.vtt`,
    loudness: { integratedLufs: -18.2, rangeLu: 5, truePeakDbtp: -1 },
  });
});

t.test('a live video has no file yet, and no language while that is to be found out', async t => {
  t.match(presentVideo({ ...row, state: 'live', language: 'auto' }, 'http://h', true), {
    fileUrl: null,
    language: null,
  });
});

t.test('a failed video says why', async t => {
  const failed = {
    ...row,
    state: 'failed',
    errorCode: 'media-unusable',
    errorMessage: 'nothing in it',
  } as const;
  const error = { code: 'media-unusable', message: 'nothing in it' };
  t.match(presentVideo(failed, 'http://h', true), { error, fileUrl: null });
});

t.test('a video whose journal is kept says where, and what to do', async t => {
  const doubted = { ...row, errorCode: 'journal-kept', errorMessage: 'the stream was damaged in 2 places' };
  const { error } = presentVideo({ ...doubted, journalKept: true }, 'http://h', true);
  t.equal(error?.code, 'journal-kept');
  t.match(
    error?.message,
    /^the stream was damaged in 2 places\. What was received is kept in "f3Kq9ZtA1bXy\/journal"/,
  );
  t.match(error?.message, /remove that folder/);
});

t.test('publishers connect as securely as they called', async t => {
  t.match(publishUrls('https://h', row.id, 'a/b+c'), {
    ingestUrl: 'wss://h/ingest/f3Kq9ZtA1bXy?token=a%2Fb%2Bc',
    whipUrl: 'https://h/whip/f3Kq9ZtA1bXy',
  });
  t.match(publishUrls('http://http.example', row.id, 't'), {
    ingestUrl: 'ws://http.example/ingest/f3Kq9ZtA1bXy?token=t',
  });
});
