/** `npm run broker -- --port 9092 --dir DIR`: a Kafka broker for development, until SIGINT or SIGTERM. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Missing } from '../cache.ts'
import { startBroker } from './broker.ts'

const help = `npm run broker -- [--port PORT] [--dir DIR]

Starts one Kafka 4.2.1 node on 127.0.0.1 and keeps it until it is interrupted. Needs Java 17 and Maven;
the jars are fetched once, into the folder wallarx-test of the user's cache.

  --port PORT  where clients connect; default 9092
  --dir DIR    its data, which outlasts it; default a new folder in the temporary one`

try {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '9092' }, dir: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help === true) console.log(help)
  else await serve(Number(values.port), values.dir ?? mkdtempSync(join(tmpdir(), 'wallarx-broker-')))
} catch (error) {
  console.error(error instanceof Missing || error instanceof TypeError ? error.message : error)
  process.exitCode = 1
}

async function serve(port: number, dir: string): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new TypeError('--port: expected an integer from 1 to 65535')
  }
  const broker = await startBroker({ port, dir, tell: (line) => console.log(line) })
  console.log(`the broker serves at ${broker.brokers}, its data is in ${dir}`)
  const stop = (): void => void broker.stop()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const how = await broker.ended()
  // 143: what Java ends with after an orderly end by SIGTERM; 130 by SIGINT
  if (how !== 143 && how !== 130) {
    console.error(`the broker ended with ${String(how)}; its log is ${join(dir, 'broker.log')}`)
    process.exitCode = 1
  }
}
