import './account.css';
import { html, nothing } from 'lit';
import { logIn, readAccess, signUp } from './account-api.ts';
import { AccountForm, fieldsOf, passwordField } from './account-form.ts';
import { loggedIn } from './current-login.ts';

const words = {
  login: {
    title: 'Log in',
    action: 'Log in',
    other: 'No account yet?',
    otherAction: 'Sign up',
    otherPath: '/signup',
  },
  signup: {
    title: 'Sign up',
    action: 'Create account',
    other: 'You have an account?',
    otherAction: 'Log in',
    otherPath: '/login',
  },
} as const;

/** The page at `/login` and `/signup`; goes on to `?next=` once somebody is logged in. */
export class LoginPage extends AccountForm {
  static override properties = { isNew: { type: Boolean } };
  declare isNew: boolean;
  #needsAccount = false;

  constructor() {
    super();
    this.isNew = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.classList.add('follows-system');
    document.title = `${this.#words.title} - livereel`;
    void readAccess().then(
      ({ account, access }) => {
        if (account !== null) location.replace(this.#next);
        this.#needsAccount = access === 'accounts';
        this.requestUpdate();
      },
      () => undefined,
    );
  }

  override render() {
    const { title, action, other, otherAction, otherPath } = this.#words;
    return html`<main class="entrance">
      <a class="wordmark" href="/">livereel</a>
      <form @submit=${this.#send}>
        <h1>${title}</h1>
        ${
          this.#needsAccount
            ? html`<p class="why">Recording needs an account here. Watching does not.</p>`
            : nothing
        }
        ${
          this.isNew
            ? html`<label class="field"
                >Name
                <input name="name" required maxlength="100" autocomplete="name" ?autofocus=${true} />
              </label>`
            : nothing
        }
        <label class="field"
          >E-mail address
          <input
            type="email"
            name="email"
            required
            maxlength="254"
            autocomplete="username"
            ?autofocus=${!this.isNew}
          />
        </label>
        ${passwordField(this.isNew ? 'Password, at least 8 characters' : 'Password', 'password', this.isNew)}
        <button class="button primary" data-testid="enter" ?disabled=${this.isSending}>
          ${this.isSending ? 'One moment' : action}
        </button>
        ${this.outcome()}
        <p class="other">${other} <a href=${`${otherPath}${location.search}`}>${otherAction}</a></p>
      </form>
    </main>`;
  }

  override firstUpdated(): void {
    this.querySelector<HTMLInputElement>('[autofocus]')?.focus();
  }

  get #words() {
    return words[this.isNew ? 'signup' : 'login'];
  }

  /** A place on this server: an address that leads elsewhere is not followed. */
  get #next(): string {
    const wish = new URLSearchParams(location.search).get('next') ?? '/';
    const url = URL.canParse(wish, location.origin) ? new URL(wish, location.origin) : undefined;
    return url?.origin === location.origin ? `${url.pathname}${url.search}` : '/';
  }

  readonly #send = async (event: Event): Promise<void> => {
    const { name = '', email = '', password = '' } = fieldsOf(event);
    const hasWorked = await this.sendForm(async () => {
      loggedIn(await (this.isNew ? signUp({ email, password, name }) : logIn({ email, password })));
    }, '');
    if (hasWorked) location.assign(this.#next);
  };
}

customElements.define('lr-login', LoginPage);
