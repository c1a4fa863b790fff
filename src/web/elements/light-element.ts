import { LitElement } from 'lit';

/** An element that renders into the page itself, so that its styles are files and `aria` references reach across. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
