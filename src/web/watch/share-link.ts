import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { pageToken } from '../elements/page-token.ts';
import { readPlaybackToken, type VideoAnswer } from '../elements/video-api.ts';
import { day } from '../elements/words.ts';
import '../elements/copy-link.ts';

const linkLifeSeconds = 7 * 86_400;

/** The button that copies the link to a video. That of a private video lets whoever gets it in for a week. */
export class ShareLink extends LightElement {
  static override properties = { video: {} };
  declare video: VideoAnswer | undefined;
  #made: { readonly id: string; readonly token: string; readonly expiresAt: Date } | undefined;
  #asked: string | undefined;

  constructor() {
    super();
    this.video = undefined;
  }

  override render() {
    const { video } = this;
    if (video === undefined) return nothing;
    const isPrivate = video.visibility === 'private';
    if (isPrivate) this.#make(video.id);
    const until = isPrivate && this.#made !== undefined ? day(this.#made.expiresAt) : null;
    return html`<lr-copy-link
        .href=${this.#href(video)}
        .label=${isPrivate ? 'Copy private link' : 'Copy link'}
      ></lr-copy-link>
      ${
        until === null
          ? nothing
          : html`<span class="note" data-testid="link-until">Whoever has the link can watch until ${until}.</span>`
      }`;
  }

  #href({ id, visibility, playbackUrl }: VideoAnswer): string {
    const url = new URL(location.href);
    url.search = '';
    if (visibility !== 'private') return url.href;
    const token = pageToken() ?? this.#made?.token ?? new URL(playbackUrl).searchParams.get('token');
    if (token !== null && (this.#made === undefined || this.#made.id === id))
      url.searchParams.set('token', token);
    return url.href;
  }

  /** Made ahead: a browser lets a page copy only at once after the click. Only the owner's request is granted. */
  #make(id: string): void {
    if (this.#asked === id || pageToken() !== null) return;
    this.#asked = id;
    readPlaybackToken(id, linkLifeSeconds).then(
      ({ token, expiresAt }) => {
        this.#made = { id, token, expiresAt: new Date(expiresAt) };
        this.requestUpdate();
      },
      () => undefined,
    );
  }
}

customElements.define('lr-share-link', ShareLink);
