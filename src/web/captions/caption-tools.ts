import './caption-tools.css';
import { html, type TemplateResult } from 'lit';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { captionChoices } from './caption-look.ts';
import type { CaptionStyle } from './caption-style.ts';

type Choice = keyof typeof captionChoices;

const legends: Record<Choice, string> = { size: 'Size', position: 'Position', background: 'Background' };

/** The two buttons of captions in the player's controls: on and off, and how they look. Event `menu` when that opens or closes. */
export class CaptionTools extends LightElement {
  static override properties = { captionStyle: {} };
  declare captionStyle: CaptionStyle;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('pointerdown', this.#onOutside);
    this.captionStyle.addEventListener('change', this.#redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('pointerdown', this.#onOutside);
    this.captionStyle.removeEventListener('change', this.#redraw);
  }

  get isMenuOpen(): boolean {
    return this.#dialog?.open === true;
  }

  override render() {
    const { isOn } = this.captionStyle.look;
    return html`<button
        class="tool captions"
        data-testid="captions-toggle"
        aria-label="Captions"
        aria-pressed=${isOn}
        title=${isOn ? 'Captions off (C)' : 'Captions on (C)'}
        @click=${this.toggle}
      >
        ${icon(isOn ? 'captions' : 'captions-off')}
      </button>
      <button
        class="tool caption-look"
        data-testid="captions-look"
        aria-label="How captions look"
        title="How captions look"
        aria-haspopup="dialog"
        @click=${this.#toggleMenu}
      >
        ${icon('letters')}
      </button>
      <dialog class="caption-menu" aria-label="How captions look" @keydown=${this.#onKey}>
        ${(Object.keys(captionChoices) as Choice[]).map(choice => this.#choices(choice))}
      </dialog>`;
  }

  /** Turns captions on or off. */
  readonly toggle = (): void => {
    this.captionStyle.set({ isOn: !this.captionStyle.look.isOn });
  };

  #choices(choice: Choice): TemplateResult {
    const now: string = this.captionStyle.look[choice];
    return html`<fieldset>
      <legend>${legends[choice]}</legend>
      <div class="segments">
        ${Object.entries(captionChoices[choice]).map(
          ([value, word]) => html`<label
            ><input
              type="radio"
              name=${`caption-${choice}`}
              value=${value}
              .checked=${value === now}
              @change=${() => this.#choose({ [choice]: value })}
            /><span>${word}</span></label
          >`,
        )}
      </div>
    </fieldset>`;
  }

  // Whoever changes the look wants to see it.
  #choose(change: object): void {
    this.captionStyle.set({ ...change, isOn: true });
  }

  readonly #redraw = (): void => this.requestUpdate();

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }

  readonly #toggleMenu = (): void => {
    if (this.isMenuOpen) this.#close();
    else {
      this.#dialog?.show();
      this.#told();
    }
  };

  #close(): void {
    if (!this.isMenuOpen) return;
    const hadFocus = this.#dialog?.contains(document.activeElement) === true;
    this.#dialog?.close();
    if (hadFocus) this.querySelector<HTMLElement>('.caption-look')?.focus();
    this.#told();
  }

  #told(): void {
    this.dispatchEvent(new Event('menu'));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    this.#close();
  };

  readonly #onOutside = (event: Event): void => {
    if (!this.contains(event.target as Node)) this.#close();
  };
}

customElements.define('lr-caption-tools', CaptionTools);
