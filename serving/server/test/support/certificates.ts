import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no certificates can be made, or false. */
export const opensslMissing = spawnSync('openssl', ['version']).status === 0 ? false : 'no openssl';

/** PEM files of an authority, and of a server and a client that it vouches for. */
export interface Certificates {
  readonly authority: string;
  readonly server: { readonly key: string; readonly certificate: string };
  readonly client: { readonly key: Buffer; readonly certificate: Buffer };
}

/** Makes them in a new folder, for a day. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'nim-constructs-tls-'));
  const file = (name: string) => join(folder, name);
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '1',
    '-subj',
    '/CN=authority',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  );
  for (const name of ['server', 'client']) {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
    openssl(
      ...['x509', '-req', '-in', file(`${name}.csr`), '-days', '1', '-extfile', file('names')],
      ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-out', file(`${name}.pem`)],
    );
  }
  return {
    authority: file('ca.pem'),
    server: { key: file('server.key'), certificate: file('server.pem') },
    client: { key: readFileSync(file('client.key')), certificate: readFileSync(file('client.pem')) },
  };
}

function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  }
}
