import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { listenForDrops } from './dropped-file.ts';

/** A file was dropped on the page. */
export class DroppedFile extends Event {
  readonly file: File;

  constructor(file: File) {
    super('file-dropped');
    this.file = file;
  }
}

/** The whole page as the place where a file can be let go; says so while one is held over it. Event `file-dropped`. */
export class FileDrop extends LightElement {
  static override properties = { isOpen: { attribute: false } };
  /** Whether a file would be taken now. */
  declare isOpen: boolean;
  #isFileOver = false;
  #stop: (() => void) | undefined;

  constructor() {
    super();
    this.isOpen = true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = listenForDrops({
      hovering: isOver => {
        this.#isFileOver = isOver;
        this.requestUpdate();
      },
      dropped: file => {
        if (this.isOpen) this.dispatchEvent(new DroppedFile(file));
      },
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  override render() {
    if (!this.#isFileOver || !this.isOpen) return nothing;
    return html`<div class="drop-here" role="status">Drop the video to upload it</div>`;
  }
}

customElements.define('lr-file-drop', FileDrop);
