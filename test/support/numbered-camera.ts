import type { TestPage } from './chromium.ts';

/** What a viewer's picture showed, and when, by the clock of `clockMillis`; number null: it could not be read. */
export type ShownNumber = { readonly number: number | null; readonly atMillis: number };

/** Numbers that clocks in pictures show wrap here: 17 minutes. */
export const clockWrapMillis = 2 ** 20;

// The same cells as `frameCells` of numbered-frames.ts. Text, as all that runs in a page: see webrtc-page.ts.
const paintingScript = `
  const clockMillis = () => performance.timeOrigin + performance.now();
  function paint(context, number, flash) {
    let check = 0b1001;
    for (let bit = 0; bit < 20; bit += 4) check ^= ((number >> bit) & 15) * ((bit / 4) % 2 ? 7 : 1);
    const bits = number * 16 + (check & 15);
    const { width, height } = context.canvas;
    for (let cell = 0; cell < 32; cell += 1) {
      const isWhite = cell < 24 ? (bits >>> (23 - cell)) & 1 : flash;
      context.fillStyle = isWhite ? '#fff' : '#000';
      context.fillRect((cell % 8) * width / 8, Math.floor(cell / 8) * height / 4, width / 8, height / 4);
    }
  }
  function read(pixels) {
    let bits = 0;
    for (let bit = 0; bit < 24; bit += 1) {
      const grey = pixels[(Math.floor(bit / 8) * 8 + 4) * 64 * 4 + ((bit % 8) * 8 + 4) * 4];
      if (grey > 88 && grey < 168) return null;
      bits = bits * 2 + (grey >= 128 ? 1 : 0);
    }
    const number = Math.floor(bits / 16);
    let check = 0b1001;
    for (let bit = 0; bit < 20; bit += 4) check ^= ((number >> bit) & 15) * ((bit / 4) % 2 ? 7 : 1);
    return (check & 15) === bits % 16 ? number : null;
  }`;

/**
 * Gives a page a camera that shows numbers, `window.camera`, 30 pictures a second: of the picture, with a flash and a
 * beep at every second; or of the clock in milliseconds, to measure how old a picture is when it is seen.
 */
export async function useNumberedCamera(
  page: TestPage,
  shows: 'pictures' | 'clock',
  isSilent = false,
): Promise<void> {
  await page.evaluate(`(async () => {
    ${paintingScript}
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const context = canvas.getContext('2d', { alpha: false });
    // A canvas is black at first, which is no number.
    paint(context, 0, true);
    const audio = new AudioContext({ sampleRate: 48_000, latencyHint: 'interactive' });
    await audio.resume();
    const sound = audio.createMediaStreamDestination();
    const begin = audio.currentTime + 0.2;
    let beeps = 0;
    let newest = -1;
    setInterval(() => {
      const seconds = audio.currentTime - begin;
      // Beeps are ordered a second ahead: the sound's own thread keeps their time.
      for (; beeps < seconds + 1; beeps += 1) {
        const beep = new OscillatorNode(audio, { frequency: 1_000 });
        beep.connect(sound);
        beep.start(begin + beeps);
        beep.stop(begin + beeps + 0.05);
      }
      if (${shows === 'clock'}) {
        paint(context, Math.round(clockMillis()) % ${clockWrapMillis}, false);
        return;
      }
      const number = Math.floor(seconds * 30);
      if (number === newest || number < 0) return;
      newest = number;
      paint(context, number, number % 30 === 0);
    }, ${shows === 'clock' ? 33 : 4});
    const stream = canvas.captureStream(30);
    const tracks = ${isSilent} ? [] : sound.stream.getTracks();
    window.camera = new MediaStream([...stream.getTracks(), ...tracks]);
  })()`);
}

/** From now on each picture of the page's video is read as it is shown: see `shownNumbers`. */
export async function readNumbers(page: TestPage): Promise<void> {
  await page.evaluate(`(() => {
    ${paintingScript}
    const video = document.querySelector('video');
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 32 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    window.shown = [];
    const look = () => {
      const atMillis = clockMillis();
      context.drawImage(video, 0, 0, 64, 32);
      window.shown.push({ number: read(context.getImageData(0, 0, 64, 32).data), atMillis });
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  })()`);
}

/** What was read since the last call. */
export async function shownNumbers(page: TestPage): Promise<ShownNumber[]> {
  return await page.evaluate<ShownNumber[]>('window.shown.splice(0)');
}

/** How old the pictures were when they were shown, by the clock in them; those that could not be read are left out. */
export function agesMillis(shown: readonly ShownNumber[]): number[] {
  return shown.flatMap(({ number, atMillis }) => {
    if (number === null) return [];
    const age = (atMillis - number) % clockWrapMillis;
    return [age > clockWrapMillis / 2 ? age - clockWrapMillis : age];
  });
}
