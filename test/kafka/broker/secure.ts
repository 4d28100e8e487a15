import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execute } from '../cache.ts'
import { freePort, startBroker, type Broker } from './broker.ts'

/** A node that wants to know who speaks: over TLS, with SASL over TLS, and with tokens. */
export interface SecureBroker extends Broker {
  readonly tls: string
  /** PLAIN and SCRAM-SHA-256 */
  readonly sasl: string
  readonly oauth: string
  /** The file with the certificate that signs the broker's. */
  readonly ca: string
}

const template = fileURLToPath(new URL('secure.properties', import.meta.url))
/** In SCRAM, where users are kept by the broker. */
const scramUser = 'SCRAM-SHA-256=[name=admin,password=secret]'

export async function startSecureBroker(dir: string): Promise<SecureBroker> {
  const [tls, sasl, oauth] = [await freePort(), await freePort(), await freePort()]
  const ca = makeCertificate(dir)
  const settings = readFileSync(template, 'utf8')
    .replaceAll('@TLS_PORT@', String(tls))
    .replaceAll('@SASL_PORT@', String(sasl))
    .replaceAll('@OAUTH_PORT@', String(oauth))
  const broker = await startBroker({ dir, settings, format: ['--add-scram', scramUser] })
  const at = (port: number): string => `127.0.0.1:${port}`
  return { ...broker, tls: at(tls), sasl: at(sasl), oauth: at(oauth), ca }
}

/** A certificate of this machine that signs itself; the broker's key stands in `server.pem`. */
function makeCertificate(dir: string): string {
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2']
  execute('openssl', ['req', '-x509', ...made, ...names])
  writeFileSync(join(dir, 'server.pem'), readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'))
  return certificate
}
