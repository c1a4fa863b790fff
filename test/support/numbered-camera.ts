import type { TestPage } from './chromium.ts';

/** What a viewer's picture showed, and when, by the clock of `clockMillis`; number null: it could not be read. */
export type ShownNumber = { readonly number: number | null; readonly atMillis: number };

/** Numbers that clocks in pictures show wrap here: 17 minutes. */
export const clockWrapMillis = 2 ** 20;

// The same cells as `frameCells` of numbered-frames.ts. Text, as all that runs in a page: see webrtc-page.ts.
const cellsScript = `
  function checkBits(number) {
    let check = 0b1001;
    for (let bit = 0; bit < 20; bit += 4) check ^= ((number >> bit) & 15) * ((bit / 4) % 2 ? 7 : 1);
    return check & 15;
  }
  function whiteCells(number, flash) {
    const bits = number * 16 + checkBits(number);
    return Array.from({ length: 32 }, (_, cell) => (cell < 24 ? (bits >>> (23 - cell)) & 1 : flash));
  }`;

const clockScript = `
  const clockMillis = () => performance.timeOrigin + performance.now();`;

const readingScript = `
  ${cellsScript}
  ${clockScript}
  function read(pixels) {
    let bits = 0;
    for (let bit = 0; bit < 24; bit += 1) {
      const grey = pixels[(Math.floor(bit / 8) * 8 + 4) * 64 * 4 + ((bit % 8) * 8 + 4) * 4];
      if (grey > 88 && grey < 168) return null;
      bits = bits * 2 + (grey >= 128 ? 1 : 0);
    }
    const number = Math.floor(bits / 16);
    return checkBits(number) === bits % 16 ? number : null;
  }`;

// Sound and pictures are written by one loop of a thread of its own, each with its time: what delays a page's canvas
// and its sound, each by another amount, delays neither against the other.
const workerScript = `
  ${cellsScript}
  const width = 640, height = 360, rate = 30, hertz = 48_000, chunkSamples = 480, beepSamples = hertz / 20;
  function picture(number) {
    const bytes = new Uint8Array(width * height * 3 / 2).fill(128, width * height);
    whiteCells(number, number % rate === 0).forEach((isWhite, cell) => {
      const left = (cell % 8) * width / 8, top = Math.floor(cell / 8) * height / 4;
      for (let y = top; y < top + height / 4; y += 1) {
        bytes.fill(isWhite ? 235 : 16, y * width + left, y * width + left + width / 8);
      }
    });
    const timestamp = Math.round(number * 1e6 / rate);
    return new VideoFrame(bytes, { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
  }
  function sound(chunk) {
    const data = new Float32Array(chunkSamples);
    for (let index = 0; index < chunkSamples; index += 1) {
      const sample = (chunk * chunkSamples + index) % hertz;
      if (sample < beepSamples) data[index] = Math.sin(2 * Math.PI * 1_000 * sample / hertz);
    }
    const timestamp = Math.round(chunk * chunkSamples * 1e6 / hertz);
    return new AudioData({ format: 'f32-planar', sampleRate: hertz, numberOfFrames: chunkSamples, numberOfChannels: 1,
      timestamp, data });
  }
  onmessage = ({ data: { video, audio } }) => {
    const pictures = video.getWriter(), sounds = audio.getWriter();
    const begin = performance.now();
    let number = 0, chunk = 0;
    setInterval(() => {
      const millis = performance.now() - begin;
      for (;;) {
        // Sound is there once its last sample is.
        const pictureMillis = number * 1_000 / rate, soundMillis = (chunk + 1) * chunkSamples * 1_000 / hertz;
        if (Math.min(pictureMillis, soundMillis) > millis) return;
        if (pictureMillis <= soundMillis) pictures.write(picture(number++));
        else sounds.write(sound(chunk++));
      }
    }, 2);
  };`;

/** Gives a page a camera whose pictures show their numbers, 30 a second, with a flash and a beep at every second: `window.camera`. */
export async function useNumberedCamera(page: TestPage): Promise<void> {
  await page.evaluate(`(() => {
    const video = new MediaStreamTrackGenerator({ kind: 'video' });
    const audio = new MediaStreamTrackGenerator({ kind: 'audio' });
    const source = new Blob([${JSON.stringify(workerScript)}], { type: 'text/javascript' });
    const worker = new Worker(URL.createObjectURL(source));
    worker.postMessage({ video: video.writable, audio: audio.writable }, [video.writable, audio.writable]);
    window.camera = new MediaStream([video, audio]);
  })()`);
}

/** Gives a page a camera whose pictures show the clock in milliseconds, to measure how old they are when they are seen; with a beep at every second. */
export async function useClockCamera(
  page: TestPage,
  { isSilent }: { readonly isSilent: boolean },
): Promise<void> {
  await page.evaluate(`(async () => {
    ${cellsScript}
    ${clockScript}
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const context = canvas.getContext('2d', { alpha: false });
    const { width, height } = canvas;
    const paint = (number, flash) => whiteCells(number, flash).forEach((isWhite, cell) => {
      context.fillStyle = isWhite ? '#fff' : '#000';
      context.fillRect((cell % 8) * width / 8, Math.floor(cell / 8) * height / 4, width / 8, height / 4);
    });
    // A canvas is black at first, which is no number.
    paint(0, true);
    const audio = new AudioContext({ sampleRate: 48_000, latencyHint: 'interactive' });
    await audio.resume();
    const sound = audio.createMediaStreamDestination();
    const begin = audio.currentTime + 0.2;
    let beeps = 0;
    setInterval(() => {
      // Beeps are ordered a second ahead: the sound's own thread keeps their time.
      for (; beeps < audio.currentTime - begin + 1; beeps += 1) {
        const beep = new OscillatorNode(audio, { frequency: 1_000 });
        beep.connect(sound);
        beep.start(begin + beeps);
        beep.stop(begin + beeps + 0.05);
      }
      paint(Math.round(clockMillis()) % ${clockWrapMillis}, false);
    }, 33);
    const tracks = ${isSilent} ? [] : sound.stream.getTracks();
    window.camera = new MediaStream([...canvas.captureStream(30).getTracks(), ...tracks]);
  })()`);
}

/** From now on each picture of the page's video is read as it is shown: see `shownNumbers`. */
export async function readNumbers(page: TestPage): Promise<void> {
  await page.evaluate(`(() => {
    ${readingScript}
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
