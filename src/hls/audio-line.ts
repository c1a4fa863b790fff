import {
  type AudioChannels,
  audioFrameTicks,
  audioTimescale,
  type MediaSample,
  silentAudioFrame,
} from '../media/media-sample.ts';

// A frame that overlaps by less than half is moved behind the one before it: 11 ms at the most.
const toleratedOverlapTicks = audioFrameTicks / 2;
// What a stopped recorder's first frame may be ahead: further gaps are a clock that jumped, not silence.
const longestFillTicks = 60 * audioTimescale;

/**
 * The sound of a rendition as one unbroken line on the media timeline: what comes late or twice is left out,
 * where nothing came there is silence. A player shows nothing where one of two tracks is missing.
 */
export class AudioLine {
  #waiting: MediaSample[] = [];
  #endTicks: number;
  /** Of the header that is in force: silence has to fit it. */
  channels: AudioChannels = 2;

  /** `endTicks`: where the line goes on, in 1/48000 s. */
  constructor(endTicks: number) {
    this.#endTicks = endTicks;
  }

  /** Up to here the line is known, taken or not. */
  get endTicks(): number {
    return this.#endTicks;
  }

  /** Up to here the line is taken. */
  get takenTicks(): number {
    return this.#waiting[0]?.decodeTime ?? this.#endTicks;
  }

  get endSeconds(): number {
    return this.#endTicks / audioTimescale;
  }

  /** Adds a frame that is placed on the media timeline; a gap before it becomes silence. */
  push(frame: MediaSample): void {
    if (frame.decodeTime < this.#endTicks - toleratedOverlapTicks) return;
    if (frame.decodeTime - this.#endTicks <= longestFillTicks) this.fillUntil(frame.decodeTime, false);
    // What is left of a gap is half a frame at most: the frame moves that much, and the line has no hole.
    const isNear = frame.decodeTime - this.#endTicks < audioFrameTicks;
    const decodeTime = isNear ? this.#endTicks : frame.decodeTime;
    this.#waiting.push({ ...frame, decodeTime, duration: audioFrameTicks });
    this.#endTicks = decodeTime + audioFrameTicks;
  }

  /** Adds frames of silence until the line reaches `ticks`, or as near to it as whole frames come. */
  fillUntil(ticks: number, isReached = true): void {
    while (this.#endTicks + (isReached ? 1 : audioFrameTicks / 2 + 1) <= ticks) {
      this.#waiting.push({
        decodeTime: this.#endTicks,
        compositionOffset: 0,
        duration: audioFrameTicks,
        isSync: true,
        data: silentAudioFrame(this.channels),
      });
      this.#endTicks += audioFrameTicks;
    }
  }

  /** Takes the frames that begin before `ticks`. */
  takeUntil(ticks: number): MediaSample[] {
    const found = this.#waiting.findIndex(frame => frame.decodeTime >= ticks);
    return this.#waiting.splice(0, found === -1 ? this.#waiting.length : found);
  }
}
