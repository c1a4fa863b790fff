import { html, nothing } from 'lit';
import { LightElement } from '../elements/light-element.ts';
import { currentAccess } from './current-login.ts';

/** The way to the log-in and back to this page, for who is not logged in on a server where people are. */
export class LoginLink extends LightElement {
  #isWanted = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  override render() {
    if (!this.#isWanted) return nothing;
    const here = encodeURIComponent(`${location.pathname}${location.search}`);
    return html`<a class="button" href=${`/login?next=${here}`}>Log in</a>`;
  }

  async #look(): Promise<void> {
    const access = await currentAccess();
    this.#isWanted = access !== undefined && access.access === 'accounts' && access.account === null;
    this.requestUpdate();
  }
}

customElements.define('lr-login-link', LoginLink);
