import './account.css';
import './account-deletion.ts';
import './account-keys.ts';
import './account-password.ts';
import './account-profile.ts';
import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { type OwnAccountAnswer, readAccount } from './account-api.ts';
import { freshLogin, loggedOut } from './current-login.ts';

const levelWords = { free: 'Free', pro: 'Pro', 'pro-plus': 'Pro plus' } as const;
const mebibyte = 1024 ** 2;

/** The page at `/account`: what one is called, uses, and may take away. */
export class AccountPage extends LightElement {
  #account: OwnAccountAnswer | undefined;
  #problem = '';

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.classList.add('follows-system');
    document.title = 'Account - livereel';
    void this.#read();
  }

  override render() {
    return html`<header class="account-header">
        <a class="wordmark" href="/">livereel</a>
        <nav>
          <a class="button" href="/videos">Videos</a>
          <button class="button" data-testid="log-out" @click=${this.#leave}>Log out</button>
        </nav>
      </header>
      <main class="account">${this.#account === undefined ? this.#waiting() : this.#sections(this.#account)}</main>`;
  }

  #waiting() {
    if (this.#problem === '') return html`<h1 class="only-spoken">Account</h1><div class="skeleton"></div>`;
    return html`<div class="message" role="alert">
      <h1>Your account cannot be shown</h1>
      <p>${this.#problem}</p>
      <div class="actions"><button class="button primary" @click=${() => this.#read()}>Try again</button></div>
    </div>`;
  }

  #sections(account: OwnAccountAnswer) {
    const { name, email, level, role, usage, quota } = account;
    return html`<section class="who">
        <h1 data-testid="account-name">${name}</h1>
        <p>${email}${role === 'admin' ? ', admin' : nothing}</p>
      </section>
      <section>
        <h2>Used so far <span class="level">${levelWords[level]}</span></h2>
        <dl class="usage">
          ${meter('Video', usage.minutes, quota.minutes, minutes)}
          ${meter('Storage', usage.bytes, quota.bytes, size)}
          ${meter('Live now', usage.sessions, quota.sessions, String)}
        </dl>
      </section>
      <lr-account-profile .account=${account} @account-changed=${this.#onChange}></lr-account-profile>
      <lr-account-password .email=${email}></lr-account-password>
      <lr-account-keys></lr-account-keys>
      <lr-account-deletion></lr-account-deletion>`;
  }

  async #read(): Promise<void> {
    this.#problem = '';
    this.requestUpdate();
    await freshLogin();
    try {
      this.#account = await readAccount();
    } catch (error) {
      if ((error as { facts?: { status?: number } }).facts?.status === 401) {
        location.replace('/login?next=/account');
        return;
      }
      this.#problem = (error as Error).message;
    }
    this.requestUpdate();
  }

  readonly #onChange = (): void => void this.#read();

  readonly #leave = async (): Promise<void> => {
    await loggedOut();
    location.assign('/login');
  };
}

/** A hair of a bar, and the figures beside it. */
function meter(label: string, used: number, most: number | null, inWords: (amount: number) => string) {
  const share = most === null ? 0 : most === 0 ? 1 : Math.min(1, used / most);
  return html`<div>
    <dt>${label}</dt>
    <dd class="number">${inWords(used)}${most === null ? ', no limit' : ` of ${inWords(most)}`}</dd>
    <i class=${share >= 0.9 ? 'full' : ''} style=${`--share: ${share}`} aria-hidden="true"></i>
  </div>`;
}

function minutes(amount: number): string {
  return `${amount.toLocaleString('en', { maximumFractionDigits: amount < 10 ? 1 : 0 })} min`;
}

function size(bytes: number): string {
  return `${(bytes / mebibyte).toLocaleString('en', { maximumFractionDigits: bytes < 10 * mebibyte ? 1 : 0 })} MB`;
}

customElements.define('lr-account', AccountPage);
