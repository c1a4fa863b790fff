import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { AddressGuard } from '../../src/fetch/address-guard.ts';
import { GuardedClient } from '../../src/fetch/guarded-client.ts';
import { type HlsImport, importHls } from '../../src/library/hls-import.ts';
import { FileOrigin } from '../support/file-origin.ts';
import { runFfmpeg, runProgram } from '../support/run-program.ts';

const folder = await mkdtemp(join(tmpdir(), 'livereel-hls-'));
const origin = await FileOrigin.start(folder, t);
const client = new GuardedClient({
  guard: new AddressGuard({ allowNetworks: ['127.0.0.1/32'], openedBy: 'IMPORT_ALLOW_NETWORKS' }),
});
t.teardown(async () => {
  client.close();
  await rm(folder, { recursive: true, force: true });
});
t.beforeEach(() => {
  origin.asked.length = 0;
  origin.interfere = () => false;
});

const clip = join(folder, 'clip.mp4');
const source = ['-f', 'lavfi', '-i', 'testsrc2=d=6:r=25:s=320x180', '-f', 'lavfi', '-i', 'sine=d=6:r=48000'];
const coding = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-g',
  '25',
  '-bf',
  '2',
  '-c:a',
  'aac',
  '-b:a',
  '64k',
];
await runFfmpeg([...source, ...coding, '-y', clip]);

/** Cuts the clip into segments of two seconds with ffmpeg's own HLS muxer. */
async function cut(name: string, options: readonly string[]): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  const hls = ['-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod', '-hls_list_size', '0', ...options];
  await runFfmpeg(['-i', clip, '-c', 'copy', ...hls, '-y', join(folder, name, 'index.m3u8')]);
}

let number = 0;
function what(url: URL, changes: Partial<HlsImport> = {}): HlsImport {
  number += 1;
  return {
    client,
    url,
    folder: join(folder, `import-${number}`),
    outputFile: join(folder, `joined-${number}`),
    maxBytes: 10_000_000,
    run: {
      ffmpegPath: 'ffmpeg',
      ffprobePath: 'ffprobe',
      addressSpaceBytes: 2 * 1024 ** 3,
      workingDirectory: tmpdir(),
      log: pino({ level: 'silent' }),
    },
    signal: new AbortController().signal,
    progress: () => undefined,
    ...changes,
  };
}

type Measured = {
  frames: number;
  soundSeconds: number;
  offsetSeconds: number;
  height: number;
  format: string;
};

/** Decodes what was joined, and says how many pictures came and where picture and sound begin. */
async function measure(file: string): Promise<Measured> {
  const entries = 'stream=codec_type,height,start_time,nb_read_frames:format=format_name';
  const args = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', file];
  const { streams, format } = JSON.parse(`${(await runProgram('ffprobe', args)).stdout}`);
  const of = (type: string) => streams.find((stream: { codec_type: string }) => stream.codec_type === type);
  const [video, audio] = [of('video'), of('audio')];
  return {
    frames: Number(video.nb_read_frames),
    soundSeconds: (Number(audio.nb_read_frames) * 1024) / 48_000,
    offsetSeconds: Number(audio.start_time) - Number(video.start_time),
    height: video.height,
    format: format.format_name,
  };
}

async function imported(path: string, changes: Partial<HlsImport> = {}): Promise<Measured> {
  const wanted = what(origin.url(path), changes);
  await importHls(wanted);
  return await measure(wanted.outputFile);
}

function isWhole(t: { ok(value: boolean, message: string): void }, measured: Measured, seconds = 6): void {
  t.ok(Math.abs(measured.frames - seconds * 25) <= 1, `${measured.frames} pictures`);
  t.ok(Math.abs(measured.soundSeconds - seconds) < 0.15, `${measured.soundSeconds} s of sound`);
  t.ok(Math.abs(measured.offsetSeconds) < 0.08, `sound begins ${measured.offsetSeconds} s after the picture`);
}

await cut('ts', []);
const plain = await readFile(join(folder, 'ts', 'index.m3u8'), 'utf8');

t.test('segments of MPEG-TS become one file', async t => {
  const told: number[] = [];
  const measured = await imported('/ts/index.m3u8', { progress: (_bytes, part) => told.push(part) });
  isWhole(t, measured);
  t.equal(measured.format, 'mpegts');
  t.equal(told.at(-1), 1);
  t.same(
    told,
    told.toSorted((one, other) => one - other),
  );
});

t.test('fragmented MP4, with its init section in a file of its own or in the same', async t => {
  await cut('mp4', ['-hls_segment_type', 'fmp4']);
  isWhole(t, await imported('/mp4/index.m3u8'));
  await cut('ranges', ['-hls_segment_type', 'fmp4', '-hls_flags', 'single_file']);
  t.match(await readFile(join(folder, 'ranges', 'index.m3u8'), 'utf8'), /BYTERANGE/);
  isWhole(t, await imported('/ranges/index.m3u8'));
  origin.interfere = ({ headers }) => {
    delete headers.range;
    return false;
  };
  isWhole(t, await imported('/ranges/index.m3u8'));
});

