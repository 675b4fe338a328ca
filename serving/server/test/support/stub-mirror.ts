import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubMirror {
  readonly endpoint: string;
  /** What was asked for, in order: method, path with query, and the key id of a signature. */
  readonly asked: { readonly method: string; readonly url: string; readonly key?: string }[];
  close(): Promise<void>;
}

/**
 * A web server with these files below its root, which is an S3 too: a path of one part with `list-type=2` lists what is below
 * a prefix, with the bucket as the first part of each path.
 */
export async function stubMirror(files: Readonly<Record<string, Buffer>>): Promise<StubMirror> {
  const asked: StubMirror['asked'] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://mirror');
    const signed = request.headers.authorization ?? url.searchParams.get('X-Amz-Credential') ?? '';
    const key = /(?:Credential=|^)(\w+)\//.exec(signed)?.[1];
    asked.push({ method: request.method ?? '', url: request.url ?? '', key });
    const path = decodeURIComponent(url.pathname.slice(1)).replace(/\/$/, '');
    if (url.searchParams.get('list-type') === '2') {
      const prefix = url.searchParams.get('prefix') ?? '';
      const contents = Object.entries(files)
        .filter(([name]) => name.startsWith(`${path}/${prefix}`))
        .map(([name, body]) => {
          const own = name.slice(path.length + 1);
          return `<Contents><Key>${own}</Key><Size>${body.length}</Size><ETag>"${body.length}"</ETag></Contents>`;
        });
      response.setHeader('content-type', 'application/xml');
      return void response.end(
        `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
      );
    }
    const body = files[path];
    if (!body) {
      return void response.writeHead(404).end();
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': body.length - from, etag: `"${body.length}"` });
    response.end(request.method === 'HEAD' ? undefined : body.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
