import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { followFile } from "../../src/process/followFile.ts"
import { scratchFolder } from "../support/GitRepo.ts"

/** A follower of a file, and what it has seen: `until` waits for that. */
const following = Effect.gen(function*() {
  const file = `${yield* scratchFolder}/log`
  let over = false
  let seen = ""
  const waiting: Array<() => void> = []
  const fiber = yield* followFile(file, { isOver: Effect.sync(() => over), every: 1 }).pipe(
    Stream.runForEach((bytes) =>
      Effect.sync(() => {
        seen += Buffer.from(bytes).toString()
        for (const look of waiting) look()
      })
    ),
    Effect.fork
  )
  const until = (text: string) =>
    Effect.async<void>((resume) => {
      const look = () => seen === text ? resume(Effect.void) : undefined
      waiting.push(look)
      look()
    })
  const end = Effect.zipRight(Effect.sync(() => over = true), Effect.map(Fiber.join(fiber), () => seen))
  return { file, until, end }
})

const read = (file: string) =>
  Effect.map(
    Stream.runCollect(followFile(file, { isOver: Effect.succeed(true), every: 1 })),
    (chunks) => Buffer.concat(Chunk.toArray(chunks))
  )

describe("a file that is followed", () => {
  it.scopedLive("is read as it grows, from when it is there, to what was written before its end", () =>
    Effect.gen(function*() {
      const { end, file, until } = yield* following
      Fs.writeFileSync(file, "one\n")
      yield* until("one\n")
      Fs.appendFileSync(file, "two")
      yield* until("one\ntwo")
      Fs.appendFileSync(file, "!\n")
      assert.strictEqual(yield* end, "one\ntwo!\n")
    }))

  it.scopedLive("is read from the start where another takes its place, or it is cut short", () =>
    Effect.gen(function*() {
      const { end, file, until } = yield* following
      Fs.writeFileSync(file, "first\n")
      yield* until("first\n")
      Fs.renameSync(file, `${file}.old`)
      Fs.writeFileSync(file, "another\n")
      yield* until("first\nanother\n")
      Fs.writeFileSync(file, "cut\n")
      yield* until("first\nanother\ncut\n")
      Fs.rmSync(file)
      assert.strictEqual(yield* end, "first\nanother\ncut\n")
    }))

  it.scopedLive("that is over: all of it, however large; of one that was never there, nothing", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      assert.strictEqual((yield* read(`${folder}/none`)).length, 0)
      const large = Buffer.alloc(3_500_000, "0123456789")
      Fs.writeFileSync(`${folder}/large`, large)
      assert.isTrue((yield* read(`${folder}/large`)).equals(large))
    }))
})
