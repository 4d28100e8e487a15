import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createConfluentClient } from '../../src/kafka/confluent/confluent.ts'
import { importLibrary, type LibraryHandle } from '../../src/kafka/confluent/library.ts'
import type { ClientFixture } from '../src/kafka/suite/trial.ts'

/** The broker of this run, seen through the real client. Time is real. */
export async function realFixture(brokers: string): Promise<ClientFixture> {
  const library = await importLibrary()
  return {
    client: () => createConfluentClient(library, { brokers: [brokers] }),
    elapse: async (milliseconds) => {
      await delay(milliseconds)
    },
    async evict(group, client) {
      await leaveGroup(brokers, group, await memberId(brokers, group, client))
    },
    close: () => Promise.resolve(),
  }
}

interface MemberIds {
  AdminClient: {
    createFrom(handle: LibraryHandle): {
      describeGroups(
        groups: string[],
        options: object,
        done: (error: unknown, found: { groups: { members: { clientId: string; memberId: string }[] }[] }) => void,
      ): void
    }
  }
}

async function memberId(brokers: string, group: string, client: string): Promise<string> {
  const library = await importLibrary()
  const handle = new library.Producer({ 'bootstrap.servers': brokers }, {})
  await new Promise((resolve) => handle.connect({ allTopics: false, timeout: 5_000 }, resolve))
  try {
    const admin = (library as unknown as MemberIds).AdminClient.createFrom(handle)
    const { groups } = await new Promise<{ groups: { members: { clientId: string; memberId: string }[] }[] }>(
      (resolve, reject) => {
        admin.describeGroups([group], {}, (error, found) => {
          if (found === undefined) reject(error)
          else resolve(found)
        })
      },
    )
    const member = groups[0]!.members.find(({ clientId }) => clientId === client)
    if (member === undefined) throw new Error(`${client} is no member of ${group}`)
    return member.memberId
  } finally {
    await new Promise((resolve) => handle.disconnect(1, resolve))
  }
}

/** Says in the name of a member that it leaves: as the broker does by itself with one that it does not hear of. */
function leaveGroup(brokers: string, group: string, member: string): Promise<void> {
  const string = (text: string): Buffer => {
    const length = Buffer.alloc(2)
    length.writeInt16BE(Buffer.byteLength(text))
    return Buffer.concat([length, Buffer.from(text)])
  }
  // int16 api 13, int16 version 1, int32 correlation, string client id; string group, string member
  const header = Buffer.from([0, 13, 0, 1, 0, 0, 0, 1])
  const body = Buffer.concat([header, string('test'), string(group), string(member)])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  const [host, port] = brokers.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.write(Buffer.concat([length, body])))
    let answer = Buffer.alloc(0)
    socket.on('error', reject).on('close', () => reject(new Error('the broker closed the connection')))
    socket.on('data', (part) => {
      answer = Buffer.concat([answer, part])
      if (answer.length < 14) return
      // int32 length, int32 correlation, int32 throttled, int16 error
      const code = answer.readInt16BE(12)
      if (code === 0) resolve()
      else reject(new Error(`leaving the group: error ${code}`))
      socket.destroy()
    })
  })
}
