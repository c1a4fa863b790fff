import { html } from 'lit';
import { icon } from '../elements/icon.ts';
import { deleteAccount } from './account-api.ts';
import { AccountForm, fieldsOf, passwordField } from './account-form.ts';
import { loggedOut } from './current-login.ts';

/** The end of an account: said plainly, and asked once more. */
export class AccountDeletion extends AccountForm {
  override render() {
    return html`<section>
        <h2>Delete account</h2>
        <p class="hint">Your account and all your videos, with files and captions, for good. It cannot be taken back.</p>
        <div class="row">
          <button class="button" data-testid="delete-account" @click=${this.#ask}>Delete account</button>
        </div>
      </section>
      <dialog aria-labelledby="deletion-title">
        <header>
          <h2 id="deletion-title">Delete your account and all your videos</h2>
          <button class="button round" aria-label="Close" @click=${this.#close}>${icon('close')}</button>
        </header>
        <form @submit=${this.#send}>
          <p>Links to your videos will lead nowhere from now on.</p>
          ${passwordField('Your password', 'password')}
          <div class="row">
            <button class="button primary" data-testid="delete-for-good" ?disabled=${this.isSending}>
              ${this.isSending ? 'Deleting' : 'Delete for good'}
            </button>
            <button class="button" type="button" @click=${this.#close}>Keep it</button>
          </div>
          ${this.outcome()}
        </form>
      </dialog>`;
  }

  readonly #ask = (): void => this.querySelector('dialog')?.showModal();
  readonly #close = (): void => this.querySelector('dialog')?.close();

  readonly #send = async (event: Event): Promise<void> => {
    const { password = '' } = fieldsOf(event);
    if (!(await this.sendForm(() => deleteAccount(password), 'Deleted.'))) return;
    await loggedOut();
    location.assign('/signup');
  };
}

customElements.define('lr-account-deletion', AccountDeletion);