t.test('AES-128 with a key that is fetched, with and without an IV in the playlist', async t => {
  await mkdir(join(folder, 'aes'));
  const key = randomBytes(16);
  await writeFile(join(folder, 'aes', 'secret.key'), key);
  const info = join(folder, 'aes', 'info');
  await writeFile(
    info,
    `secret.key\n${join(folder, 'aes', 'secret.key')}\n00112233445566778899aabbccddeeff\n`,
  );
  await cut('aes', ['-hls_key_info_file', info]);
  isWhole(t, await imported('/aes/index.m3u8'));
  const keys = origin.asked.filter(({ url }) => url === '/aes/secret.key');
  t.equal(keys.length, 1, 'fetched once');

  for (const [index, name] of ['index0.ts', 'index1.ts', 'index2.ts'].entries()) {
    const iv = Buffer.alloc(16);
    iv.writeUInt32BE(index + 7, 12);
    const cipher = createCipheriv('aes-128-cbc', key, iv);
    const bytes = await readFile(join(folder, 'ts', name));
    await writeFile(
      join(folder, 'aes', `by-number-${name}`),
      Buffer.concat([cipher.update(bytes), cipher.final()]),
    );
  }
  const numbered = plain
    .replace('MEDIA-SEQUENCE:0', 'MEDIA-SEQUENCE:7')
    .replace('#EXTINF', '#EXT-X-KEY:METHOD=AES-128,URI="secret.key"\n#EXTINF')
    .replaceAll(/^index/gm, 'by-number-index');
  await writeFile(join(folder, 'aes', 'numbered.m3u8'), numbered);
  isWhole(t, await imported('/aes/numbered.m3u8'));

  await writeFile(join(folder, 'aes', 'secret.key'), randomBytes(16));
  await t.rejects(imported('/aes/index.m3u8'), { code: 'source-refused', message: /decrypted/ });
  await writeFile(join(folder, 'aes', 'secret.key'), 'no key');
  await t.rejects(imported('/aes/index.m3u8'), { code: 'source-refused', message: /6 bytes/ });
});

t.test('of several renditions the best sensible one, its sound from where it is', async t => {
  await mkdir(join(folder, 'many'), { recursive: true });
  const split = ['-filter_complex', '[0:v]split=2[a][b];[b]scale=160:90[c]'];
  const maps = [
    '-map',
    '[a]',
    '-map',
    '[c]',
    '-map',
    '1:a',
    ...coding,
    '-bf',
    '0',
    '-f',
    'hls',
    '-hls_time',
    '2',
  ];
  const variants = 'v:0,agroup:sound v:1,agroup:sound a:0,agroup:sound';
  const hls = ['-hls_playlist_type', 'vod', '-master_pl_name', 'index.m3u8', '-var_stream_map', variants];
  const out = [join(folder, 'many', 'v%v.m3u8')];
  await runFfmpeg([...source, ...split, ...maps, ...hls, '-hls_segment_type', 'mpegts', ...out]);
  const measured = await imported('/many/index.m3u8');
  isWhole(t, measured);
  t.equal(measured.height, 180);

  const master = await readFile(join(folder, 'many', 'index.m3u8'), 'utf8');
  const huge = master.replace(
    '#EXT-X-VERSION',
    '#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=1920x1080\ngone.m3u8\n#EXT-X-VERSION',
  );
  await writeFile(join(folder, 'many', 'gone-one.m3u8'), huge);
  t.match(
    await imported('/many/gone-one.m3u8'),
    { height: 180 },
    'one whose playlist is gone is passed over',
  );
  const costly = master.replace(/BANDWIDTH=\d+(?=.*320x180)/, 'BANDWIDTH=90000000');
  await writeFile(join(folder, 'many', 'costly.m3u8'), costly);
  t.match(await imported('/many/costly.m3u8'), { height: 90 }, 'one that has no room gives way');
});

