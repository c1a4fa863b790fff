import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyConfig, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { LivereelError } from '../errors.ts';

/** A form with one file, as it was sent (RFC 7578). */
export type MultipartFile = {
  /** As the client calls it; never a path. */
  readonly filename: string;
  /** All fields, those behind the file too. */
  readonly fields: Readonly<Record<string, string>>;
};

const limits: BusboyConfig['limits'] = {
  files: 1,
  fields: 16,
  parts: 17,
  fieldNameSize: 100,
  fieldSize: 8_192,
  headerPairs: 32,
  headerSize: 8_192,
};

/**
 * Reads a form of one file as it comes: the file's bytes go to `take`, at the pace at which that reads them. What is
 * over when this resolves is the whole form.
 * @throws LivereelError `unsupported-media-type`, `bad-request`; what `take` throws.
 */
export async function readMultipartFile(
  request: IncomingMessage,
  take: (file: Readable) => Promise<void>,
): Promise<MultipartFile> {
  const form = openForm(request);
  const fields: Record<string, string> = Object.create(null);
  return await new Promise<MultipartFile>((resolve, reject) => {
    let taken: Promise<string> | undefined;
    let reading: Readable | undefined;
    const fail = (error: unknown) => {
      request.unpipe(form);
      reject(error);
    };
    form.on('file', (_name, file, filename) => {
      reading = file;
      // Its end without an end of the form is an error of the stream, told to the reader.
      file.on('error', fail);
      taken = take(file).then(() => filename ?? '');
      taken.catch(fail);
    });
    form.on('field', (name, value, isNameCut, isValueCut) => {
      if (isNameCut || isValueCut) fail(tooMuch());
      else fields[name] = value;
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
      form.on(limit, () => fail(tooMuch()));
    form.on('error', cause => fail(unreadable(cause)));
    form.on('finish', () => {
      if (taken === undefined) fail(noFile());
      else taken.then(filename => resolve({ filename, fields }), fail);
    });
    // Gone before the end: nobody reads an answer, and what waits for bytes must stop.
    request.once('aborted', () => {
      const gone = new LivereelError('bad-request', 'The connection was lost in the middle of the form.');
      reading?.destroy(gone);
      fail(gone);
    });
    request.pipe(form);
  });
}

function openForm(request: IncomingMessage): BusboyInstance {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(type))
    throw new LivereelError(
      'unsupported-media-type',
      'Send the file as multipart/form-data, in the field "file".',
    );
  try {
    return new Busboy({ headers: request.headers as BusboyHeaders, limits });
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): LivereelError {
  return new LivereelError('bad-request', 'The form cannot be read: it is cut, or its boundary is missing.', {
    cause,
  });
}

function noFile(): LivereelError {
  return new LivereelError('validation-failed', 'The form holds no file. Send it in the field "file".', {
    errors: [{ path: 'file', message: 'is missing' }],
  });
}

function tooMuch(): LivereelError {
  return new LivereelError('bad-request', 'The form holds too much: one file, and a few short fields.');
}
