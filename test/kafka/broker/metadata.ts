import { connect } from 'node:net'

/**
 * Whether the broker at this port answers a Metadata request with itself among the brokers: a connection alone is
 * accepted earlier than it serves.
 */
export function answersMetadata(port: number): Promise<boolean> {
  // int32 length, int16 api 3, int16 version 1, int32 correlation, int16 no client id, int32 no topics
  const request = Buffer.alloc(18)
  request.writeInt32BE(request.length - 4, 0)
  request.writeInt16BE(3, 4)
  request.writeInt16BE(1, 6)
  request.writeInt32BE(1, 8)
  request.writeInt16BE(-1, 12)
  request.writeInt32BE(0, 14)
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = Buffer.alloc(0)
    const settle = (answers: boolean): void => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(2_000, () => settle(false))
    socket.on('error', () => settle(false)).on('close', () => settle(false))
    socket.on('connect', () => socket.write(request))
    socket.on('data', (part) => {
      answer = Buffer.concat([answer, part])
      // int32 length, int32 correlation, int32 how many brokers
      if (answer.length >= 12) settle(answer.readInt32BE(8) >= 1)
    })
  })
}
