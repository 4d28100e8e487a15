import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { wallarx } from './wallarx.ts'

describe('wallarx', () => {
  test('--help shows the commands', async () => {
    const program = wallarx('--help')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toContain('wallarx send')
    expect(program.stdout()).toContain('wallarx receive')
    expect(program.stdout()).toContain('wallarx state')
    expect(program.stdout()).toContain('wallarx kafka')
  })

  test('state --help shows its forms and says that a journal is not part of a backup', async () => {
    const program = wallarx('state', '--help')
    expect(await program.ended).toBe(0)
    for (const form of ['state DIR --partition NAME', 'state export DIR FILE', 'state import DIR FILE']) {
      expect(program.stdout()).toContain(`wallarx ${form}`)
    }
    expect(program.stdout()).toMatch(/journal[^.]*is not\s+part of a backup/)
  })

  test('kafka without its client says what to install', async () => {
    const program = wallarx('kafka', 'topics', 'counts', '--brokers', '127.0.0.1:1')
    expect(await program.ended).toBe(1)
    expect(program.stderr()).toMatch(/^wallarx kafka: [^\n]*npm install @confluentinc\/kafka-javascript[^\n]*\n$/)
  })

  test.each(['send', 'receive'])('%s --help shows its options, whatever else is there', async (command) => {
    const program = wallarx(command, 'nonsense', '--help')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toContain(`wallarx ${command} HOST:PORT`)
    expect(program.stdout()).toContain('--framing')
  })

  test('--version prints the version of the package', async () => {
    const program = wallarx('--version')
    expect(await program.ended).toBe(0)
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(program.stdout()).toBe(`${version}\n`)
  })

  test.each([
    [[], 'a command is missing'],
    [['sned'], 'unknown command "sned"'],
    [['--sned'], 'unknown option "--sned"'],
    [['send'], 'HOST:PORT is missing'],
    [['send', 'river.txt'], 'got "river.txt"'],
    [['send', '127.0.0.1:70000'], 'a port from 0 to 65535'],
    [['send', '127.0.0.1:1', 'a', 'b'], 'got "b" too'],
    [['send', '127.0.0.1:1', '--fast'], "Unknown option '--fast'"],
    [['send', '127.0.0.1:1', '--rate', 'high'], '--rate wants a number'],
    [['send', '127.0.0.1:1', '--rate', '0'], '--rate wants a number above 0'],
    [['send', '127.0.0.1:1', '--repeat', '1.5'], '--repeat wants a whole number'],
    [['send', '127.0.0.1:1', '--repeat', '2'], '--repeat needs a FILE'],
    [['send', '127.0.0.1:1', '--framing', 'xml'], '--framing wants one of length, newline'],
    [['send', '127.0.0.1:1', '--header-length', '3'], '--header-length wants one of 1, 2, 4'],
    [['send', '127.0.0.1:1', '--framing', 'newline', '--header-length', '2'], '--header-length needs --framing length'],
    [['receive'], 'HOST:PORT is missing'],
    [['receive', '127.0.0.1:0', 'more'], 'got "more" too'],
    [['receive', '127.0.0.1:0', '--expect', '0'], '--expect wants a whole number from 1'],
    [['receive', '127.0.0.1:0', '--expect'], "Option '--expect <value>' argument missing"],
    [['receive', '127.0.0.1:0', '--count', '--quiet'], '--count and --quiet exclude each other'],
    [['receive', '127.0.0.1:0', '--framing', 'none', '--expect', '1'], '--expect needs messages'],
    [['receive', '127.0.0.1:0', '--framing', 'none', '--hex'], '--hex needs messages'],
    [['top'], 'URL is missing'],
    [['top', 'ftp://a'], 'expected a URL such as http://127.0.0.1:9464, got "ftp://a"'],
    [['top', 'a:1', '--token', 'ä'], 'the token has characters'],
    [['trace'], 'URL is missing'],
    [['trace', 'a:1'], '--key is missing'],
    [['trace', 'a:1', 'b:1', '--key', '1'], 'expected one URL'],
    [['trace', 'a:1', '--key', 'fox'], '--key wants a whole number below 2^64'],
    [['trace', 'a:1', '--key', '1', '--worker', ''], '--worker wants the name of a worker'],
    [['trace', 'a:1', '--key', '1', '--limit', '0'], '--limit wants a whole number from 1'],
    [['state'], 'DIR is missing'],
    [['state', 'a', 'b'], 'got "b" too'],
    [['state', 'a', '--key', '1'], '--key needs --partition'],
    [['state', 'a', '--partition', 'p', '--key', '18446744073709551616'], '--key wants a whole number below 2^64'],
    [['state', 'export', 'a'], 'export wants DIR and FILE'],
    [['state', 'import', 'a', 'b', 'c'], 'got "c" too'],
    [['state', 'export', 'a', 'b', '--json'], 'export takes the whole store'],
    [['kafka'], 'expected topics, reset or create, got nothing'],
    [['kafka', 'list'], 'got "list"'],
    [['kafka', 'topics', '--brokers', 'a:1'], 'APP is missing'],
    [['kafka', 'topics', 'a'], '--brokers is missing'],
    [['kafka', 'topics', 'a', 'b', '--brokers', 'a:1'], 'got "b" too'],
    [['kafka', 'topics', 'a', '--brokers', 'a:1', '--yes'], '--yes is for reset only'],
    [['kafka', 'topics', 'a', '--brokers', 'a:1', '--settings', 'ssl'], '--settings wants NAME=VALUE'],
    [['kafka', 'topics', 'a', '--brokers', 'a:1', '--settings', 'group.id=b'], 'the option group of kafkaSource'],
    [['kafka', 'reset', 'a', '--brokers', 'a:1'], 'reset wants --yes where nobody can be asked'],
    [['kafka', 'create', '--brokers', 'a:1', '--partitions', '6'], 'TOPIC is missing'],
    [['kafka', 'create', 'a', '--brokers', 'a:1'], '--partitions is missing'],
    [['kafka', 'create', 'a', '--brokers', 'a:1', '--partitions', '0'], '--partitions wants a whole number from 1'],
  ])('%j is refused in one line that says why and where help is, exit code 2', async (args, why) => {
    const program = wallarx(...args)
    expect(await program.ended).toBe(2)
    expect(program.stdout()).toBe('')
    expect(program.stderr()).toContain(why)
    expect(program.stderr()).toMatch(/^wallarx[^\n]*Try wallarx[^\n]* --help\n$/)
  })
})
