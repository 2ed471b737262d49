/** A file that another process may still be writing, read as it grows. */
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { open } from "node:fs/promises"

export interface FollowOptions {
  /** Whether nothing more will be written: what is there by then is still read. */
  readonly isOver: Effect.Effect<boolean>
  /** How often to look. Nothing else notices a change on every file system. */
  readonly every: Duration.DurationInput
}

/** How far a file was read. */
interface Position {
  readonly inode: number
  readonly bytes: number
}

const atStart: Position = { inode: 0, bytes: 0 }

/** Bytes read at one look. */
const maxBytesAtOnce = 1024 * 1024

/** From its start on. It need not be there yet; one that takes its place, or is cut short, is read from the start. */
export const followFile = (path: string, options: FollowOptions): Stream.Stream<Uint8Array> =>
  Stream.paginateChunkEffect(atStart, (position) => look(path, options, position))

const look = Effect.fnUntraced(function*(path: string, { every, isOver }: FollowOptions, position: Position) {
  // Asked first: what was written before the end is seen by the look that follows.
  const over = yield* isOver
  const { bytes, next } = yield* Effect.promise(() =>
    readFrom(path, position).catch(() => ({ bytes: null, next: position }))
  )
  if (bytes !== null) return [Chunk.of(bytes), Option.some(next)] as const
  if (over) return [Chunk.empty<Uint8Array>(), Option.none<Position>()] as const
  yield* Effect.sleep(every)
  return [Chunk.empty<Uint8Array>(), Option.some(next)] as const
})

const readFrom = async (path: string, position: Position) => {
  const file = await open(path, "r")
  try {
    const { ino, size } = await file.stat()
    const start = ino === position.inode && size >= position.bytes ? position.bytes : 0
    const length = Math.min(size - start, maxBytesAtOnce)
    if (length === 0) return { bytes: null, next: { inode: ino, bytes: start } }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    return { bytes: buffer.subarray(0, bytesRead), next: { inode: ino, bytes: start + bytesRead } }
  } finally {
    await file.close()
  }
}
