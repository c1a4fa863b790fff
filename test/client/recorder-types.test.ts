import t from 'tap';
import { chooseRecorderType, videoBitsPerSecond } from '../../src/client/recorder-types.ts';

/** A browser, as far as its recorder's types go. */
function browserThatRecords(isSupported: (type: string) => boolean): void {
  Object.assign(globalThis, { MediaRecorder: { isTypeSupported: isSupported } });
}

t.test('each browser records what costs the server least', async t => {
  t.equal(chooseRecorderType(), undefined, 'without a recorder nothing');
  browserThatRecords(() => true);
  t.equal(chooseRecorderType(), 'video/webm;codecs=avc1,opus', 'Chromium');
  t.equal(chooseRecorderType('video/webm;codecs=vp8,opus'), 'video/webm;codecs=vp8,opus', 'as asked');
  browserThatRecords(type => type.startsWith('video/mp4'));
  t.equal(chooseRecorderType('video/webm'), 'video/mp4;codecs=avc1.42E01F,mp4a.40.2', 'Safari');
  browserThatRecords(type => /vp8|^video\/webm$/.test(type));
  t.equal(chooseRecorderType(), 'video/webm;codecs=vp8,opus', 'Firefox');
  browserThatRecords(() => false);
  t.equal(chooseRecorderType(), undefined);
});

t.test('the bits follow the pixels, within bounds', async t => {
  t.equal(videoBitsPerSecond(1_280, 720, 30), 2_488_320);
  t.equal(videoBitsPerSecond(320, 240, 15), 600_000);
  t.equal(videoBitsPerSecond(3_840, 2_160, 60), 8_000_000);
});
