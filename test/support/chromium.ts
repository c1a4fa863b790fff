import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // Two pages of one test are both "in front": neither is slowed down.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** A Chromium with a fresh profile; whoever launched it closes it. */
export type TestChromium = {
  readonly context: BrowserContext;
  /** A new page; uncaught errors and console errors are collected in `errors`. */
  page(): Promise<TestPage>;
  close(): Promise<void>;
};

/** A page and what went wrong in it. */
export type TestPage = Page & { readonly errors: string[] };

/** Where Chromium is; `CHROMIUM_PATH` wins. */
export function chromiumPath(): string {
  const candidates = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  const found = candidates.find(path => path !== undefined && existsSync(path));
  if (!found) throw new Error('no Chromium: install the package chromium, or set CHROMIUM_PATH');
  return found;
}

/** Launches Debian's Chromium with its fake camera and microphone, without a screen. */
export async function launchChromium(extraFlags: readonly string[] = []): Promise<TestChromium> {
  const profile = await mkdtemp(join(tmpdir(), 'livereel-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: [...flags, ...extraFlags],
    headless: true,
    viewport: { width: 1280, height: 720 },
    permissions: ['camera', 'microphone'],
  });
  return {
    context,
    async page() {
      const page = Object.assign(await context.newPage(), { errors: [] as string[] });
      page.on('pageerror', error => page.errors.push(`${error}`));
      const hangUps = new Set<string>();
      page.on('console', message => {
        const { url } = message.location();
        if (message.type() !== 'error') return;
        const isFirst = !hangUps.has(url);
        hangUps.add(url);
        if (isFirst && isHangUp(message.text(), url)) return;
        page.errors.push(`${message.text()} (${url})`);
      });
      return page;
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * When a live video ends both sides hang up, and the one that comes later is told that there is nobody (404 of the
 * connection's own address); a player that was just connecting anew, that nothing is live any more (409 of the video's).
 * Once for each address: who asks again and again is wrong.
 */
function isHangUp(text: string, url: string): boolean {
  const { pathname } = new URL(url === '' ? 'about:blank' : url);
  if (/status of 404/.test(text)) return /^\/whep\/[^/]+\/[^/]+$/.test(pathname);
  return /status of 409/.test(text) && /^\/whep\/[^/]+$/.test(pathname);
}
