import { type AvOffset, beepTimes, offsetsOf } from './av-offset.ts';
import type { TestPage } from './chromium.ts';
import { runFfmpeg } from './run-program.ts';

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
  const filter = `crop=${width}:${height}:${left}:${top},format=gray,showinfo`;
  const { stdout, stderr } = await runFfmpeg([
    '-copyts',
    '-i',
    file,
    '-map',
    '0:v:0',
    '-vf',
    filter,
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    'pipe:1',
  ]);
  const times = [...stderr.matchAll(/ pts_time:([\d.]+)/g)].map(([, seconds]) => Number(seconds));
  const sizeBytes = width * height;
  const changeBefore = (index: number) => {
    let sum = 0;
    for (let at = index * sizeBytes; at < (index + 1) * sizeBytes; at += 1) {
      sum += Math.abs((stdout[at] ?? 0) - (stdout[at - sizeBytes] ?? 0));
    }
    return sum / sizeBytes;
  };
  return times.filter((seconds, index) => {
    const nextSeconds = times[index + 1];
    if (nextSeconds === undefined || changeBefore(index + 1) < leastChange) return false;
    return nextSeconds - seconds < 1.5 * secondsBetweenPictures;
  });
}
