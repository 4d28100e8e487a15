// `node --import ./test/kafka/register.js`: a program of this package, with the client that install.ts has installed.
import { register } from 'node:module'

register('./hooks.js', import.meta.url)
