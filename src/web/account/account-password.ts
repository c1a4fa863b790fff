import { html } from 'lit';
import { changeAccount } from './account-api.ts';
import { AccountForm, fieldsOf, passwordField } from './account-form.ts';

/** Another password. */
export class AccountPassword extends AccountForm {
  static override properties = { email: {} };
  declare email: string;

  override render() {
    return html`<section>
      <h2>Password</h2>
      <form @submit=${this.#send}>
        <input type="hidden" autocomplete="username" .value=${this.email} />
        ${passwordField('Present password', 'currentPassword')}
        ${passwordField('New password, at least 8 characters', 'password', true)}
        <p class="hint">Wherever else you are logged in, you will be logged out. API keys go on working.</p>
        <div class="row">
          <button class="button" data-testid="save-password" ?disabled=${this.isSending}>Change password</button>
          ${this.outcome()}
        </div>
      </form>
    </section>`;
  }

  readonly #send = async (event: Event): Promise<void> => {
    const form = event.currentTarget as HTMLFormElement;
    const { currentPassword = '', password = '' } = fieldsOf(event);
    const hasWorked = await this.sendForm(async () => {
      await changeAccount({ currentPassword, password });
    }, 'Changed.');
    if (hasWorked) form.reset();
  };
}

customElements.define('lr-account-password', AccountPassword);
