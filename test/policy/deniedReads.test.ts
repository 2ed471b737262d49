import { assert, describe, it } from "@effect/vitest"
import * as path from "node:path"
import { deniedReads, type Look } from "../../src/policy/deniedReads.ts"

/** A machine with these files; a link is `name: "-> target"`. */
const machine = (files: ReadonlyArray<string>, links: Readonly<Record<string, string>> = {}): Look => {
  const folders = new Set(files.flatMap((file) => parents(file)))
  return {
    find: (place) => {
      const real = Object.entries(links).reduce(
        (at, [link, target]) => at === link || at.startsWith(`${link}/`) ? target + at.slice(link.length) : at,
        path.posix.normalize(place)
      )
      return folders.has(real) || files.includes(real) ? real : undefined
    },
    list: (folder) => [
      ...new Set(
        files.filter((file) => file.startsWith(`${folder}/`)).map((file) =>
          file.slice(folder.length + 1).split("/")[0] ?? ""
        )
      )
    ]
  }
}

const parents = (file: string): ReadonlyArray<string> =>
  file === "/" ? [] : [path.posix.dirname(file), ...parents(path.posix.dirname(file))]

const denied = (options: {
  readonly files: ReadonlyArray<string>
  readonly links?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly folders?: ReadonlyArray<string>
  readonly needed?: ReadonlyArray<string>
}) =>
  deniedReads({
    env: { HOME: "/home/me", ...options.env },
    folders: options.folders ?? [],
    needed: options.needed ?? [],
    look: machine(options.files, options.links)
  })

describe("what commands can't read", () => {
  it("is what is there of credentials, and the folders given", () => {
    const { denied: places, exposed } = denied({
      files: [
        "/home/me/.ssh/id_rsa",
        "/home/me/.netrc",
        "/home/me/.config/gh/hosts.yml",
        "/home/me/.config/nvim/init.vim",
        "/home/me/.docker/bin/docker-buildx",
        "/home/me/.docker/config.json",
        "/home/me/.local/share/keyrings/login.keyring",
        "/home/me/.local/state/codex-runner/signing-key.pem",
        "/home/me/code/app/.git/HEAD",
        "/etc/shadow"
      ],
      folders: ["/home/me/.local/state/codex-runner"]
    })
    assert.deepStrictEqual([...places].sort(), [
      "/etc/shadow",
      "/home/me/.config/gh",
      "/home/me/.docker/config.json",
      "/home/me/.local/share/keyrings",
      "/home/me/.local/state/codex-runner",
      "/home/me/.netrc",
      "/home/me/.ssh"
    ])
    assert.deepStrictEqual(exposed, [])
  })

  it("is found where variables put it", () => {
    const { denied: places } = denied({
      files: [
        "/x/config/gh/hosts.yml",
        "/x/kube/a",
        "/x/kube/b",
        "/x/codex/auth.json",
        "/home/me/.config/gh/hosts.yml"
      ],
      env: { XDG_CONFIG_HOME: "/x/config", KUBECONFIG: "/x/kube/a:/x/kube/b:relative", CODEX_HOME: "/x/codex" }
    })
    assert.deepStrictEqual([...places].sort(), ["/x/codex", "/x/config/gh", "/x/kube/a", "/x/kube/b"])
  })

  it("is never all of the home, whatever a variable says", () => {
    const files = ["/home/me/notes", "/home/me/.kube/config"]
    for (const folder of ["/", "/home", "/home/me", "/home/me/"]) {
      assert.deepStrictEqual(denied({ files, env: { DOCKER_CONFIG: folder } }).denied, ["/home/me/.kube"], folder)
    }
  })

  it("is told by its real place, once, and not again inside another", () => {
    const { denied: places } = denied({
      files: ["/vault/ssh/id_rsa", "/home/me/.aws/credentials", "/home/me/.aws/other"],
      links: { "/home/me/.ssh": "/vault/ssh" },
      env: { AWS_CONFIG_FILE: "/home/me/.aws/other" },
      folders: ["/vault/ssh"]
    })
    assert.deepStrictEqual([...places].sort(), ["/home/me/.aws", "/vault/ssh"])
  })

  it("leaves a way to what commands need", () => {
    const { denied: places, exposed } = denied({
      files: [
        "/home/me/.codex/auth.json",
        "/home/me/.codex/packages/bin/codex",
        "/home/me/.codex/packages/notes",
        "/home/me/.codex/history.jsonl"
      ],
      needed: ["/home/me/.codex/packages/bin/codex", "/nowhere"]
    })
    assert.deepStrictEqual([...places].sort(), [
      "/home/me/.codex/auth.json",
      "/home/me/.codex/history.jsonl",
      "/home/me/.codex/packages/notes"
    ])
    assert.deepStrictEqual(exposed, [])
  })

  it("says what can't be denied, since commands need it itself", () => {
    const { denied: places, exposed } = denied({
      files: ["/home/me/.claude/bin/tool", "/home/me/.claude/token", "/home/me/.netrc"],
      needed: ["/home/me/.claude"]
    })
    assert.deepStrictEqual(places, ["/home/me/.netrc"])
    assert.deepStrictEqual(exposed, ["/home/me/.claude"])
  })

  it("is little where there is no home", () => {
    assert.deepStrictEqual(denied({ files: ["/.ssh/id", "/etc/shadow"], env: { HOME: "" } }).denied, ["/etc/shadow"])
  })
})
