import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import type { AccessAnswer } from './account-api.ts';
import { currentAccess } from './current-login.ts';

/** A way to one's account, where there are any; leads to the log-in where nobody may publish without one. */
export class AccountLink extends LightElement {
  #access: AccessAnswer | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  override render() {
    if (this.#access === undefined) return nothing;
    const { account } = this.#access;
    return account === null
      ? nothing
      : html`<a class="button over-video" href="/account">${account.name}</a>`;
  }

  async #look(): Promise<void> {
    this.#access = await currentAccess();
    if (this.#access?.mayPublish === false) {
      location.replace(`/login?next=${encodeURIComponent(location.pathname)}`);
    }
    this.requestUpdate();
  }
}

customElements.define('lr-account-link', AccountLink);
