import type { Caption } from '../../src/api/caption.ts';
import type { CaptioningState, CaptionSink } from '../../src/captions/caption-sink.ts';

/** Remembers what a session's sink was told, and whether that kept the rules of `CaptionSink`. */
export class CaptionRecord implements CaptionSink {
  readonly captions = new Map<number, Caption>();
  readonly states: { readonly state: CaptioningState; readonly lagSeconds: number }[] = [];
  readonly languages: string[] = [];
  /** Broken rules, in words. */
  readonly complaints: string[] = [];
  settledSeconds = 0;
  /** Called with each caption. */
  onCaption: (caption: Caption) => void = () => undefined;

  caption(caption: Caption): void {
    const before = this.captions.get(caption.index);
    if (before !== undefined && caption.revision <= before.revision)
      this.#complain(caption, 'is no newer revision');
    if (before?.final) this.#complain(caption, 'was final');
    if (caption.final && caption.words.length === 0) this.#complain(caption, 'is final and empty');
    if (caption.start < this.settledSeconds - 0.001 && before === undefined) {
      this.#complain(caption, `begins at ${caption.start}, before what is settled (${this.settledSeconds})`);
    }
    this.captions.set(caption.index, caption);
    this.onCaption(caption);
  }

  settled(mediaSeconds: number): void {
    if (mediaSeconds < this.settledSeconds) this.complaints.push(`settled falls to ${mediaSeconds}`);
    this.settledSeconds = mediaSeconds;
  }

  language(language: string): void {
    this.languages.push(language);
  }

  state(state: CaptioningState, lagSeconds: number): void {
    this.states.push({ state, lagSeconds });
  }

  get finals(): Caption[] {
    return [...this.captions.values()].filter(({ final }) => final).sort((a, b) => a.index - b.index);
  }

  get text(): string {
    return this.finals.map(({ text }) => text).join(' ');
  }

  #complain({ index, revision }: Caption, what: string): void {
    this.complaints.push(`caption ${index}, revision ${revision}: ${what}`);
  }
}
