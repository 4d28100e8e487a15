import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './files.ts'

/** A disk of a few KiB that is really full when it is full. It is there for one command only. */
export interface SmallDisk {
  /** Where the command finds it. */
  readonly directory: string
  /** Where what the command has left on it is found afterwards. */
  readonly kept: string
  /** What to start: runs the command with the disk mounted, copies the disk when that has ended. Exit code: its own. */
  command(file: string, ...args: readonly string[]): [file: string, ...args: string[]]
}

// A file system in memory that only the command sees: without root, too, where users may have namespaces of their own.
const ways = [['--user', '--map-root-user', '--mount'], ['--mount']]
const way = ways.find(
  (options) =>
    spawnSync('unshare', [...options, 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt']).status === 0,
)

/** Why there are none on this machine; `undefined` where there are. */
export const noSmallDisk = way === undefined ? 'needs unshare and mount, and namespaces for users or root' : undefined

export function smallDisk(kibibytes: number): SmallDisk {
  const folder = temporaryFolder()
  const [directory, kept] = [join(folder, 'disk'), join(folder, 'kept')]
  mkdirSync(directory)
  const script =
    'mount -t tmpfs -o "size=$1k" tmpfs "$2" || exit 99; disk=$2; kept=$3; shift 3; ' +
    '"$@"; code=$?; cp -r "$disk" "$kept" || exit 98; exit $code'
  return {
    directory,
    kept,
    command: (file, ...args) => [
      'unshare',
      ...[...way!, 'sh', '-c', script, 'sh', String(kibibytes), directory, kept],
      ...[file, ...args],
    ],
  }
}
