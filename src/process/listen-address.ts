import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { LivereelError } from '../errors.ts';

/** An IP address and a port that something can listen on. */
export type ListenAddress = { readonly address: string; readonly port: number };

/**
 * Makes sure that the host and port can be listened on now, and picks a free port for 0.
 * @throws LivereelError `bad-configuration` that says what is in the way and how to change it.
 */
export async function listenAddress(host: string, port: number): Promise<ListenAddress> {
  const { address } = await lookup(host).catch(error => {
    throw new LivereelError('bad-configuration', `HOST is ${host}, which is no address of this machine.`, {
      cause: error,
    });
  });
  const server = createServer();
  try {
    return await new Promise<ListenAddress>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, exclusive: true }, () => {
        const bound = server.address();
        resolve({ address, port: typeof bound === 'object' && bound !== null ? bound.port : port });
      });
    });
  } catch (error) {
    throw new LivereelError('bad-configuration', reason(error, host, port), { cause: error });
  } finally {
    await new Promise<void>(resolve => {
      server.close(() => resolve());
    });
  }
}

function reason(error: unknown, host: string, port: number): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return (
        `Port ${port} of ${host} is in use by another program. ` +
        `Stop that program, or choose another port, for example: PORT=${port < 65_535 ? port + 1 : 8_000} npm start`
      );
    case 'EACCES':
      return (
        `Port ${port} may not be used by an ordinary user. ` +
        'Choose a port from 1024 on, for example: PORT=8000 npm start'
      );
    case 'EADDRNOTAVAIL':
      return `HOST is ${host}, which is no address of this machine. Use 127.0.0.1, or 0.0.0.0 for all addresses.`;
    default:
      return `${host}, port ${port}, cannot be listened on: ${(error as Error).message}`;
  }
}
