import type { AudioChannels } from '../media/media-sample.ts';
import type { PartCut } from './part-cutter.ts';
import type { VideoFormat } from './video-format.ts';

/** What is to be published next: a part, the end of a segment, or a new header. */
export type Step =
  | { readonly kind: 'part'; readonly cut: PartCut }
  | { readonly kind: 'close' }
  | { readonly kind: 'header'; readonly format: VideoFormat | null; readonly audioChannels: AudioChannels };

// Pictures that wait for their sound, before no more are wanted.
const mostWaitingBytes = 4_194_304;

/** What is cut and waits to be published, in order. */
export class PendingSteps {
  #steps: Step[] = [];
  #bytes = 0;
  #onRoom: () => void = () => undefined;

  get first(): Step | undefined {
    return this.#steps[0];
  }

  add(...steps: readonly Step[]): void {
    for (const step of steps) this.#bytes += bytesOf(step);
    this.#steps.push(...steps);
  }

  addCuts(cuts: readonly PartCut[]): void {
    for (const cut of cuts) this.add(stepOf(cut));
  }

  take(): Step | undefined {
    const step = this.#steps.shift();
    if (step !== undefined) this.#bytes -= bytesOf(step);
    this.#onRoom();
    return step;
  }

  clear(): void {
    this.#steps = [];
    this.#bytes = 0;
    this.#onRoom();
  }

  /** Resolves when little enough waits that more may come. */
  async room(): Promise<void> {
    while (this.#bytes > mostWaitingBytes)
      await new Promise<void>(resolve => {
        this.#onRoom = resolve;
      });
  }
}

/** A stream that goes on with a keyframe right where its segment is to end has no part left to end it with. */
function stepOf(cut: PartCut): Step {
  return cut.samples.length === 0 && cut.endSeconds - cut.startSeconds < 1e-6
    ? { kind: 'close' }
    : { kind: 'part', cut };
}

function bytesOf(step: Step): number {
  return step.kind === 'part' ? step.cut.samples.reduce((sum, { data }) => sum + data.length, 0) : 0;
}
