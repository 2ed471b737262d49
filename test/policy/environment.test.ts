import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { codexEnvironment, commandEnvironment } from "../../src/policy/environment.ts"

const host = {
  PATH: "/usr/bin:/bin",
  HOME: "/home/me",
  USER: "me",
  LANG: "C.UTF-8",
  TERM: "xterm",
  SHELL: "/bin/zsh",
  TMPDIR: "/var/tmp",
  NODE_ENV: "test",
  CODEX_HOME: "/home/me/.codex",
  CODEX_API_KEY: "sk-codex",
  OPENAI_API_KEY: "sk-openai",
  GITHUB_TOKEN: "gh",
  https_proxy: "http://proxy",
  NODE_EXTRA_CA_CERTS: "/ca.pem",
  NODE_OPTIONS: "--require /x.js",
  LD_PRELOAD: "/x.so",
  MINE_KEY: "mine"
}

describe("codexEnvironment", () => {
  it("holds what Codex needs and what is passed through, and no other secret or loader", () => {
    assert.deepStrictEqual(codexEnvironment(host, { passthrough: ["MINE_KEY", "ABSENT"], codexHome: "/run/codex" }), {
      PATH: "/usr/bin:/bin",
      HOME: "/home/me",
      USER: "me",
      LANG: "C.UTF-8",
      TERM: "xterm",
      SHELL: "/bin/zsh",
      TMPDIR: "/var/tmp",
      NODE_ENV: "test",
      CODEX_HOME: "/run/codex",
      CODEX_API_KEY: "sk-codex",
      https_proxy: "http://proxy",
      NODE_EXTRA_CA_CERTS: "/ca.pem",
      MINE_KEY: "mine"
    })
  })

  it("leaves the user's own Codex folder where the run has none", () => {
    assert.propertyVal(codexEnvironment(host, { passthrough: [], codexHome: null }), "CODEX_HOME", "/home/me/.codex")
    assert.notProperty(codexEnvironment({}, { passthrough: [], codexHome: null }), "CODEX_HOME")
  })
})

const folders = { worktree: "/state/wt/run-a", home: "/state/home", sandboxTmpdir: "/state/scratch" }

const pathOf = (path: string | undefined) => commandEnvironment({ PATH: path }, { ...folders, commandEnv: {} })["PATH"]

describe("commandEnvironment", () => {
  it("holds nothing of the host but the few harmless names", () => {
    assert.deepStrictEqual(commandEnvironment(host, { ...folders, commandEnv: { CI: "1" } }), {
      PATH: "/usr/bin:/bin",
      USER: "me",
      LANG: "C.UTF-8",
      TERM: "xterm",
      NODE_ENV: "test",
      CI: "1",
      HOME: "/state/home",
      TMPDIR: "/state/scratch",
      SHLVL: "1",
      ZDOTDIR: "/dev/null",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_COUNT: "3",
      GIT_CONFIG_KEY_0: "safe.bareRepository",
      GIT_CONFIG_VALUE_0: "explicit",
      GIT_CONFIG_KEY_1: "core.fsmonitor",
      GIT_CONFIG_VALUE_1: "false",
      GIT_CONFIG_KEY_2: "core.hooksPath",
      GIT_CONFIG_VALUE_2: "/dev/null",
      GIT_PAGER: "cat"
    })
  })

  it("lets command_env win over nothing that the runner sets, and bring in no secret", () => {
    const commandEnv = { PATH: "/evil", HOME: "/evil", SHLVL: "0", GIT_CONFIG_COUNT: "0", NPM_TOKEN: "x", npm_key: "x" }
    assert.deepStrictEqual(
      commandEnvironment(host, { ...folders, commandEnv }),
      commandEnvironment(host, { ...folders, commandEnv: {} })
    )
  })

  it.each([
    ["/usr/bin:bin:./x::~/bin:/bin", "/usr/bin:/bin"],
    ["/state/wt/run-a/node_modules/.bin:/usr/bin", "/usr/bin"],
    ["/state/wt/run-a:/state/wt/run-a/:/usr/bin", "/usr/bin"],
    ["/state/wt/other/../run-a/bin:/usr/bin", "/usr/bin"],
    ["/STATE/wt/Run-A/bin:/usr/bin", "/usr/bin"],
    ["//state/wt/run-a/bin:/usr/bin", "/usr/bin"],
    ["/state/home/bin:/state/home/tmp/bin:/usr/bin", "/usr/bin"],
    ["/state/wt/run-ab/bin:/state/wt:/usr/bin", "/state/wt/run-ab/bin:/state/wt:/usr/bin"],
    ["", "/usr/local/bin:/usr/bin:/bin"],
    [undefined, "/usr/local/bin:/usr/bin:/bin"],
    [".", "/usr/local/bin:/usr/bin:/bin"]
  ])("makes of the search path %j %j", (path, expected) => {
    assert.strictEqual(pathOf(path), expected)
  })

  it("never lets a secret's name through", () => {
    const name = fc.tuple(
      fc.stringMatching(/^[A-Za-z_]{0,5}$/),
      fc.constantFrom("_KEY", "_Secret", "_token", "_PASSWORD")
    ).map((parts) => parts.join(""))
    fc.assert(fc.property(fc.dictionary(name, fc.string()), (secrets) => {
      const environment = commandEnvironment(secrets, { ...folders, commandEnv: secrets })
      for (const secret of Object.keys(secrets)) assert.notProperty(environment, secret)
    }))
  })
})
