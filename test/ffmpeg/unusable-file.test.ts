import t from 'tap';
import { unusableFile } from '../../src/ffmpeg/unusable-file.ts';

t.test("what ffmpeg says of a file is told in a person's words, its own are kept for the log", async t => {
  const said: [stderr: string, sentence: RegExp, cause: string][] = [
    [
      '[mov,mp4,m4a,3gp,3g2,mj2 @ 0x560b] moov atom not found\nfile:/srv/x: Invalid data found\n',
      /^The file has no index: it was probably cut off .* Send the whole file again\.$/,
      'moov atom not found',
    ],
    [
      '[matroska,webm @ 0x55c9] File ended prematurely at pos. 40 (0x28)\n',
      /cut off/,
      'File ended prematurely',
    ],
    ['file:/srv/x: End of file\n', /^The file ends before anything/, 'the file End of file'],
    [
      '[mpegts @ 0x1] Could not find codec parameters for stream 0\n',
      /Convert the file to MP4/,
      'Could not find',
    ],
    ['Output file does not contain any stream\n', /no picture and no sound/, 'Output file'],
    ['', /^The file is damaged, or no video at all\. .* \(ffmpeg said nothing\)$/, 'ffmpeg said nothing'],
  ];
  for (const [stderr, sentence, cause] of said) {
    const { code, message, cause: kept } = unusableFile(stderr);
    t.match(
      { code, message, cause: kept },
      { code: 'media-unusable', message: sentence, cause: { message: cause } },
    );
  }
});

t.test('words that nobody has explained yet end the sentence, without our paths', async t => {
  const { message } = unusableFile('[flv @ 0x1] Packet mismatch in file:/srv/content/uploads/x.part 18\n');
  t.match(message, /^The file is damaged, .* \(Packet mismatch in the file 18\)$/);
});
