import { type AccessAnswer, type Fresh, logOut, readAccess, refresh } from './account-api.ts';

// That somebody is logged in here, and until when; what logs in is in cookies that no script reads.
const storageKey = 'livereel.login';
const leaseKey = 'livereel.login.refreshing';
const aheadMillis = 60_000;
const leaseMillis = 5_000;

/** Notes that this browser was just logged in, and keeps it so while a page is open. */
export function loggedIn({ expiresInSeconds }: Fresh): void {
  write(storageKey, String(Date.now() + expiresInSeconds * 1_000));
  keepFresh();
}

/** Logs this browser out, also when the server does not know it any more. */
export async function loggedOut(): Promise<void> {
  await logOut().catch(() => undefined);
  write(storageKey, null);
}

/**
 * Refreshes a login that has run out or is about to; does nothing where nobody is logged in. To be waited for before
 * the server is asked anything as somebody. Never throws.
 */
export async function freshLogin(): Promise<void> {
  if (!isStale()) {
    keepFresh();
    return;
  }
  await alone(async () => {
    // Another tab did it meanwhile: with the same token once more the whole login would end.
    if (!isStale()) return;
    try {
      const { expiresInSeconds } = await refresh();
      write(storageKey, String(Date.now() + expiresInSeconds * 1_000));
    } catch (error) {
      if ((error as { facts?: { status?: number } }).facts?.status === 401) write(storageKey, null);
    }
  });
  keepFresh();
}

/** What this page's user may do, their login refreshed; undefined where the server does not say. Never throws. */
export async function currentAccess(): Promise<AccessAnswer | undefined> {
  await freshLogin();
  return await readAccess().catch(() => undefined);
}

let timer: ReturnType<typeof setTimeout> | undefined;

function keepFresh(): void {
  clearTimeout(timer);
  const until = expiry();
  if (until === undefined) return;
  // A laptop that slept, a server that was away: tried again a little later.
  timer = setTimeout(() => void freshLogin(), Math.max(5_000, until - Date.now() - aheadMillis));
}

function isStale(): boolean {
  const until = expiry();
  return until !== undefined && until - Date.now() < aheadMillis;
}

function expiry(): number | undefined {
  try {
    const until = Number(localStorage.getItem(storageKey) ?? Number.NaN);
    return Number.isFinite(until) ? until : undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // A private window: the login lasts as long as its first cookie.
  }
}

/** One tab at a time. Locks are there over https and on this machine; elsewhere a lease has to do. */
async function alone(work: () => Promise<void>): Promise<void> {
  if (navigator.locks !== undefined) {
    await navigator.locks.request(leaseKey, work);
    return;
  }
  const held = () => Date.now() - Number(localStorage.getItem(leaseKey) ?? 0) < leaseMillis;
  await new Promise(resolve => setTimeout(resolve, Math.random() * 100));
  while (held()) await new Promise(resolve => setTimeout(resolve, 100));
  write(leaseKey, String(Date.now()));
  await work().finally(() => write(leaseKey, null));
}
