import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, execute } from '../../kafka/cache.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/**
 * The class path of Kafka Streams and its word count: its jars are fetched from Maven Central (80 MB), and the program
 * is compiled, once for a machine.
 */
export function streamsClassPath(tell: (line: string) => void): string {
  const sources = ['pom.xml', 'WordCount.java'].map(here)
  const digest = createHash('sha256')
  for (const source of sources) digest.update(readFileSync(source))
  const folder = cached(`streams-${digest.digest('hex').slice(0, 12)}`, (unfinished) => {
    tell('fetching the jars of Kafka Streams, once (80 MB)')
    for (const source of sources) copyFileSync(source, join(unfinished, source.split('/').at(-1)!))
    const places = ['-DincludeScope=runtime', `-DoutputDirectory=${unfinished}`]
    execute('mvn', ['-B', '-q', '-f', here('pom.xml'), 'dependency:copy-dependencies', ...places])
    execute('javac', ['-cp', join(unfinished, '*'), '-d', unfinished, here('WordCount.java')])
  })
  return `${join(folder, '*')}:${folder}`
}
