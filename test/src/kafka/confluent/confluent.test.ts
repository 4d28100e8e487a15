import { expect, test } from 'vitest'
import { startProgram } from '../../../support/processes.ts'

test('a client that is not installed is missing, and the message says how to install it', async () => {
  const program = startProgram(`
    import { confluentClient } from './dist/src/kafka/confluent/confluent.js'
    const client = confluentClient({ brokers: ['127.0.0.1:1'] })
    await client.catch(({ name, fault, message }) => console.log(JSON.stringify({ name, fault, message })))
  `)
  expect(await program.ended).toBe(0)
  expect(JSON.parse(program.stdout())).toEqual({
    name: 'KafkaError',
    fault: 'missing client',
    message: expect.stringMatching(/is not installed.*npm install @confluentinc\/kafka-javascript/),
  })
})
