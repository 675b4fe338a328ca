import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

/** Beside the sources as beside what is compiled of them. */
const PAGE = new URL('../../page/index.html', import.meta.url);

/** GET /: a page with the state of the server, its figures and a chat box. It asks this server alone, and nothing else. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf('script', page)}`,
    `style-src ${hashOf('style', page)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  app.get('/', { schema: { hide: true } }, async (_, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page),
  );
}

/** What the browser may run of the page: what is in this file, and nothing that an answer of a model could bring. */
function hashOf(element: 'script' | 'style', page: string): string {
  const [, content = ''] = new RegExp(`<${element}>([\\s\\S]*)</${element}>`).exec(page) ?? [];
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}
