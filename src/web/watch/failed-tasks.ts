import { html, nothing } from 'lit';
import type { VideoTaskAnswer } from '../../api/task.ts';
import { readTasks, retryTask, type VideoAnswer } from '../elements/video-api.ts';
import { sentence } from '../elements/words.ts';
import { OwnersControl } from './owners-control.ts';

const lookAgainMillis = 2_500;
/** What is made of a video, by its task, as people call it. */
const madeThings: Readonly<Record<string, string>> = {
  thumbnail: 'The still picture',
  preview: 'The moving preview',
  storyboard: 'The pictures for looking through it',
  loudness: 'The measurement of its loudness',
  ladder: 'The smaller pictures for slow connections',
  transcript: 'The transcript',
};

/** What of a video could not be made in the background, and why; each can be tried again. */
export class FailedTasks extends OwnersControl {
  #tasks: readonly VideoTaskAnswer[] = [];
  /** Those that were tried again here: they are told until they are over. */
  readonly #again = new Set<string>();
  #readFor: VideoAnswer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override render() {
    const told = this.#tasks.filter(task => task.task in madeThings && this.#isTold(task));
    if (told.length === 0) return nothing;
    return html`<ul class="failed-tasks" data-testid="failed-tasks">
        ${told.map(task => this.#line(task))}
      </ul>
      ${this.outcome()}`;
  }

  override updated(): void {
    const { video, hold } = this;
    if (video?.state !== 'ready' || hold === undefined || video === this.#readFor) return;
    this.#readFor = video;
    void this.#read();
  }

  #isTold({ task, state }: VideoTaskAnswer): boolean {
    return state === 'failed' || (state !== 'done' && this.#again.has(task));
  }

  #line({ task, state, percent, error }: VideoTaskAnswer) {
    const thing = madeThings[task];
    if (state !== 'failed') {
      const made = state === 'running' ? `is being made: ${percent} %` : 'is made again soon';
      return html`<li role="status">${thing} ${made}</li>`;
    }
    return html`<li>
      <p>${thing} could not be made. <span>${sentence(error ?? 'The server gave no reason')}</span></p>
      <button
        class="button"
        aria-label=${`Try again: ${thing?.toLowerCase()}`}
        ?disabled=${this.isSending}
        @click=${() => this.#retry(task)}
      >
        Try again
      </button>
    </li>`;
  }

  async #read(): Promise<void> {
    const { video } = this;
    if (video === undefined) return;
    clearTimeout(this.#timer);
    // What is not known is not told; the next look may know.
    const tasks = await readTasks(video.id, this.hold?.ingestToken).catch(() => this.#tasks);
    if (!this.isConnected) return;
    this.#tasks = tasks;
    for (const { task, state } of tasks) if (state === 'done') this.#again.delete(task);
    const isOpen = tasks.some(({ task, state }) => this.#again.has(task) && state !== 'failed');
    if (isOpen) this.#timer = setTimeout(() => void this.#read(), lookAgainMillis);
    this.requestUpdate();
  }

  async #retry(task: string): Promise<void> {
    const { video } = this;
    if (video === undefined) return;
    if (!(await this.sendForm(() => retryTask(video.id, task, this.hold?.ingestToken), ''))) return;
    this.#again.add(task);
    await this.#read();
  }
}

customElements.define('lr-failed-tasks', FailedTasks);
