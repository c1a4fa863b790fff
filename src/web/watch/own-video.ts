import { html, nothing } from 'lit';
import type { Visibility } from '../../api/session.ts';
import { fieldsOf } from '../account/account-form.ts';
import { icon } from '../elements/icon.ts';
import { changeVideo, deleteVideo, type VideoAnswer } from '../elements/video-api.ts';
import { OwnersControl } from './owners-control.ts';

const audiences = {
  public: 'Everyone; it is listed',
  unlisted: 'Whoever has the link',
  private: 'Only you, or by a private link',
} as const satisfies Record<Visibility, string>;

/** What its owner does with a video: names and describes it, says who may watch, deletes it. A button and its dialog. */
export class OwnVideo extends OwnersControl {
  #isAskedTwice = false;

  override render() {
    const { video } = this;
    if (video === undefined || this.hold === undefined) return nothing;
    return html`<button
        class="button round"
        data-testid="own-video"
        aria-label="Change or delete this video"
        title="Change or delete"
        @click=${this.#open}
      >
        ${icon('pencil')}
      </button>
      <dialog class="own-video" aria-labelledby="own-video-title">
        <header>
          <h2 id="own-video-title">${this.#isAskedTwice ? 'Delete this video' : 'Your video'}</h2>
          <button class="button round" aria-label="Close" @click=${this.#close}>${icon('close')}</button>
        </header>
        ${this.#isAskedTwice ? this.#end() : this.#fields(video)} ${this.outcome()}
      </dialog>`;
  }

  #fields({ title, description, visibility }: VideoAnswer) {
    const choice = ([value, words]: [string, string]) =>
      html`<option value=${value} ?selected=${value === visibility}>${words}</option>`;
    return html`<form @submit=${this.#save}>
      <label class="field"
        >Title
        <input name="title" required maxlength="200" autocomplete="off" .value=${title} />
      </label>
      <label class="field"
        >Description
        <textarea name="description" rows="4" maxlength="5000" .value=${description}></textarea>
      </label>
      <label class="field"
        >Who can watch
        <select name="visibility">
          ${Object.entries(audiences).map(choice)}
        </select>
      </label>
      <div class="row">
        <button class="button primary" data-testid="save-video" ?disabled=${this.isSending}>Save</button>
        <button class="button" type="button" data-testid="delete-video" @click=${this.#askTwice}>Delete</button>
      </div>
    </form>`;
  }

  #end() {
    return html`<p>Its files, captions and links are gone for good. It cannot be taken back.</p>
      <div class="row">
        <button
          class="button primary"
          data-testid="delete-video-for-good"
          ?disabled=${this.isSending}
          @click=${this.#delete}
        >
          ${this.isSending ? 'Deleting' : 'Delete for good'}
        </button>
        <button class="button" data-testid="keep-video" @click=${this.#close}>Keep it</button>
      </div>`;
  }

  readonly #open = (): void => {
    this.#isAskedTwice = false;
    this.requestUpdate();
    this.querySelector('dialog')?.showModal();
  };

  readonly #close = (): void => this.querySelector('dialog')?.close();

  readonly #askTwice = async (): Promise<void> => {
    this.#isAskedTwice = true;
    this.requestUpdate();
    await this.updateComplete;
    // The button that had the focus is gone; the next Enter must not delete.
    this.querySelector<HTMLElement>('[data-testid=keep-video]')?.focus();
  };

  readonly #save = async (event: Event): Promise<void> => {
    const { title = '', description = '', visibility = 'public' } = fieldsOf(event);
    const { video } = this;
    if (video === undefined) return;
    const said = { title: title.trim(), description: description.trim() };
    const changes = { ...said, visibility: visibility as Visibility };
    if (!(await this.sendForm(() => changeVideo(video.id, changes, this.hold?.ingestToken), 'Saved.')))
      return;
    this.changed();
  };

  readonly #delete = async (): Promise<void> => {
    const { video } = this;
    if (video === undefined) return;
    if (await this.sendForm(() => deleteVideo(video.id, this.hold?.ingestToken), ''))
      location.assign('/videos');
  };
}

customElements.define('lr-own-video', OwnVideo);
