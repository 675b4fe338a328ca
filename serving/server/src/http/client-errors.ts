import type { ConnectionError, FastifyServerOptions } from 'fastify';
import { ApiError, type ApiErrorType, type ApiLine, errorBody } from '../openai/api-error.js';

/** What Node's parser says of a connection on which no request could be read. */
const KINDS: Readonly<Record<string, readonly [type: ApiErrorType, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['RequestHeaderFieldsTooLarge', 'the headers have more than 16 KiB; send fewer'],
  ERR_HTTP_REQUEST_TIMEOUT: ['RequestTimeoutError', 'the request did not come to its end in time; send it again'],
};

/** Answers what is no HTTP in the shape of the contract too, and closes the connection. */
export function answerClientErrors(line: ApiLine): FastifyServerOptions['clientErrorHandler'] {
  return (error: ConnectionError, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [type, message] = KINDS[error.code] ?? ['BadRequestError', `the request is no HTTP/1.1 (${error.code})`];
    const known = new ApiError(type as ApiErrorType, message as string);
    const body = JSON.stringify(errorBody(known, line));
    socket.end(
      `HTTP/1.1 ${known.status} ${type}\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
    // A client that goes on sending and never reads would hold the connection.
    setTimeout(() => socket.destroy(), 1000).unref();
  };
}
