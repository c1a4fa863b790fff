import type { LoginTokens } from '../accounts/logins.ts';
import { type HeaderReader, type PublicAddress, publicUrlFor } from './request-origin.ts';

const accessName = 'livereel_access';
const refreshName = 'livereel_refresh';
// Sent nowhere else: a page that is broken into cannot be made to send it to another address.
const refreshPath = '/api/v1/logins';

/**
 * The cookies that hold a page's login (RFC 6265bis): no script reads them, and no other site's page has them sent.
 * The browser forgets each when its token is no longer good.
 */
export function loginCookies(tokens: LoginTokens, isSecure: boolean): string[] {
  return [
    cookie(accessName, tokens.accessToken, '/', tokens.expiresInSeconds, isSecure),
    cookie(refreshName, tokens.refreshToken, refreshPath, tokens.refreshInSeconds, isSecure),
  ];
}

/** Takes them away. */
export function noLoginCookies(isSecure: boolean): string[] {
  return [cookie(accessName, '', '/', 0, isSecure), cookie(refreshName, '', refreshPath, 0, isSecure)];
}

/** The tokens that our own page's browser sent; none when another page had it sent. */
export function cookieTokens(
  headers: HeaderReader,
  publicAddress: PublicAddress,
): { readonly access: string | undefined; readonly refresh: string | undefined } {
  const text = headers.get('cookie');
  if (!text || !isOwnPage(headers, publicUrlFor(headers, publicAddress))) {
    return { access: undefined, refresh: undefined };
  }
  return { access: cookieOf(text, accessName), refresh: cookieOf(text, refreshName) };
}

/**
 * `SameSite` holds a page of another site off, not one of a neighbour below the same domain. Browsers tell in
 * `Sec-Fetch-Site` (W3C Fetch Metadata) where a request comes from; without that, as over plain HTTP, they send
 * `Origin` with whatever changes something and with each WebSocket. Programs send neither.
 */
export function isOwnPage(headers: HeaderReader, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site');
  if (site) return site === 'same-origin' || site === 'none';
  const origin = headers.get('origin');
  return !origin || origin.toLowerCase() === new URL(publicUrl).origin;
}

function cookie(name: string, value: string, path: string, ageSeconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=${path}; Max-Age=${ageSeconds}; HttpOnly; SameSite=Strict${secure}`;
}

function cookieOf(text: string, name: string): string | undefined {
  for (const pair of text.slice(0, 16_384).split(';')) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim() === name && /^[\w.-]{1,4096}$/.test(value?.trim() ?? '')) return value?.trim();
  }
  return undefined;
}