t.test('what is not continued is set one behind the other, whatever its clock and coding', async t => {
  const [head = '', ...segments] = plain.split(/(?=#EXTINF)/);
  const list = segments.map(segment => segment.replace('#EXT-X-ENDLIST', '').trim()).join('\n');
  await runFfmpeg([
    '-i',
    clip,
    '-vf',
    'scale=160:90',
    ...coding,
    '-t',
    '4',
    '-y',
    join(folder, 'ts', 'advert.ts'),
  ]);
  const advert = '#EXT-X-DISCONTINUITY\n#EXTINF:4,\nadvert.ts\n#EXT-X-DISCONTINUITY';
  await writeFile(join(folder, 'ts', 'adverts.m3u8'), `${head}${list}\n${advert}\n${list}\n#EXT-X-ENDLIST\n`);
  isWhole(t, await imported('/ts/adverts.m3u8'), 16);
});

t.test('addresses in a playlist are absolute or relative, and each of them is checked', async t => {
  const absolute = plain.replaceAll(/^index/gm, origin.url('/ts/index').href);
  await writeFile(join(folder, 'absolute.m3u8'), absolute);
  isWhole(t, await imported('/absolute.m3u8'));
  const evil = [
    'http://127.0.0.2/x.ts',
    'file:///etc/passwd',
    'http://169.254.169.254/latest',
    'http://[::1]/x',
  ];
  for (const uri of evil) {
    await writeFile(join(folder, 'ts', 'evil.m3u8'), plain.replace('index1.ts', uri));
    await t.rejects(imported('/ts/evil.m3u8'), { code: 'source-address-refused' }, uri);
    const key = `#EXT-X-KEY:METHOD=AES-128,URI="${uri}"\n#EXTINF`;
    await writeFile(join(folder, 'ts', 'evil.m3u8'), plain.replace('#EXTINF', key));
    await t.rejects(imported('/ts/evil.m3u8'), { code: 'source-address-refused' }, `key ${uri}`);
    await writeFile(join(folder, 'ts', 'evil.m3u8'), `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${uri}\n`);
    await t.rejects(imported('/ts/evil.m3u8'), { code: 'source-address-refused' }, `rendition ${uri}`);
  }
  origin.interfere = ({ url }, response) =>
    url === '/ts/index1.ts' && Boolean(response.writeHead(302, { location: 'http://10.0.0.1/' }).end());
  await t.rejects(imported('/ts/index.m3u8'), { code: 'source-address-refused' }, 'by a redirect');
});

t.test('what cannot be imported is refused with its reason', async t => {
  const cases: readonly [string, string, RegExp][] = [
    [plain.replace('#EXT-X-ENDLIST', ''), 'source-is-live', /still live/],
    [
      plain.replace('#EXTINF', '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"\n#EXTINF'),
      'source-not-supported',
      /protected/,
    ],
    [plain.replace('index1.ts', 'missing.ts'), 'source-refused', /404/],
    ['#EXTM3U\n#EXT-X-ENDLIST\n', 'source-refused', /lists nothing/],
    [`#EXTM3U\n${'#EXTINF:1,\nx.ts\n'.repeat(50_001)}`, 'source-refused', /more than 50000/],
    ['<html>', 'source-refused', /#EXTM3U/],
    [plain.replace('index0.ts', '/many/index.m3u8'), 'source-not-supported', /neither/],
  ];
  for (const [text, code, message] of cases) {
    await writeFile(join(folder, 'ts', 'wrong.m3u8'), text);
    await t.rejects(imported('/ts/wrong.m3u8'), { code, message }, `${message}`);
  }
  await t.rejects(imported('/ts/index.m3u8', { maxBytes: 100_000 }), { code: 'source-too-large' });
  origin.interfere = (_request, response) => Boolean(response.end(Buffer.alloc(9_000_000, '#EXTM3U\n')));
  await t.rejects(imported('/ts/index.m3u8'), { code: 'source-too-large' });
});

t.test('an import that died goes on with the segments that it has', async t => {
  const wanted = what(origin.url('/ts/index.m3u8'));
  const stop = new AbortController();
  origin.interfere = ({ url }) => {
    // The third segment is never answered: two are there when it dies.
    if (url !== '/ts/index2.ts') return false;
    setTimeout(() => stop.abort(new Error('died')), 200);
    return true;
  };
  await t.rejects(importHls({ ...wanted, signal: stop.signal }), /died/);
  origin.interfere = () => false;
  origin.asked.length = 0;
  await importHls(wanted);
  t.same(
    origin.asked.map(({ url }) => url),
    ['/ts/index.m3u8', '/ts/index2.ts'],
  );
  isWhole(t, await measure(wanted.outputFile));
});

t.test('hundreds of segments leave nothing but the file', async t => {
  const head = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n';
  const bytes = await readFile(join(folder, 'ts', 'index0.ts'));
  const packets = Math.floor(bytes.length / 188);
  const offsets = Array.from({ length: 300 }, (_, index) => (index % packets) * 188);
  const many = offsets.map(offset => `#EXTINF:0.01,\n#EXT-X-BYTERANGE:188@${offset}\nindex0.ts`);
  await writeFile(join(folder, 'ts', 'hundreds.m3u8'), `${head}${many.join('\n')}\n#EXT-X-ENDLIST\n`);
  const wanted = what(origin.url('/ts/hundreds.m3u8'), { maxBytes: 1_000_000_000 });
  const { connections } = origin;
  await importHls(wanted);
  const opened = origin.connections - connections;
  t.ok(opened <= 20, `${opened} connections for all of them`);
  const expected = Buffer.concat(offsets.map(offset => bytes.subarray(offset, offset + 188)));
  t.ok((await readFile(wanted.outputFile)).equals(expected), 'byte for byte');
  t.same(await readdir(wanted.folder), ['picture.json']);
});
