import { LivereelError } from '../errors.ts';

/**
 * The address of the server that a command talks to: the one that was named, else the one that these settings
 * would start here. No slash at its end.
 * @throws LivereelError `bad-configuration`.
 */
export async function serverAddress(
  given: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  if (given !== undefined) {
    const address = URL.canParse(given) ? new URL(given) : undefined;
    if (address && /^https?:$/.test(address.protocol)) return address.href.replace(/\/+$/, '');
    throw new LivereelError(
      'bad-configuration',
      `"${given}" is no address of a server: it begins with http:// or https://, e.g. http://127.0.0.1:8000.`,
    );
  }
  const { readConfig, urlOf } = await import('../config.ts');
  const { publicUrl, host, port } = readConfig(environment);
  return publicUrl ?? urlOf(host, port);
}
