import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { appendRecord, type FoundOnDisk, recordsIn, sha256Of, verifyRecords } from "../../src/store/records.ts"
import { type SigningKey, signingKey } from "../../src/store/signingKey.ts"
import { scratchFolder } from "../support/GitRepo.ts"
import { bundle } from "../support/program.ts"

interface Run {
  readonly folder: string
  readonly key: SigningKey
  /** What `verify` says, with some of the files as they are on disk now. */
  readonly verify: (
    found?: { readonly files?: Readonly<Record<string, string | null>>; readonly key?: SigningKey }
  ) => ReadonlyArray<string>
  readonly lines: () => ReadonlyArray<string>
  /** Puts other lines in place of the records. */
  readonly rewrite: (lines: ReadonlyArray<string>) => void
}

const files: Readonly<Record<string, string>> = {
  "run": "the request",
  "end": "the run's result",
  "a/result": "the result of a",
  "a/patch": "the patch of a",
  "b/result": "the result of b"
}

const hashOf = (name: string): string => sha256Of(files[name] ?? "")

/** A run of two tasks, one with a patch, to its end. */
const finishedRun = Effect.gen(function*() {
  const folder = yield* scratchFolder
  const key = yield* signingKey(`${folder}/state`)
  const none = { run_id: "run", task_id: null, status: null, result_sha256: null, patch_sha256: null }
  const records = [
    { ...none, kind: "run", result_sha256: hashOf("run") },
    {
      ...none,
      kind: "task",
      task_id: "a",
      status: "success",
      result_sha256: hashOf("a/result"),
      patch_sha256: hashOf("a/patch")
    },
    { ...none, kind: "task", task_id: "b", status: "failed", result_sha256: hashOf("b/result") },
    { ...none, kind: "end", status: "completed", result_sha256: hashOf("end") }
  ] as const
  for (const record of records) yield* appendRecord(folder, key, record)

  const found = (on: Readonly<Record<string, string | null>>): FoundOnDisk => ({
    tasks: ["a", "b"],
    ended: true,
    filesOf: ({ kind, task_id }) => {
      const bytes = (name: string) => {
        const text = on[name] ?? null
        return text === null ? null : Buffer.from(text)
      }
      return kind === "task" || kind === "apply"
        ? { result: bytes(`${task_id}/result`), patch: bytes(`${task_id}/patch`) }
        : { result: bytes(kind), patch: null }
    }
  })
  const run: Run = {
    folder,
    key,
    verify: (seen = {}) => verifyRecords(folder, seen.key ?? key, found({ ...files, ...seen.files })),
    lines: () => Fs.readFileSync(recordsIn(folder), "utf8").split("\n").slice(0, -1),
    rewrite: (lines) => Fs.writeFileSync(recordsIn(folder), lines.map((line) => `${line}\n`).join(""))
  }
  return run
})

describe("a record that finds no room", () => {
  it.scoped("is not half kept, and the ones before it hold", () =>
    Effect.gen(function*() {
      const { folder, lines, verify } = yield* finishedRun
      const kept = lines()
      const program = bundle(
        folder,
        `import { Effect } from "effect"
        import { appendRecord } from "./src/store/records.ts"
        import { signingKey } from "./src/store/signingKey.ts"
        const record = { kind: "apply", run_id: "run", task_id: "a", status: "x".repeat(3000), result_sha256: null, patch_sha256: null }
        const keep = Effect.flatMap(signingKey(process.argv[2] + "/state"), (key) => appendRecord(process.argv[2], key, record))
        console.log(await Effect.runPromise(Effect.match(keep, { onFailure: ({ _tag }) => _tag, onSuccess: () => "kept" })))`
      )
      // In blocks of a kilobyte.
      const { stderr, stdout } = spawnSync("bash", [
        "-c",
        `ulimit -f 4; exec "$@"`,
        "bash",
        process.execPath,
        program,
        folder
      ], {
        encoding: "utf8"
      })
      assert.strictEqual(stdout, "StoreFailed\n", stderr)
      assert.deepStrictEqual(lines(), kept)
      assert.deepStrictEqual(verify(), [])
    }))
})

