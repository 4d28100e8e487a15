import { readFileSync } from 'node:fs'

const read = (file: string): Buffer => readFileSync(new URL(file, import.meta.url))

export const authority = { ca: read('authority.crt') }
export const otherAuthority = { ca: read('other-authority.crt') }
export const server = { cert: read('server.crt'), key: read('server.key') }
export const client = { cert: read('client.crt'), key: read('client.key') }
/** A client that the authority does not know. */
export const stranger = { cert: read('stranger.crt'), key: read('stranger.key') }
