import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, execute, Missing } from '../cache.ts'

const pom = fileURLToPath(new URL('pom.xml', import.meta.url))

/** The folder with the jars of a broker: 46 of them, 43 MB, fetched from Maven Central once for a machine. */
export function brokerJars(tell: (line: string) => void): string {
  const missing = missingForBroker()
  if (missing !== undefined) throw new Missing(missing)
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  return cached(`broker-${digest}`, (folder) => {
    tell('fetching the jars of the broker, once (43 MB)')
    const arguments_ = [`-DincludeScope=runtime`, `-DoutputDirectory=${folder}`]
    execute('mvn', ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', ...arguments_])
  })
}

/** What a broker needs and this machine has not, said with what to do about it; `undefined` where all is there. */
export function missingForBroker(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0)
  if (version < 17) {
    const got = version === 0 ? 'there is no java' : `java is ${version}`
    return `A Kafka broker needs Java 17 or newer; ${got}. On Debian: apt-get install default-jre-headless maven`
  }
  if (spawnSync('mvn', ['--version']).status !== 0) {
    return `The jars of a Kafka broker are fetched with Maven; there is no mvn. On Debian: apt-get install maven`
  }
  return undefined
}

export const classPath = (jars: string): string => join(jars, '*')
