import { closed, constructed, createHandle } from './handle.ts'
import { createGroups, type Groups } from './groups.ts'
import type { Library, LibrarySettings } from './library.ts'
import { createOffsets, type Offsets } from './offsets.ts'
import { createTopics, type Topics } from './topics.ts'

/** What belongs to no reader and no producer, on a connection of its own. */
export interface Admin extends Topics, Offsets, Groups {
  close(timeout: number): Promise<void>
}

export async function openAdmin(
  library: Library,
  shared: LibrarySettings,
  brokers: string,
  timeout: number,
): Promise<Admin> {
  // Not an admin handle of its own: those connect without saying so, and their closing blocks the process.
  // Of a consumer: the library looks for a group's coordinator where a broker that is starting answers with no brokers,
  // and ends the process where there is no group. Nothing is ever asked of this one.
  const settings = { ...shared, event_cb: true, 'group.id': 'wallarx-admin', 'enable.auto.commit': false }
  const native = constructed(() => new library.KafkaConsumer(settings, {}))
  const handle = createHandle(native, brokers)
  try {
    await handle.connect(timeout)
  } catch (error) {
    void closed(1_000, (done) => native.disconnect(done))
    throw error
  }
  const admin = library.AdminClient.createFrom(native)

  return {
    ...createTopics(native, handle, admin),
    ...createOffsets(native, handle, admin),
    ...createGroups(handle, admin),
    close: (timeout) => handle.close(timeout, (done) => native.disconnect(done)),
  }
}
