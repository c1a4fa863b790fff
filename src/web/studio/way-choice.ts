import { html, type TemplateResult } from 'lit';
import type { Way } from './broadcast.ts';

const ways: readonly { way: Way; name: string; how: string; sentence: string }[] = [
  {
    way: 'safe',
    name: 'Safe',
    how: 'recorder',
    sentence: 'Nothing is lost, even without network for a while. Viewers are about a second behind.',
  },
  {
    way: 'instant',
    name: 'Instant',
    how: 'WebRTC',
    sentence: 'Viewers see you in under a tenth of a second. A bad network may cost pictures.',
  },
];

/** The choice of how a recording is sent, with a sentence about each. */
export function wayChoice(chosen: Way, choose: (way: Way) => void): TemplateResult {
  return html`<fieldset class="ways" data-testid="ways">
    <legend class="only-spoken">How it is sent</legend>
    <div class="switch">
      ${ways.map(
        ({ way, name, how, sentence }) => html`<label title=${sentence}
          ><input
            class="only-spoken"
            type="radio"
            name="way"
            data-testid=${`way-${way}`}
            value=${way}
            .checked=${way === chosen}
            aria-describedby=${`way-${way}`}
            @change=${() => choose(way)}
          />${name}<span class="how"> (${how})</span></label
        >`,
      )}
    </div>
    ${ways.map(({ way, sentence }) => html`<p id=${`way-${way}`} ?hidden=${way !== chosen}>${sentence}</p>`)}
  </fieldset>`;
}
