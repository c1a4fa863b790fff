import { html, nothing } from 'lit';
import { type AccountAnswer, changeAccount } from './account-api.ts';
import { AccountForm, fieldsOf, passwordField } from './account-form.ts';

/** What one is called, and where one is reached; says `account-changed`. */
export class AccountProfile extends AccountForm {
  static override properties = { account: { attribute: false } };
  declare account: AccountAnswer;
  #email: string | undefined;

  override render() {
    const isNewEmail = this.#email !== undefined && this.#email !== this.account.email;
    return html`<section>
      <h2>Name and address</h2>
      <form @submit=${this.#send}>
        <label class="field"
          >Name, shown with your videos
          <input name="name" required maxlength="100" autocomplete="name" .value=${this.account.name} />
        </label>
        <label class="field"
          >E-mail address, for logging in
          <input
            type="email"
            name="email"
            required
            maxlength="254"
            autocomplete="username"
            .value=${this.account.email}
            @input=${this.#onEmail}
          />
        </label>
        ${isNewEmail ? passwordField('Your password, to change the address', 'currentPassword') : nothing}
        <div class="row">
          <button class="button" data-testid="save-profile" ?disabled=${this.isSending}>Save</button>
          ${this.outcome()}
        </div>
      </form>
    </section>`;
  }

  readonly #onEmail = (event: Event): void => {
    this.#email = (event.target as HTMLInputElement).value.trim().toLowerCase();
    this.requestUpdate();
  };

  readonly #send = async (event: Event): Promise<void> => {
    const { name = '', email = '', currentPassword } = fieldsOf(event);
    const isNewEmail = currentPassword !== undefined;
    const wish = { name, ...(isNewEmail && { email, currentPassword }) };
    const hasWorked = await this.sendForm(async () => {
      await changeAccount(wish);
    }, 'Saved.');
    if (!hasWorked) return;
    this.#email = undefined;
    this.dispatchEvent(new Event('account-changed'));
  };
}

customElements.define('lr-account-profile', AccountProfile);
