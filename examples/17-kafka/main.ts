import { parseArgs } from 'node:util'
import { countOnKafka } from './onKafka.ts'
import { countSimulated } from './simulated.ts'
import { runWorker } from './worker.ts'

const help = `Word count on many workers over Kafka: simulated, or on a real one.

  npm run example -- 17-kafka [--brokers HOST:PORT [--worker]]

Without --brokers: three workers on a Kafka in memory; one is killed, another one joins, and it is shown who owns which
shard. With it the same on a real Kafka, with three processes and a producer and a reader, and every count is checked.
With --worker: one worker, until Ctrl-C; start three, write lines, and kill one.

  --brokers B  addresses of a Kafka; wants the package @confluentinc/kafka-javascript
  --worker     one worker and nothing else; the topics must be there
  --name NAME  with --worker: of each another one; default: a random one
  --in TOPIC   lines of text (lines)
  --out TOPIC  their words, each with its count (words)`

const { values } = parseArgs({
  options: {
    brokers: { type: 'string' },
    worker: { type: 'boolean', default: false },
    name: { type: 'string' },
    in: { type: 'string', default: 'lines' },
    out: { type: 'string', default: 'words' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { brokers, name, in: lines, out: words } = values
if (values.help) console.log(help)
else if (brokers === undefined) await countSimulated()
else if (values.worker) await runWorker({ brokers, lines, words }, name)
else process.exitCode = await countOnKafka({ brokers, lines, words })
