import { type AvOffset, beepTimes, offsetsOf } from './av-offset.ts';
import type { TestPage } from './chromium.ts';
import { readGreyFrames } from './grey-frames.ts';

/**
 * Chromium's fake camera shows a clock, and with the last picture of every half second it makes the fake microphone
 * beep in the next 10 ms of sound (media/capture/video/fake_video_capture_device.cc). Both come with times of their own,
 * as real devices do. They reach each other in one process only.
 */
export const oneProcessForFakeDevices = [
  '--enable-features=RunVideoCaptureServiceInBrowserProcess',
  '--disable-features=AudioServiceOutOfProcess',
];

// A digit that becomes another changes by 20 or more, what the coding does to it by 3.
const leastChange = 8;
// The last digit of the clock's seconds, in a picture of 640 x 480.
const digit = { left: 212, top: 34, width: 22, height: 28 };
const secondsBetweenPictures = 0.05;

/** Opens both, as `window.camera`; nothing is done to the sound. */
export async function useFakeDevices(page: TestPage): Promise<void> {
  await page.evaluate(`(async () => {
    window.camera = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 480, frameRate: { exact: 20 } },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  })()`);
}

/**
 * Sound against picture at the last picture of each second by the fake camera's clock. A second whose last picture is
 * missing is left out: ask for the number you expect.
 */
export async function fakeDeviceOffsets(file: string): Promise<AvOffset[]> {
  return offsetsOf(await lastPictures(file), await beepTimes(file));
}

/** When the last picture of a second was shown, on the file's clock. */
async function lastPictures(file: string): Promise<number[]> {
  const { left, top, width, height } = digit;
  const crop = `crop=${width}:${height}:${left}:${top}`;
  const frames = await readGreyFrames(file, crop, width * height, { lenient: true });
  return frames.flatMap(({ pixels, ptsSeconds }, index) => {
    const next = frames[index + 1];
    if (next === undefined || meanChange(pixels, next.pixels) < leastChange) return [];
    return next.ptsSeconds - ptsSeconds < 1.5 * secondsBetweenPictures ? [ptsSeconds] : [];
  });
}

function meanChange(pixels: Buffer, next: Buffer): number {
  return pixels.reduce((sum, grey, at) => sum + Math.abs(grey - (next[at] ?? 0)), 0) / pixels.length;
}