describe("the records of a run", () => {
  it.scoped("hold as they were written, one line for each", () =>
    Effect.gen(function*() {
      const { folder, lines, verify } = yield* finishedRun
      assert.deepStrictEqual(verify(), [])
      assert.strictEqual(lines().length, 4)
      assert.strictEqual(Fs.statSync(recordsIn(folder)).mode & 0o777, 0o600)
    }))

  it.scoped("hold with the same key read again", () =>
    Effect.gen(function*() {
      const { folder, verify } = yield* finishedRun
      assert.deepStrictEqual(verify({ key: yield* signingKey(`${folder}/state`) }), [])
    }))

  it.scoped("don't hold with any one byte changed, left out or added", () =>
    Effect.gen(function*() {
      const { folder, verify } = yield* finishedRun
      const bytes = Fs.readFileSync(recordsIn(folder))
      const write = (...parts: ReadonlyArray<Uint8Array>) => Fs.writeFileSync(recordsIn(folder), Buffer.concat(parts))
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, difference) => {
          const other = Buffer.of((bytes[at] ?? 0) ^ difference)
          write(bytes.subarray(0, at), other, bytes.subarray(at + 1))
          assert.notDeepEqual(verify(), [], `byte ${at} changed`)
          write(bytes.subarray(0, at), bytes.subarray(at + 1))
          assert.notDeepEqual(verify(), [], `byte ${at} left out`)
          write(bytes.subarray(0, at), other, bytes.subarray(at))
          assert.notDeepEqual(verify(), [], `byte added at ${at}`)
        }),
        { numRuns: 300 }
      )
      // The places where a lenient reader sees no change.
      const text = bytes.toString("utf8")
      for (
        const other of [
          text.slice(0, -1),
          `${text}\n`,
          `${text} `,
          text.replace(/\n$/, " \n"),
          text.replace(/,"key"/, ", \"key\"")
        ]
      ) {
        Fs.writeFileSync(recordsIn(folder), other)
        assert.notDeepEqual(verify(), [])
      }
    }))

  for (const [name, at] of [["first", 0], ["second", 1], ["third", 2], ["last", 3]] as const) {
    it.scoped(`don't hold without the ${name}`, () =>
      Effect.gen(function*() {
        const { lines, rewrite, verify } = yield* finishedRun
        rewrite(lines().toSpliced(at, 1))
        const problems = verify().join("\n")
        assert.include(
          problems,
          ["the first record is missing", "the record of task a is missing", "the record of task b is missing"][at] ??
            "the record of the run's end is missing"
        )
      }))
  }

  it.scoped("don't hold in another order, or with one twice", () =>
    Effect.gen(function*() {
      const { lines, rewrite, verify } = yield* finishedRun
      const [run = "", a = "", b = "", end = ""] = lines()
      rewrite([run, b, a, end])
      assert.include(verify().join("\n"), "a record is missing or added")
      rewrite([run, a, a, b, end])
      assert.include(verify().join("\n"), "a record is missing or added")
      rewrite([run, a, b, end, end])
      assert.include(verify().join("\n"), "a record is missing or added")
    }))

  it.scoped("don't hold with the record of another run in the place of one, however genuine", () =>
    Effect.gen(function*() {
      const { folder, key, lines, rewrite, verify } = yield* finishedRun
      const all = lines()
      rewrite(["", ""])
      yield* appendRecord(folder, key, {
        kind: "task",
        run_id: "run",
        task_id: "b",
        status: "success",
        result_sha256: hashOf("b/result"),
        patch_sha256: null
      })
      const [other = ""] = lines().slice(-1)
      rewrite(all.with(2, other))
      assert.deepStrictEqual(verify(), [
        "record 2 (task b) does not follow the one before it: that one was changed or is missing",
        "record 3 (end) does not follow the one before it: that one was changed or is missing"
      ])
    }))

  it.scoped("don't hold where there are none, or where one can't be read", () =>
    Effect.gen(function*() {
      const { folder, lines, rewrite, verify } = yield* finishedRun
      const all = lines()
      rewrite(all.with(1, "{}"))
      assert.include(verify(), "record 1 can't be read")
      rewrite(all.with(2, ""))
      assert.include(verify(), "record 2 can't be read")
      rewrite([])
      assert.deepStrictEqual(verify(), ["there are no records"])
      Fs.rmSync(recordsIn(folder))
      assert.deepStrictEqual(verify(), ["there are no records"])
    }))

  it.scoped("don't hold where what they speak of was changed, is missing or was swapped", () =>
    Effect.gen(function*() {
      const { verify } = yield* finishedRun
      const of = (changed: Readonly<Record<string, string | null>>) => verify({ files: changed })
      assert.deepStrictEqual(of({ "a/patch": "the patch of A" }), ["record 1 (task a): its patch was changed"])
      assert.deepStrictEqual(of({ "a/patch": null }), ["record 1 (task a): its patch is missing"])
      assert.deepStrictEqual(of({ "b/result": "another" }), ["record 2 (task b): its result was changed"])
      assert.deepStrictEqual(of({ "end": "another" }), ["record 3 (end): its result was changed"])
      assert.deepStrictEqual(of({ "run": "another" }), ["record 0 (run): its result was changed"])
      assert.deepStrictEqual(
        of({ "a/result": files["b/result"] ?? "", "b/result": files["a/result"] ?? "" }),
        ["record 1 (task a): its result was changed", "record 2 (task b): its result was changed"]
      )
    }))

  it.scoped("don't hold by another key, be it that of whoever wrote them anew", () =>
    Effect.gen(function*() {
      const { key, verify } = yield* finishedRun
      const other = yield* Effect.flatMap(scratchFolder, signingKey)
      const problems = verify({ key: other })
      assert.strictEqual(problems.length, 4)
      for (const problem of problems) assert.include(problem, `is signed with another key (${key.id})`)
    }))

  it.scoped("don't hold where another key signs in this one's name", () =>
    Effect.gen(function*() {
      const { folder, key, rewrite, verify } = yield* finishedRun
      const other = yield* Effect.flatMap(scratchFolder, signingKey)
      rewrite([])
      yield* appendRecord(folder, { ...other, id: key.id }, {
        kind: "run",
        run_id: "run",
        task_id: null,
        status: null,
        result_sha256: hashOf("run"),
        patch_sha256: null
      })
      assert.include(verify(), "record 0 (run) was changed: its signature does not hold")
    }))

  it.scoped("hold where they are many, or long", () =>
    Effect.gen(function*() {
      const { folder, key, lines, verify } = yield* finishedRun
      for (const status of ["branch", "x".repeat(20_000), "branch", ...Array.from({ length: 40 }, () => "checkout")]) {
        yield* appendRecord(folder, key, {
          kind: "apply",
          run_id: "run",
          task_id: "a",
          status,
          result_sha256: null,
          patch_sha256: null
        })
      }
      assert.strictEqual(lines().length, 47)
      assert.deepStrictEqual(verify(), [])
    }))

  it.scoped("a line that a crash left half spoils itself alone", () =>
    Effect.gen(function*() {
      const { folder, key, lines, verify } = yield* finishedRun
      const [run = "", a = ""] = lines()
      Fs.writeFileSync(recordsIn(folder), `${run}\n${a.slice(0, 40)}`)
      assert.include(verify(), "the last record has no end")
      yield* appendRecord(folder, key, {
        kind: "end",
        run_id: "run",
        task_id: null,
        status: "completed",
        result_sha256: hashOf("end"),
        patch_sha256: null
      })
      assert.deepStrictEqual(verify(), [
        "record 1 can't be read",
        "the record of task a is missing",
        "the record of task b is missing"
      ])
    }))
})

describe("the signing key", () => {
  it.scoped("is made once, for its owner's eyes alone", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.map(scratchFolder, (home) => `${home}/deep/state`)
      const keys = yield* Effect.forEach([1, 2, 3], () => signingKey(folder))
      assert.strictEqual(new Set(keys.map(({ id }) => id)).size, 1)
      assert.match(keys[0]?.id ?? "", /^[0-9a-f]{16}$/)
      assert.deepStrictEqual(Fs.readdirSync(folder), ["signing-key.pem"])
      assert.strictEqual(Fs.statSync(`${folder}/signing-key.pem`).mode & 0o777, 0o600)
    }))

  it.scoped("is never replaced, however broken", () =>
    Effect.gen(function*() {
      const folder = yield* scratchFolder
      Fs.writeFileSync(`${folder}/signing-key.pem`, "not a key\n")
      const failed = yield* Effect.flip(signingKey(folder))
      assert.include(failed.message, "signing-key.pem")
      assert.strictEqual(Fs.readFileSync(`${folder}/signing-key.pem`, "utf8"), "not a key\n")
    }))
})
