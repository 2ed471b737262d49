import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { version } from "../../src/version.ts"
import { cleanEnv, scratchFolder } from "../support/GitRepo.ts"
import { start } from "./support/program.ts"
import { codexWrapper } from "./support/scene.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const npm = (cwd: string, env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>): string => {
  const end = spawnSync("npm", [
    ...args,
    "--ignore-scripts",
    "--offline",
    "--no-audit",
    "--no-fund",
    "--loglevel=error"
  ], {
    cwd,
    env,
    encoding: "utf8"
  })
  assert.strictEqual(end.status, 0, `npm ${args.join(" ")}: ${end.stderr}`)
  return end.stdout
}

const decodePacked = Schema.decodeUnknownSync(
  Schema.parseJson(Schema.Tuple(Schema.Struct({ filename: Schema.String })))
)
const decodeManifest = Schema.decodeUnknownSync(
  Schema.parseJson(Schema.Struct({ dependencies: Schema.Record({ key: Schema.String, value: Schema.String }) }))
)

describe("the packed package", () => {
  it.scopedLive("installs into an empty project, and its program runs there on its own", () =>
    Effect.gen(function*() {
      const home = yield* scratchFolder
      const env = { ...cleanEnv(home), NPM_CONFIG_USERCONFIG: "/dev/null" }
      const [{ filename }] = decodePacked(npm(root, env, "pack", "--json", "--pack-destination", home))
      const app = `${home}/app`
      Fs.mkdirSync(app)
      Fs.writeFileSync(`${app}/package.json`, `{"name":"app","private":true}`)
      // Its dependencies from here, so that no registry is needed.
      const { dependencies } = decodeManifest(Fs.readFileSync(`${root}/package.json`, "utf8"))
      const folders = Object.keys(dependencies).map((name) => `${root}/node_modules/${name}`)
      npm(app, env, "install", `${home}/${filename}`, ...folders)
      // The program is to do without them.
      for (const name of Object.keys(dependencies)) Fs.rmSync(`${app}/node_modules/${name}`, { recursive: true })

      const bin = `${app}/node_modules/.bin/codex-runner`
      const cli = (...args: ReadonlyArray<string>) =>
        Effect.flatMap(
          start({ args, bin, cwd: app, env: { ...env, PATH: `${Path.dirname(codexWrapper)}:${process.env["PATH"]}` } }),
          (program) => program.ended
        )
      assert.deepStrictEqual(yield* cli("--version"), { code: 0, stdout: `${version}\n`, stderr: "" })
      const demo = yield* cli("demo")
      assert.strictEqual(demo.code, 0, demo.stderr)
      assert.lengthOf(demo.stdout.match(/^diff --git /gm) ?? [], 6)
      assert.isTrue(Fs.existsSync(`${app}/node_modules/codex-mcp-runner/dist/THIRD-PARTY-LICENSES.txt`))
    }))
})
