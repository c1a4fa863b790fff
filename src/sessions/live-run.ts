import { audioChannelsOf } from '../ffmpeg/live-arguments.ts';
import type { LiveOutput } from '../ffmpeg/live-ffmpeg.ts';
import type { PackagedRun, Packager } from '../hls/packager.ts';
import { formatOf, formatOfHeader } from '../hls/video-format.ts';
import { pictureTimescale } from '../media/matroska-pictures.ts';
import type { PlacedSpeech } from './placed-speech.ts';
import type { StreamRun } from './run-splitter.ts';

/** A run as the packager takes it. `startedAtMillis`: when its first bytes arrived, since 1970. */
export function packagedRun(stream: StreamRun, run: number, startedAtMillis: number): PackagedRun {
  const { tracks, container } = stream;
  // An MP4 recorder sends seconds of picture, then the same seconds of sound.
  const audioPatienceSeconds = container === 'mp4' ? 8 : 1.5;
  return {
    run,
    hasVideo: tracks.video !== null,
    audioChannels: audioChannelsOf(tracks),
    startedAtMillis,
    audioPatienceSeconds,
  };
}

/**
 * Whether the run's pictures may go round ffmpeg, which would only copy them through two pipes; of a stream without
 * sound nothing would be left for it.
 */
export function mayPassVideo({ container, tracks }: StreamRun): boolean {
  return container === 'matroska' && tracks.audio !== null && tracks.video?.mayBeInOrder === true;
}

/** Where ffmpeg's samples go: pictures and sound to the packager, what is heard to `speech`. */
export function outputTo(packager: Packager, speech: PlacedSpeech | null): LiveOutput {
  return {
    video: {
      header: track => packager.videoFormat(formatOfHeader(track)),
      sample: sample => packager.video(sample),
    },
    audio: { header: () => undefined, sample: sample => packager.audio(sample) },
    speech: { header: () => undefined, sample: sample => speech?.push(sample) },
    settled: () => packager.settled(),
    get isSettled() {
      return packager.isSettled;
    },
    passingVideo: (sets, width, height) =>
      packager.videoFormat(formatOf(sets, pictureTimescale, width, height)),
    soundPassed: seconds => packager.soundDecoding(seconds),
    room: () => packager.room(),
  };
}
