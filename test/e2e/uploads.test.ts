import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { FileOrigin } from '../support/file-origin.ts';
import { oddFile, oddFileSize } from '../support/odd-files.ts';
import { probe } from '../support/run-program.ts';
import { TestServer } from '../support/server.ts';
import { tusUpload } from '../support/tus-upload.ts';
import { violations } from '../web/accessibility.ts';

const server = await TestServer.start({ env: { WORKER: 'on', IMPORT_ALLOW_NETWORKS: '127.0.0.1/32' } });
t.teardown(() => server.stop());

async function uploaded(file: string | Buffer, metadata: Record<string, string> = {}) {
  const { videoId } = await tusUpload(server.baseUrl, file, { metadata });
  return videoId ?? '';
}

t.test('what was uploaded plays at the same addresses as what was live', async t => {
  const id = await uploaded(await oddFile('plain.mp4'), { title: 'A film', visibility: 'unlisted' });
  const video = await server.finished(id);
  t.match(video, {
    title: 'A film',
    visibility: 'unlisted',
    ...oddFileSize,
    error: null,
    input: 'upload',
  });
  t.ok(Math.abs((video.durationSeconds ?? 0) - 4) < 0.1);
  const multivariant = await server.text(`/hls/${id}/index.m3u8`);
  t.match(multivariant, /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",CLOSED-CAPTIONS=NONE,RESOLUTION=320x180/);
  const media = await server.text(`/hls/${id}/main/stream.m3u8`);
  t.match(media, /^#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n/);
  t.match(media, /#EXT-X-ENDLIST\n$/);
  const { format } = (await probe(video.playbackUrl, ['-show_entries', 'format=duration'])) as {
    format: { duration: string };
  };
  t.ok(Math.abs(Number(format.duration) - 4) < 0.1, `players see ${format.duration} s`);
  const file = await fetch(video.fileUrl ?? '', { headers: { range: 'bytes=0-99' } });
  t.equal(file.status, 206);
});

t.test('a picture that was taken upright is shown upright', async t => {
  const id = await uploaded(await oddFile('phone.mov'));
  const video = await server.finished(id);
  t.match(video, { width: 180, height: 320 });
  const turned = async (file: string) => {
    const entries = ['-select_streams', 'v', '-show_entries', 'stream_side_data=rotation'];
    return JSON.stringify(await probe(file, entries)).includes('"rotation":');
  };
  t.ok(await turned(server.videoFile(id)), 'in the file');
  t.ok(await turned(join(server.contentDir, id, 'hls/main/init-0.mp4')), 'in the segments');
});

t.test('what cannot become a video says why; what was cut is made of what there is', async t => {
  const plain = await readFile(await oddFile('plain.mp4'));
  const bad: [string, Buffer, string][] = [
    ['a playlist', Buffer.from(`#EXTM3U\n#EXTINF:4,\n${server.videoFile('x')}\n`), 'unsupported-container'],
    ['nothing', Buffer.alloc(0), 'media-unusable'],
    [
      'an index that leads nowhere',
      Buffer.concat([plain.subarray(0, 40), Buffer.alloc(5_000, 1)]),
      'media-unusable',
    ],
  ];
  const ids = await Promise.all(bad.map(([, bytes]) => uploaded(bytes)));
  const half = await uploaded(plain.subarray(0, plain.length / 2));
  for (const [index, [what, , code]] of bad.entries()) {
    const id = ids[index] ?? '';
    const failed = await eventually(
      async () => {
        const video = await server.video(id);
        return video.state === 'failed' && video;
      },
      { timeoutSeconds: 30, what },
    );
    t.equal(failed.error?.code, code, what);
    t.match(failed.error?.message, /^(This is|The file) .*\.$/, 'a sentence');
    t.notMatch(
      failed.error?.message,
      /\/(tmp|work|home)\/|moov/,
      'no path of ours is told, nor what tools say',
    );
    // The video is told first, its task a moment later.
    const tasks = await eventually(async () => {
      const { items } = JSON.parse(await server.text(`/api/v1/videos/${id}/tasks`)) as {
        items: { state: string }[];
      };
      return items.some(({ state }) => state !== 'running') && items;
    });
    t.match(tasks, [{ task: 'process', state: 'failed', attempts: 1 }], 'once, and then never again');
  }
  const video = await server.finished(half);
  t.equal(video.error?.code, 'media-incomplete');
  t.match(video.error?.message, /[12]\.\d of 4\.0 seconds/);
});

const chromium = await launchChromium();
t.teardown(() => chromium.close());

t.test('a file that is chosen on the page is sent, and plays there', async t => {
  const page = await chromium.page();
  await page.goto(server.baseUrl);
  await page.getByTestId('upload-file').waitFor({ state: 'attached' });
  await page.getByTestId('upload-file').setInputFiles(await oddFile('plain.mp4'));
  await page.waitForURL(/\/watch\/[0-9A-Za-z]{12}$/);
  await page.locator('video').first().waitFor();
  await eventually(() =>
    page
      .locator('video')
      .first()
      .evaluate(video => (video as unknown as { videoWidth: number }).videoWidth > 0),
  );
  t.same(page.errors, []);
});

t.test('an address that is pasted on the page is fetched, and plays there', async t => {
  const file = await oddFile('plain.mp4');
  const origin = await FileOrigin.start(dirname(file), t);
  const page = await chromium.page();
  await page.goto(server.baseUrl);
  const [field, facts] = [page.getByTestId('import-address'), page.getByTestId('import-facts')];
  // With a camera at hand the field is a button first.
  await page.getByTestId('import-open').click();
  await field.fill('a talk about gardens');
  await field.press('Enter');
  await page.getByTestId('import-address-wrong').waitFor();
  t.same(await violations(page), []);
  await field.fill(origin.url('/gone.mp4').href);
  const begun = page.waitForResponse('**/api/v1/imports');
  await page.getByTestId('import').click();
  const { id: gone } = (await (await begun).json()) as { id: string };
  await page.getByTestId('import-again').waitFor();
  t.match(await facts.textContent(), /404/, 'why not, in words');
  t.same(await violations(page), []);
  await page.getByTestId('import-cancel').click();

  // More than is looked at before anything is told, less than a tenth of a megabyte.
  const firstBytes = 20_000;
  let goOn = () => {};
  origin.interfere = (_request, response) => {
    void readFile(file).then(bytes => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, firstBytes));
      goOn = () => response.end(bytes.subarray(firstBytes));
    });
    return true;
  };
  const fetching = async () => {
    await field.fill(origin.url('/plain.mp4').href);
    await field.press('Enter');
    await page.locator('[data-state=fetching]').waitFor();
  };
  await fetching();
  await page.getByTestId('import-cancel').click();
  await field.waitFor();
  await fetching();
  await page.getByText(/^\s*0\.0 MB of \d/).waitFor();
  goOn();
  await page.waitForURL(/\/watch\/[0-9A-Za-z]{12}$/);
  await page.locator('video').first().waitFor();

  // What failed is tried again from its own page, long after that of the import was left.
  origin.interfere = (_request, response) => {
    void readFile(file).then(bytes => response.end(bytes));
    return true;
  };
  await page.goto(`${server.baseUrl}/watch/${gone}`);
  await page.getByText(/answered 404/).waitFor();
  await page.getByTestId('import-again').click();
  await page.locator('video').first().waitFor();
  t.same(page.errors, []);
});
