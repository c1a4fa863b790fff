import type { Interference } from './file-origin.ts';

const pieceBytes = 8_192;
const pieceMillis = 20;

/** Answers with `bytes`, or the range of them that is asked for, at about 400 kB/s. */
export function pacedFile(bytes: Buffer): Interference {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = bytes.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      etag: '"one"',
      'content-length': rest.length,
      ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    let sentBytes = 0;
    const timer = setInterval(() => {
      response.write(rest.subarray(sentBytes, sentBytes + pieceBytes));
      sentBytes += pieceBytes;
      if (sentBytes < rest.length) return;
      clearInterval(timer);
      response.end();
    }, pieceMillis);
    response.on('close', () => clearInterval(timer));
    return true;
  };
}
