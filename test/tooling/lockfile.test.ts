import { assert, describe, it } from "@effect/vitest"
import { complete, judgeLock } from "../../scripts/lockfile.mjs"

const manifest = { name: "x", version: "1.0.0", dependencies: { a: "1.2.3" } }
const lock = { name: "x", version: "1.0.0", packages: { "": {}, "node_modules/a": { version: "1.2.3" } } }

/** A tool whose binaries are packages of their own, of which the registry had one. */
const withBinaries = {
  ...lock,
  packages: {
    ...lock.packages,
    "node_modules/tool": {
      version: "2.0.0",
      dev: true,
      optionalDependencies: {
        "@tool/darwin-arm64": "2.0.0",
        "@tool/linux-x64-musl": "2.0.0",
        "@tool/linux-x64": "2.0.0"
      }
    },
    "node_modules/@tool/linux-x64": { version: "2.0.0", optional: true }
  }
}

describe("judgeLock", () => {
  it("is content with a complete file that names no host", () => assert.deepStrictEqual(judgeLock(lock, manifest), []))

  it("reports a host", () =>
    assert.deepStrictEqual(
      judgeLock({
        ...lock,
        packages: { "node_modules/a": { version: "1.2.3", resolved: "https://registry.example/a.tgz" } }
      }, manifest),
      ["node_modules/a names the host it came from; .npmrc leaves that out"]
    ))

  it("reports a range, and a file for another version", () =>
    assert.deepStrictEqual(
      judgeLock(lock, { ...manifest, version: "1.1.0", devDependencies: { b: "^1.0.0" } }),
      ["it is for x 1.0.0; npm install", "package.json asks for b \"^1.0.0\", not for an exact version"]
    ))

  it("reports binaries for other systems that are left out", () =>
    assert.deepStrictEqual(judgeLock(withBinaries, manifest), [
      "node_modules/@tool/darwin-arm64 is missing; npm run lock adds it",
      "node_modules/@tool/linux-x64-musl is missing; npm run lock adds it"
    ]))
})

describe("complete", () => {
  it("adds them, each for its system, and changes nothing else", () => {
    const { packages } = complete(withBinaries)
    assert.deepStrictEqual(packages, {
      ...withBinaries.packages,
      "node_modules/@tool/darwin-arm64": {
        version: "2.0.0",
        cpu: ["arm64"],
        dev: true,
        optional: true,
        os: ["darwin"]
      },
      "node_modules/@tool/linux-x64-musl": {
        version: "2.0.0",
        cpu: ["x64"],
        dev: true,
        libc: ["musl"],
        optional: true,
        os: ["linux"]
      }
    })
    assert.deepStrictEqual(judgeLock(complete(withBinaries), manifest), [])
  })
})
