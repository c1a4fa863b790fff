import '../elements/copy-link.ts';
import { html, nothing } from 'lit';
import { type ApiKeyAnswer, createKey, type NewApiKeyAnswer, readKeys, revokeKey } from './account-api.ts';
import { AccountForm, fieldsOf } from './account-form.ts';

/** Keys with which scripts publish in one's name. */
export class AccountKeys extends AccountForm {
  #keys: readonly ApiKeyAnswer[] | undefined;
  #made: NewApiKeyAnswer | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#read();
  }

  override render() {
    return html`<section>
      <h2>API keys</h2>
      <p class="hint">
        A script that sends one as <code>Authorization: Bearer</code> publishes in your name, until you revoke it.
      </p>
      ${this.#made === undefined ? nothing : this.#shownOnce(this.#made)}
      <ul class="keys-list">
        ${this.#keys?.map(key => this.#row(key))}
      </ul>
      <form class="inline" @submit=${this.#create}>
        <label class="field"
          ><span class="only-spoken">Name of a new key</span>
          <input name="name" required maxlength="100" placeholder="Garden camera" autocomplete="off" />
        </label>
        <button class="button" data-testid="create-key" ?disabled=${this.isSending}>Create key</button>
      </form>
      ${this.outcome()}
    </section>`;
  }

  #shownOnce({ key, name }: NewApiKeyAnswer) {
    return html`<div class="new-key" role="status">
      <p><strong>${name}</strong>: copy this key now. It is not shown again.</p>
      <div class="row">
        <code data-testid="new-key">${key}</code>
        <lr-copy-link .href=${key} label="Copy"></lr-copy-link>
      </div>
    </div>`;
  }

  #row({ id, name, createdAt, lastUsedAt }: ApiKeyAnswer) {
    const used = lastUsedAt === null ? 'never used' : `last used ${day(lastUsedAt)}`;
    return html`<li>
      <span><strong>${name}</strong><small>made ${day(createdAt)}, ${used}</small></span>
      <button class="button" aria-label=${`Revoke ${name}`} @click=${() => this.#revoke(id)}>Revoke</button>
    </li>`;
  }

  async #read(): Promise<void> {
    this.#keys = await readKeys().then(
      ({ items }) => items,
      () => this.#keys,
    );
    this.requestUpdate();
  }

  readonly #create = async (event: Event): Promise<void> => {
    const form = event.currentTarget as HTMLFormElement;
    const { name = '' } = fieldsOf(event);
    const hasWorked = await this.sendForm(async () => {
      this.#made = await createKey(name);
    }, '');
    if (hasWorked) form.reset();
    await this.#read();
  };

  async #revoke(id: string): Promise<void> {
    await this.sendForm(() => revokeKey(id), 'Revoked. It opens nothing any more.');
    if (this.#made?.id === id) this.#made = undefined;
    await this.#read();
  }
}

function day(iso: string): string {
  return new Date(iso).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
}

customElements.define('lr-account-keys', AccountKeys);
