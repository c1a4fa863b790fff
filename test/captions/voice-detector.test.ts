import t from 'tap';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import { detectorFrameSamples, type Heard } from '../../src/captions/speech-detector.ts';
import { VoiceDetector } from '../../src/captions/voice-detector.ts';
import {
  chords,
  clicks,
  drums,
  hum,
  joined,
  melody,
  mixed,
  noise,
  rootMeanSquare,
  scaled,
  silence,
} from '../support/sounds.ts';
import { speechClip } from '../support/speech.ts';

const frameSeconds = detectorFrameSamples / speechSampleRate;

t.test('silence, noise, hum, clicks and music are no speech', async t => {
  const band = mixed(chords(20, 0.15), drums(20, 0.3), melody(20, 0.15));
  const sounds = {
    silence: silence(10),
    'soft white noise': noise('white', 10, 0.01),
    'loud white noise': noise('white', 10, 0.2),
    'pink noise': noise('pink', 10, 0.1),
    'brown noise': noise('brown', 10, 0.1),
    hum: hum(10),
    'a mouse': clicks(10, 3),
    'a keyboard': mixed(clicks(10, 8), noise('white', 10, 0.003)),
    chords: chords(20),
    'a tune': melody(20),
    drums: drums(20),
    'a band': band,
    'noise that comes and goes': joined(
      silence(2),
      noise('pink', 2, 0.1),
      silence(2),
      noise('white', 2, 0.1),
    ),
    'the clip of noise': (await speechClip('noise-10s')).pcm,
  };
  for (const [name, pcm] of Object.entries(sounds)) t.equal(secondsOf(pcm, 'speech'), 0, name);
});

t.test('every word of the clips lies in or next to speech', async t => {
  for (const name of ['sentence-4s', 'sentence-5s-noisy', 'speech-10s', 'pauses-30s'] as const) {
    const { pcm, words } = await speechClip(name);
    const heard = hear(pcm);
    const lost = words.filter(({ start, end }) => !isNear(heard, start - 0.3, end + 0.3));
    t.same(lost, [], name);
  }
});

t.test('speech is heard through noise that is a tenth of its power', async t => {
  const { pcm, words } = await speechClip('pauses-30s');
  const level = rootMeanSquare(pcm, 32_768) * 10 ** (-10 / 20);
  for (const colour of ['white', 'pink'] as const) {
    const noisy = mixed(pcm, noise(colour, pcm.length / speechSampleRate, level));
    const heard = hear(noisy);
    const lost = words.filter(({ start, end }) => !isNear(heard, start - 0.5, end + 0.5));
    t.ok(lost.length <= 0.05 * words.length, `${colour}: ${lost.length} of ${words.length} words lost`);
  }
});

t.test('it hears soft speech as well as loud speech', async t => {
  const { pcm } = await speechClip('speech-10s');
  const loud = secondsOf(pcm, 'speech');
  const soft = secondsOf(scaled(pcm, 0.1), 'speech');
  t.ok(soft > 0.8 * loud, `${soft.toFixed(1)} s of ${loud.toFixed(1)} s`);
});

t.test('it costs little, and nothing of it takes long', async t => {
  const { pcm } = await speechClip('long-75s');
  hear(pcm);
  const began = process.cpuUsage();
  hear(pcm);
  const { user } = process.cpuUsage(began);
  const share = user / 1e6 / (pcm.length / speechSampleRate);
  t.comment(`${(100 * share).toFixed(2)} % of a core`);
  t.ok(share < 0.02, 'also on a machine that is busy');
});

function hear(pcm: Int16Array): Heard[] {
  const detector = new VoiceDetector();
  const heard: Heard[] = [];
  for (let at = 0; at + detectorFrameSamples <= pcm.length; at += detectorFrameSamples) {
    heard.push(detector.hear(pcm.subarray(at, at + detectorFrameSamples)));
  }
  return heard;
}

function secondsOf(pcm: Int16Array, wanted: Heard): number {
  return hear(pcm).filter(each => each === wanted).length * frameSeconds;
}

function isNear(heard: readonly Heard[], from: number, to: number): boolean {
  return heard.slice(Math.max(0, Math.floor(from / frameSeconds)), to / frameSeconds).includes('speech');
}
