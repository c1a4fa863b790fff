import '@fontsource-variable/inter/wght.css';
import './tokens.css';
import './page.css';
import { html, render } from 'lit';
import { overlayOptions } from './captions/overlay-options.ts';

/** The pages by their address; each is loaded when it is opened. */
async function open(path: string): Promise<void> {
  if (path === '/' || path === '/capture') {
    await import('./studio/studio-page.ts');
    render(html`<lr-studio></lr-studio>`, document.body);
    return;
  }
  const watched = /^\/watch\/([0-9A-Za-z]{12})\/?$/.exec(path)?.[1];
  if (watched !== undefined) {
    await import('./watch/watch-page.ts');
    render(html`<lr-watch .videoId=${watched}></lr-watch>`, document.body);
    return;
  }
  const captioned = /^\/captions\/([0-9A-Za-z]{12})\/?$/.exec(path)?.[1];
  if (captioned !== undefined) {
    await openCaptions(captioned);
    return;
  }
  if (path === '/login' || path === '/signup') {
    await import('./account/login-page.ts');
    render(html`<lr-login .isNew=${path === '/signup'}></lr-login>`, document.body);
    return;
  }
  if (path === '/videos') {
    await import('./library/library-page.ts');
    render(html`<lr-library></lr-library>`, document.body);
    return;
  }
  if (path === '/account') {
    await import('./account/account-page.ts');
    render(html`<lr-account></lr-account>`, document.body);
    return;
  }
  document.title = 'Not found - livereel';
  render(
    html`<main class="centred">
      <div class="message">
        <h1 data-testid="error-message">There is nothing at this address</h1>
        <p>The link may be cut off or mistyped. A video's address ends in 12 letters and digits.</p>
        <div class="actions"><a class="button primary" href="/">Record a video</a></div>
      </div>
    </main>`,
    document.body,
  );
}

/** Captions alone: on a screen of their own, or with `?overlay` over somebody else's picture. */
async function openCaptions(videoId: string): Promise<void> {
  const options = overlayOptions(new URLSearchParams(location.search));
  if (options === undefined) {
    await import('./captions/captions-page.ts');
    render(html`<lr-captions .videoId=${videoId}></lr-captions>`, document.body);
  } else {
    await import('./captions/overlay-page.ts');
    render(
      html`<lr-caption-page-overlay .videoId=${videoId} .options=${options}></lr-caption-page-overlay>`,
      document.body,
    );
  }
}

/** A page whose code did not arrive says so instead of staying dark. */
function failed(): void {
  render(
    html`<main class="centred">
      <div class="message" role="alert">
        <h1 data-testid="error-message">The page could not be loaded</h1>
        <p>The connection to the server was lost, or it has just been updated.</p>
        <div class="actions">
          <button class="button primary" @click=${() => location.reload()}>Reload</button>
        </div>
      </div>
    </main>`,
    document.body,
  );
}

open(location.pathname).catch(failed);
