import { withParameterSets } from '../media/avc.ts';
import { audioTrackId, type TrackRun, videoTrackId } from '../media/fmp4-writer.ts';
import {
  type AudioChannels,
  audioCodecString,
  audioTimescale,
  type MediaSample,
} from '../media/media-sample.ts';
import { SampleMemory } from '../media/sample-memory.ts';
import { AudioLine } from './audio-line.ts';
import { type CutterSettings, type PartCut, PartCutter } from './part-cutter.ts';
import type { PartWriter, TimelineEnd } from './part-writer.ts';
import { PendingSteps, type Step } from './pending-steps.ts';
import { durationOf } from './rendition.ts';
import { RunClock, type VideoPosition } from './run-clock.ts';
import { SoundPatience } from './sound-patience.ts';
import { formatChangeIn, formatOf, type VideoFormat } from './video-format.ts';

/** A stretch of one container stream: what ffmpeg makes of it comes with the stream's own times. */
export type PackagedRun = {
  readonly run: number;
  readonly hasVideo: boolean;
  readonly audioChannels: AudioChannels;
  /** When its first bytes arrived, milliseconds since 1970. */
  readonly startedAtMillis: number;
  /** How long its sound may stay behind its pictures before it counts as gone. */
  readonly audioPatienceSeconds: number;
};

// A player shows nothing where its sound is missing; this much its hold-back covers.
const toleratedAudioLagSeconds = 0.15;
// A segment's sound reaches as far as its picture: at the live edge hls.js takes a segment with a hole at its end
// for missing and loads it again and again.
const toleratedSegmentLagSeconds = 0;
// Sound that comes before the first picture is kept this long until the picture comes.
const longestWaitForVideoSeconds = 10;

/**
 * Makes parts and segments of coded pictures and sound. It waits for nothing but sound that is about to come;
 * after a crash it gets the stream again from a safe point and leaves out what is published already.
 * Samples are taken at once; publishing follows them in order, one disk write after another.
 */
export class Packager {
  readonly #writer: PartWriter;
  readonly #settings: CutterSettings;
  // Taking: where the next sample goes.
  #run: PackagedRun | null = null;
  #clock: RunClock;
  #streamFormat: VideoFormat | null = null;
  #format: VideoFormat | null = null;
  #cutter: PartCutter | null = null;
  #cutEndSeconds: number;
  #segmentStartSeconds: number;
  #isHeaderNeeded = true;
  #headerChannels: AudioChannels = 0;
  #needsParameterSets = false;
  #earlyAudio: MediaSample[] = [];
  readonly #audio: AudioLine;
  // Publishing: what is cut and waits.
  readonly #steps = new PendingSteps();
  #publishing: Promise<void> | null = null;
  #failure: unknown = null;
  #frames: number;
  #isDiscontinuity = false;
  #isClockNoted: boolean;
  readonly #patience = new SoundPatience(() => this.#work());
  #publishedSeconds: number;
  #publishedVideo: VideoPosition | null;
  #publishedHeader: { readonly format: VideoFormat | null; readonly audioChannels: AudioChannels } | null =
    null;
  #wall: { readonly mediaSeconds: number; readonly millis: number };

  /** `end`: where the rendition was left, from `PartWriter.open`. */
  constructor(writer: PartWriter, end: TimelineEnd, settings: CutterSettings) {
    this.#writer = writer;
    this.#settings = settings;
    this.#clock = new RunClock(end.offsetSeconds, end.lastVideo);
    this.#isClockNoted = end.offsetSeconds !== null;
    this.#audio = new AudioLine(end.lastPart?.audioEndTicks ?? 0);
    this.#publishedSeconds = end.lastPart?.endSeconds ?? 0;
    this.#publishedVideo = end.lastVideo;
    this.#cutEndSeconds = this.#publishedSeconds;
    this.#frames = end.lastPart?.frames ?? 0;
    if (end.init !== null) {
      const { video, audioChannels } = end.init;
      const format = video === null ? null : formatOf(video.parameterSets, video.timescale, 0, 0);
      this.#publishedHeader = { format, audioChannels };
    }
    this.#isDiscontinuity = end.lastPart !== null && end.lastPart.run !== end.run?.run;
    this.#segmentStartSeconds = this.#publishedSeconds;
    this.#wall = { mediaSeconds: end.run?.startSeconds ?? 0, millis: end.run?.startedAtMillis ?? 0 };
  }

