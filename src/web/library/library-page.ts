import './library.css';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { AccessAnswer } from '../account/account-api.ts';
import { currentAccess } from '../account/current-login.ts';
import '../account/login-link.ts';
import { LightElement } from '../elements/light-element.ts';
import { VideoList } from './video-list.ts';
import { videoTile } from './video-tile.ts';

const skeletons = 12;

/** The page at `/videos`: one's own where somebody is known, else what is public; more comes as one scrolls. */
export class LibraryPage extends LightElement {
  #list: VideoList | undefined;
  #access: AccessAnswer | undefined;
  #mayOwn = false;
  readonly #observer = new IntersectionObserver(
    entries => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) void this.#list?.more();
    },
    { rootMargin: '800px' },
  );

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.classList.add('follows-system');
    document.title = 'Videos - livereel';
    void this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#list?.close();
  }

  override render() {
    return html`<header class="library-header">
        <a class="wordmark" href="/">livereel</a>
        <nav>
          ${this.#account()}
          <a class="button primary" href="/capture">Record a video</a>
        </nav>
      </header>
      <main class="library">
        <div class="heading">
          <h1>Videos</h1>
          ${this.#mayOwn ? this.#choice() : nothing}
        </div>
        ${this.#list === undefined ? waiting() : this.#videos(this.#list)}
      </main>`;
  }

  override updated(): void {
    // Told anew each time: a page that is shorter than the window has to go on by itself.
    this.#observer.disconnect();
    const end = this.querySelector('.more');
    if (end !== null) this.#observer.observe(end);
  }

  #account() {
    if (this.#access === undefined) return nothing;
    const { account } = this.#access;
    if (account === null) return html`<lr-login-link></lr-login-link>`;
    return html`<a class="button name" href="/account">${account.name}</a>`;
  }

  #choice() {
    const choice = (isOwn: boolean, words: string) =>
      html`<button
        class="button"
        aria-pressed=${this.#list?.isOwn === isOwn}
        @click=${() => this.#show(isOwn)}
      >
        ${words}
      </button>`;
    return html`<div class="choice" role="group" aria-label="Whose videos">
      ${choice(true, 'Yours')} ${choice(false, 'Public')}
    </div>`;
  }

  #videos(list: VideoList) {
    const { items, error } = list;
    if (list.isWaiting) return waiting();
    if (items.length === 0 && error === undefined) return empty(list.isOwn);
    const now = new Date();
    return html`<ul class="tiles">
        ${repeat(
          items,
          ({ id }) => id,
          video => videoTile(video, now, list.isOwn),
        )}
      </ul>
      ${error === undefined ? nothing : this.#failed(error.message)}
      ${list.hasMore && error === undefined ? html`<p class="more" role="status">More is coming</p>` : nothing}`;
  }

  #failed(reason: string) {
    return html`<div class="message" role="alert">
      <h2>The list stops here</h2>
      <p>${reason}</p>
      <div class="actions">
        <button class="button primary" @click=${() => this.#list?.more()}>Try again</button>
      </div>
    </div>`;
  }

  async #open(): Promise<void> {
    const access = await currentAccess();
    this.#access = access;
    this.#mayOwn = access !== undefined && (access.account !== null || access.access === 'open');
    if (this.isConnected) this.#show(this.#mayOwn);
  }

  #show(isOwn: boolean): void {
    this.#list?.close();
    const list = new VideoList(isOwn);
    list.addEventListener('change', () => {
      // Open for all, but not asked at the machine itself: nobody has videos of their own.
      if (isOwn && list.error?.facts.status === 401) {
        this.#mayOwn = false;
        this.#show(false);
      } else this.requestUpdate();
    });
    this.#list = list;
    this.requestUpdate();
  }
}

function waiting() {
  const tile = html`<li class="tile" aria-hidden="true"><span class="poster skeleton"></span></li>`;
  return html`<p class="only-spoken" role="status">The videos are being read</p>
    <ul class="tiles">
      ${Array.from({ length: skeletons }, () => tile)}
    </ul>`;
}

function empty(isOwn: boolean) {
  return html`<div class="message" data-testid="no-videos">
    <h2>${isOwn ? 'You have no videos yet' : 'There are no public videos yet'}</h2>
    <p>What you record or upload is listed here.</p>
    <div class="actions"><a class="button primary" href="/capture">Record a video</a></div>
  </div>`;
}

customElements.define('lr-library', LibraryPage);
