import './library.css';
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { VideoSort } from '../../api/video.ts';
import type { AccessAnswer } from '../account/account-api.ts';
import { currentAccess } from '../account/current-login.ts';
import '../account/login-link.ts';
import { icon } from '../elements/icon.ts';
import { LightElement } from '../elements/light-element.ts';
import { choiceIn, queryOf, sortWords, type VideoChoice } from './video-choice.ts';
import { VideoList } from './video-list.ts';
import { videoTile } from './video-tile.ts';

const skeletons = 12;
/** So long nobody types before it is looked for. */
const typingMillis = 250;

/**
 * The page at `/videos`: one's own where somebody is known, else what is public; searched and put in order as its
 * address says; more comes as one scrolls.
 */
export class LibraryPage extends LightElement {
  /** What is read, and what is shown until the first of it is there. */
  #list: VideoList | undefined;
  #shown: VideoList | undefined;
  #choice = choiceIn(new URLSearchParams(location.search));
  #typing: ReturnType<typeof setTimeout> | undefined;
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
    clearTimeout(this.#typing);
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
          ${this.#mayOwn ? this.#whose() : nothing} ${this.#finding()}
        </div>
        ${this.#shown === undefined ? waiting() : this.#videos(this.#shown)}
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

  #whose() {
    const choice = (isOwn: boolean, words: string) =>
      html`<button
        class="button"
        aria-pressed=${this.#choice.isOwn === isOwn}
        @click=${() => this.#show({ ...this.#choice, isOwn })}
      >
        ${words}
      </button>`;
    return html`<div class="choice" role="group" aria-label="Whose videos">
      ${choice(true, 'Yours')} ${choice(false, 'Public')}
    </div>`;
  }

  /** Keeps the address, so that a reload, a bookmark and the way back show the same. */
  #finding() {
    const { sort, title } = this.#choice;
    const option = ([name, words]: [string, string]) =>
      html`<option value=${name} ?selected=${name === sort}>${words}</option>`;
    return html`<form class="finding" role="search" @submit=${this.#onSearch}>
      <label class="field search"
        ><span class="only-spoken">Search by title</span>${icon('search')}
        <input
          type="search"
          name="title"
          placeholder="Search by title"
          maxlength="200"
          autocomplete="off"
          .value=${title}
          @input=${this.#onTyping}
        />
      </label>
      <label class="field"
        ><span class="only-spoken">Order</span>
        <select name="sort" @change=${this.#onSort}>
          ${Object.entries(sortWords).map(option)}
        </select>
      </label>
    </form>`;
  }

  #videos(list: VideoList) {
    const { items, error, choice } = list;
    if (list.isWaiting) return waiting();
    if (items.length === 0 && error === undefined) {
      return choice.title.trim() === '' ? empty(choice.isOwn) : this.#notFound(choice);
    }
    const now = new Date();
    return html`<ul class="tiles">
        ${repeat(
          items,
          ({ id }) => id,
          video => videoTile(video, now, choice.isOwn),
        )}
      </ul>
      ${error === undefined ? nothing : this.#failed(error.message)}
      ${list.hasMore && error === undefined ? html`<p class="more" role="status">More is coming</p>` : nothing}`;
  }

  #notFound({ title, isOwn }: VideoChoice) {
    return html`<div class="message" role="status" data-testid="none-found">
      <h2>Nothing is called “${title.trim()}”</h2>
      <p>${isOwn ? 'None of your videos has' : 'No public video has'} all of these words in its title.</p>
      <div class="actions">
        <button class="button primary" @click=${() => this.#show({ ...this.#choice, title: '' })}>
          Show all
        </button>
      </div>
    </div>`;
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
    if (this.isConnected) this.#show({ ...this.#choice, isOwn: this.#mayOwn && this.#choice.isOwn });
  }

  #show(choice: VideoChoice): void {
    clearTimeout(this.#typing);
    this.#choice = choice;
    // Where nobody has videos of their own, there is nothing else than what is public.
    const told = { ...choice, isOwn: choice.isOwn || !this.#mayOwn };
    history.replaceState(history.state, '', `${location.pathname}${queryOf(told)}`);
    this.#list?.close();
    const list = new VideoList(choice);
    list.addEventListener('change', () => this.#changed(list));
    this.#list = list;
    this.requestUpdate();
  }

  #changed(list: VideoList): void {
    // Open for all, but not asked at the machine itself: nobody has videos of their own.
    if (list.choice.isOwn && list.error?.facts.status === 401) {
      this.#mayOwn = false;
      this.#show({ ...this.#choice, isOwn: false });
      return;
    }
    if (!list.isWaiting) this.#shown = list;
    this.requestUpdate();
  }

  readonly #onTyping = (event: Event): void => {
    const title = (event.target as HTMLInputElement).value;
    this.#choice = { ...this.#choice, title };
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#show(this.#choice), typingMillis);
  };

  readonly #onSearch = (event: Event): void => {
    event.preventDefault();
    this.#show(this.#choice);
  };

  readonly #onSort = (event: Event): void =>
    this.#show({ ...this.#choice, sort: (event.target as HTMLSelectElement).value as VideoSort });
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