  /** Where what is published ends, seconds on the media timeline. */
  get publishedSeconds(): number {
    return this.#publishedSeconds;
  }

  /** Pictures that are published. */
  get frames(): number {
    return this.#frames;
  }

  /** When the last picture so far was taken, milliseconds since 1970: no later run may begin before it. */
  get endMillis(): number {
    return this.#wall.millis + (this.#publishedSeconds - this.#wall.mediaSeconds) * 1_000;
  }

  /** Media time less the run's own clock; null before the run's first sample. */
  get runOffsetSeconds(): number | null {
    return this.#clock.offsetSeconds;
  }

  /** Up to here, on the run's own clock, sound and picture are published; null when the run has nothing yet. */
  get resumeSeconds(): number | null {
    const offset = this.#clock.offsetSeconds;
    if (offset === null) return null;
    const audioSeconds = this.#headerChannels > 0 ? this.#audio.endSeconds : Number.POSITIVE_INFINITY;
    return Math.min(this.#publishedSeconds, audioSeconds) - offset;
  }

  /** Where pictures are published up to, on the run's own clock; null when the run has nothing yet. */
  get publishedRunSeconds(): number | null {
    const offset = this.#clock.offsetSeconds;
    return offset === null ? null : this.#publishedSeconds - offset;
  }

  /** Seconds of the segment that is still open; 0 when none is. */
  get openSegmentSeconds(): number {
    const { open } = this.#writer.rendition;
    return open === null ? 0 : durationOf(open);
  }

  /** Begins a run that follows no other: its first picture comes directly after what is published. */
  beginRun(run: PackagedRun): void {
    this.#clock = new RunClock(null, null);
    this.#isClockNoted = false;
    this.#wall = { mediaSeconds: this.#cutEndSeconds, millis: run.startedAtMillis };
    this.#enterRun(run);
  }

  /** Goes on with the run that was under way: its samples are about to come again from a safe point. */
  resumeRun(run: PackagedRun): void {
    this.#clock = new RunClock(this.#clock.offsetSeconds, this.#publishedVideo);
    this.#clock.expectRepeats();
    this.#enterRun(run);
  }

  #enterRun(run: PackagedRun): void {
    this.#run = run;
    // What was taken and not published comes again: forget it.
    this.#steps.clear();
    this.#cutEndSeconds = this.#publishedSeconds;
    this.#segmentStartSeconds = this.#cutEndSeconds - this.openSegmentSeconds;
    this.#format = this.#publishedHeader?.format ?? null;
    this.#headerChannels = this.#publishedHeader?.audioChannels ?? 0;
    this.#isHeaderNeeded = this.#publishedHeader === null;
    if (this.#clock.offsetSeconds === null) this.#isDiscontinuity = this.#writer.rendition.isPlayable;
    this.#cutter = null;
    this.#streamFormat = null;
    this.#earlyAudio = [];
    this.#patience.begin();
  }

  /** The coding of the pictures that follow, from the stream's header. */
  videoFormat(format: VideoFormat): void {
    this.#streamFormat = format;
  }

  /** Sound until `seconds` on the run's own clock is being decoded: it will come, however late. */
  soundDecoding(seconds: number): void {
    this.#patience.decoding(seconds);
  }

  /** Takes a picture; its times are the stream's own. */
  video(sample: MediaSample): void {
    const run = this.#run;
    if (run === null || this.#streamFormat === null) return;
    this.#streamFormat = formatChangeIn(sample, this.#streamFormat) ?? this.#streamFormat;
    const format = this.#streamFormat;
    this.#clock.start(sample, format.timescale, this.#cutEndSeconds);
    const placed = this.#clock.placeVideo(sample, format.timescale);
    if (placed === null) return;
    this.#useHeader(format, run.audioChannels);
    for (const early of this.#earlyAudio.splice(0)) this.#addAudio(early);
    this.#cut(this.#withSets(placed, format), format.timescale);
  }

  /** Takes an AAC frame; its time is the stream's own, in 1/48000 s. */
  audio(sample: MediaSample): void {
    const run = this.#run;
    if (run === null || run.audioChannels === 0) return;
    if (!run.hasVideo) this.#clock.start(sample, audioTimescale, this.#cutEndSeconds);
    if (this.#clock.offsetSeconds === null) {
      this.#keepEarlyAudio(sample);
      return;
    }
    this.#patience.came();
    const before = this.#audio.endTicks;
    this.#addAudio(sample);
    if (run.hasVideo) this.#work();
    else if (this.#audio.endTicks > before) {
      this.#useHeader(null, run.audioChannels);
      this.#cut({ ...sample, decodeTime: before, duration: this.#audio.endTicks - before }, audioTimescale);
    }
  }

  /** The run is over: publishes what is left of it. @throws what made publishing fail. */
  async endRun(): Promise<void> {
    this.#flushCutter(
      this.#run !== null && this.#run.audioChannels > 0 && this.#clock.offsetSeconds !== null
        ? this.#audio.endSeconds
        : 0,
    );
    this.#steps.add({ kind: 'close' });
    this.#patience.lose();
    this.#work();
    await this.settled();
    this.#run = null;
  }

  /** Resolves when all that can be published is. @throws what made publishing fail. */
  async settled(): Promise<void> {
    while (this.#publishing !== null) await this.#publishing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Nothing is being published, and nothing has failed. */
  get isSettled(): boolean {
    return this.#publishing === null && this.#failure === null;
  }

  /** Resolves when more pictures are wanted: few of those that came wait for their sound. */
  room(): Promise<void> {
    return this.#steps.room();
  }

  /** Stops waiting for anything; what is under way is finished. Never throws. */
  async close(): Promise<void> {
    this.#run = null;
    this.#steps.clear();
    this.#patience.stop();
    await this.#publishing;
  }

  #cut(sample: MediaSample, timescale: number): void {
    const { partTargetSeconds } = this.#writer.rendition;
    this.#cutter ??= new PartCutter(
      this.#settings,
      timescale,
      { partSeconds: this.#cutEndSeconds, segmentSeconds: this.#segmentStartSeconds },
      partTargetSeconds,
      this.#headerChannels > 0,
    );
    this.#steps.addCuts(this.#cutter.push(sample));
    this.#work();
  }

  #flushCutter(endSeconds: number): void {
    if (this.#cutter === null) return;
    this.#steps.addCuts(this.#cutter.flush(endSeconds));
    this.#cutEndSeconds = this.#cutter.endSeconds;
    this.#segmentStartSeconds = this.#cutEndSeconds;
    this.#cutter = null;
  }

  /** Other parameter sets, another clock, sound that comes or goes: the segment ends, a new header begins. */
  #useHeader(format: VideoFormat | null, audioChannels: AudioChannels): void {
    const isSame =
      this.#headerChannels === audioChannels &&
      (format === null
        ? this.#format === null
        : this.#format?.timescale === format.timescale &&
          this.#format.sampleEntry.equals(format.sampleEntry));
    if (isSame && !this.#isHeaderNeeded) return;
    this.#flushCutter(0);
    this.#segmentStartSeconds = this.#cutEndSeconds;
    this.#steps.add({ kind: 'close' }, { kind: 'header', format, audioChannels });
    this.#format = format;
    this.#headerChannels = audioChannels;
    if (audioChannels > 0) this.#audio.channels = audioChannels;
    this.#isHeaderNeeded = false;
    this.#needsParameterSets = format !== null;
  }

  /** The first picture under a header carries its parameter sets, so that all segments in a row can be decoded as one stream. */
  #withSets(sample: MediaSample, format: VideoFormat): MediaSample {
    if (!this.#needsParameterSets || !sample.isSync) return sample;
    this.#needsParameterSets = false;
    return { ...sample, data: withParameterSets(sample.data, format.parameterSets) };
  }

  #addAudio(sample: MediaSample): void {
    const decodeTime = this.#clock.place(sample.decodeTime, audioTimescale);
    this.#audio.push({ ...sample, decodeTime, compositionOffset: 0 });
  }

  #keepEarlyAudio(sample: MediaSample): void {
    this.#earlyAudio.push(sample);
    const waitedTicks = sample.decodeTime - (this.#earlyAudio[0] as MediaSample).decodeTime;
    if (waitedTicks > longestWaitForVideoSeconds * audioTimescale) this.#earlyAudio.shift();
  }

  #work(): void {
    if (this.#publishing !== null || this.#failure !== null) return;
    if (!this.#isFirstReady()) return;
    this.#publishing = this.#publishReady()
      .catch(error => {
        this.#failure = error;
        this.#steps.clear();
      })
      .finally(() => {
        this.#publishing = null;
      });
  }

  async #publishReady(): Promise<void> {
    while (this.#isFirstReady()) {
      const step = this.#steps.take() as Step;
      if (step.kind === 'close') await this.#writer.closeOpenSegment();
      else if (step.kind === 'part') await this.#publish(step.cut);
      else {
        if (this.#writer.rendition.formats.length > 0) this.#isDiscontinuity = true;
        this.#publishedHeader = { format: step.format, audioChannels: step.audioChannels };
        await this.#writer.useInit(step.format, step.audioChannels, [
          step.format?.codec,
          step.audioChannels > 0 ? audioCodecString : undefined,
        ]);
      }
    }
  }

  /** Whether the first step can be taken; a part whose sound is missing waits a while for it. */
  #isFirstReady(): boolean {
    const step = this.#steps.first;
    if (step === undefined) return false;
    if (step.kind !== 'part' || this.#run === null || this.#run.audioChannels === 0 || !this.#run.hasVideo)
      return true;
    const { endSeconds, isLast } = step.cut;
    const toleratedSeconds = isLast ? toleratedSegmentLagSeconds : toleratedAudioLagSeconds;
    if (this.#patience.isLost || this.#audio.endSeconds >= endSeconds - toleratedSeconds) {
      this.#patience.stop();
      return true;
    }
    const endOnRunSeconds = endSeconds - (this.#clock.offsetSeconds ?? 0);
    this.#patience.wait(step, endOnRunSeconds, this.#run.audioPatienceSeconds);
    return false;
  }

  async #publish(cut: PartCut): Promise<void> {
    const { offsetSeconds } = this.#clock;
    if (!this.#isClockNoted && offsetSeconds !== null) {
      this.#isClockNoted = true;
      await this.#writer.note({ type: 'clock', run: this.#run?.run ?? 0, offsetSeconds });
    }
    const isVideo = this.#format !== null;
    const endTicks = Math.round(cut.endSeconds * audioTimescale);
    if (this.#patience.isLost && this.#headerChannels > 0) this.#audio.fillUntil(endTicks);
    const runs: TrackRun[] = [{ trackId: audioTrackId, samples: this.#audio.takeUntil(endTicks) }];
    if (isVideo) runs.unshift({ trackId: videoTrackId, samples: cut.samples });
    const last = isVideo ? cut.samples.at(-1) : undefined;
    if (isVideo) this.#frames += cut.samples.length;
    await this.#writer.publish({
      runs,
      durationSeconds: cut.endSeconds - cut.startSeconds,
      endSeconds: cut.endSeconds,
      isIndependent: !isVideo || cut.samples[0]?.isSync === true,
      isLast: cut.isLast,
      run: this.#run?.run ?? 0,
      video: last ? positionOf(last) : null,
      audioEndTicks: this.#audio.takenTicks,
      frames: this.#frames,
      isDiscontinuity: this.#isDiscontinuity,
      startedAtMillis: this.#wall.millis + (cut.startSeconds - this.#wall.mediaSeconds) * 1_000,
      partTargetSeconds: cut.partTargetSeconds,
    });
    for (const { data } of cut.samples) SampleMemory.letGo(data);
    this.#isDiscontinuity = false;
    this.#publishedSeconds = cut.endSeconds;
    if (last !== undefined) this.#publishedVideo = positionOf(last);
  }
}

function positionOf(sample: MediaSample): VideoPosition {
  return { decodeTime: sample.decodeTime, presentationTime: sample.decodeTime + sample.compositionOffset };
}
