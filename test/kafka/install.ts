/**
 * Installs the Kafka client that the tests under test/kafka use, and links it as test/kafka/node_modules. Not a
 * devDependency of the package: where no prebuilt binary can be fetched it is compiled, which takes a minute and a
 * half. So it is done once for a machine, and the 13 MB that are needed of it are kept.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, lstatSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached, execute, Missing } from './cache.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const client = join('node_modules', '@confluentinc', 'kafka-javascript')
/** What has to be there to compile it, and where one sees that it is. */
const needed: Readonly<Record<string, string>> = {
  python3: '/usr/bin/python3',
  make: '/usr/bin/make',
  'g++': '/usr/bin/g++',
  'libssl-dev': '/usr/include/openssl/ssl.h',
  'zlib1g-dev': '/usr/include/zlib.h',
  'libzstd-dev': '/usr/include/zstd.h',
  'liblz4-dev': '/usr/include/lz4.h',
  'libsasl2-dev': '/usr/include/sasl/sasl.h',
  'libcurl4-openssl-dev': '/usr/include/curl/curl.h',
}

/** The folder of the client's node_modules, which is test/kafka/node_modules from now on. */
export function installClient(tell: (line: string) => void = () => undefined): string {
  const wanted = ['package.json', 'package-lock.json'].map((name) => join(here, name))
  const digest = createHash('sha256')
  for (const path of wanted) digest.update(readFileSync(path))
  const { platform, arch, versions } = process
  const name = `client-${digest.digest('hex').slice(0, 12)}-${platform}-${arch}-${libc()}-node${versions.modules}`
  const folder = cached(name, (unfinished) => {
    tell('installing the Kafka client, once')
    for (const path of wanted) copyFileSync(path, join(unfinished, path.slice(here.length)))
    execute('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: unfinished })
    if (!fetchBinary(unfinished)) compile(unfinished, tell)
    execute(process.execPath, ['-e', `require('./${client}')`], { cwd: unfinished })
  })
  const modules = join(folder, 'node_modules')
  link(modules, join(here, 'node_modules'))
  return modules
}

function fetchBinary(folder: string): boolean {
  const preGyp = join(folder, 'node_modules', '.bin', 'node-pre-gyp')
  try {
    execute(preGyp, ['install'], { cwd: join(folder, client) })
    return true
  } catch {
    return false // none for this platform, or GitHub cannot be reached
  }
}

function compile(folder: string, tell: (line: string) => void): void {
  installLibraries(tell)
  tell('no prebuilt binary can be fetched: compiling it, which takes a minute and a half')
  // MAKEFLAGS would break the build of librdkafka.
  const env = { ...process.env, CKJS_LINKING: 'dynamic', MAKEFLAGS: undefined }
  execute('npm', ['rebuild', '@confluentinc/kafka-javascript'], { cwd: folder, env })
  const at = (path: string): string => join(folder, client, path)
  const made = readdirSync(at('build/deps'))
  const superfluous = [
    ...['deps', 'build/Release/obj.target', 'build/Release/.deps', 'build/deps/include', 'build/deps/librdkafka'],
    ...['build/deps/pkgconfig', 'build/deps/share', 'build/deps/lib', 'build/deps/bin'],
    ...made.filter((name) => name.endsWith('.a')).map((name) => `build/deps/${name}`),
  ]
  for (const path of superfluous) rmSync(at(path), { recursive: true, force: true })
  const libraries = readdirSync(at('build/deps')).filter((name) => name.endsWith('.so.1'))
  const addons = readdirSync(at('build/Release')).filter((name) => name.endsWith('.node'))
  const stripped = [
    ...libraries.map((name) => at(`build/deps/${name}`)),
    ...addons.map((name) => at(`build/Release/${name}`)),
  ]
  execute('strip', ['--strip-unneeded', ...stripped])
}

function installLibraries(tell: (line: string) => void): void {
  const packages = Object.keys(needed).filter((name) => !existsSync(needed[name]!))
  if (packages.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Missing(`The Kafka client has to be compiled, and for that there are missing: ${packages.join(', ')}.
As root: ${command}`)
  }
  tell(command)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execute('apt-get', ['update', '-q'], { env })
  execute('apt-get', command.split(' ').slice(1), { env })
}

/** Which C library this process runs on: a binary for one does not load on the other. */
function libc(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined ? 'other' : 'glibc'
}

function link(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path, { recursive: true })
  symlinkSync(target, path)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const begin = performance.now()
    const folder = installClient((line) => console.log(line))
    console.log(`the Kafka client is in ${folder} (${((performance.now() - begin) / 1000).toFixed(1)} s)`)
  } catch (error) {
    console.error(error instanceof Missing ? error.message : error)
    process.exitCode = 1
  }
}
