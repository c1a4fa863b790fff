import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { PublishError } from '../../client/publish-error.ts';
import { LightElement } from '../elements/light-element.ts';
import { ownVideoToken } from '../elements/own-videos.ts';
import { changeVideo } from '../elements/video-api.ts';
import { languageChoices, languageName } from './spoken-languages.ts';

const noteMillis = 8_000;

/** The language that is spoken in a video, and its correction. */
export class LanguageChoice extends LightElement {
  static override properties = { videoId: {}, language: {} };
  declare videoId: string;
  /** BCP-47; undefined while nobody knows. */
  declare language: string | undefined;
  #isSaving = false;
  #note = '';

  override render() {
    return html`<label
        ><span class="only-spoken">Spoken language</span>
        <select data-testid="language" ?disabled=${this.#isSaving} @change=${this.#onChange}>
          <option value="auto" .selected=${live(this.language === undefined)}>
            ${this.language === undefined ? 'Language not known yet' : 'Find out the language'}
          </option>
          ${languageChoices(this.language).map(
            ({ tag, name }) =>
              html`<option value=${tag} .selected=${live(tag === this.language)}>${name}</option>`,
          )}
        </select>
      </label>
      <p class="note" role="status" data-testid="language-note">${this.#note === '' ? nothing : this.#note}</p>`;
  }

  readonly #onChange = async (event: Event): Promise<void> => {
    const chosen = (event.target as HTMLSelectElement).value;
    this.#isSaving = true;
    this.#tell('');
    try {
      await changeVideo(this.videoId, { language: chosen }, ownVideoToken(this.videoId));
      if (chosen !== 'auto') this.language = chosen;
      this.#tell(
        chosen === 'auto' ? 'The language is found out anew' : `Corrected: ${languageName(chosen)} is spoken`,
      );
    } catch (error) {
      this.#tell(`Not changed. ${refusal(error)}`);
    }
    this.#isSaving = false;
    this.requestUpdate();
    const note = this.#note;
    setTimeout(() => {
      if (this.#note === note) this.#tell('');
    }, noteMillis);
  };

  #tell(note: string): void {
    this.#note = note;
    this.requestUpdate();
  }
}

function refusal(error: unknown): string {
  if (!(error instanceof PublishError)) return 'The page failed: reload it.';
  if (error.code === 'unauthorized' || error.code === 'bad-token')
    return 'Only whoever recorded this video can correct its language.';
  return error.code === 'server-unreachable' ? 'The server does not answer: try again.' : error.message;
}

customElements.define('lr-language-choice', LanguageChoice);
