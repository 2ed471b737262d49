import { assert, describe, it } from "@effect/vitest"
import { linkFault } from "../../src/policy/linkRules.ts"

describe("linkFault", () => {
  it.each([
    ["src/link", "a.ts"],
    ["src/link", "./a.ts"],
    ["src/link", "../README.md"],
    ["src/link", ".."],
    ["CLAUDE.md", "AGENTS.md"],
    ["a/b/c", "../../x/y"],
    ["a/b/c", "./.././../x"],
    ["a/link", "..."],
    ["a/link", ".gitignore"],
    ["a/link", "../.github/workflows"]
  ])("finds none in %j -> %j", (path, target) => assert.isUndefined(linkFault(path, target)))

  it.each([
    ["link", "..", /leads outside/],
    ["src/link", "../../other", /leads outside/],
    ["src/link", "./../../other", /leads outside/],
    ["src/link", "/etc/passwd", /leads outside/],
    ["src/link", "\\etc", /leads outside/],
    ["src/link", "C:\\Users", /leads outside/],
    ["src/link", "..\\..\\other", /leads outside/],
    ["src/link", "up/../other", /may lead outside/],
    ["a/b/link", "../up/../other", /may lead outside/],
    ["src/link", "../.git/hooks", /git's/],
    ["src/link", "up/.GIT/config", /git's/],
    ["src/link", "../git~1/config", /git's/]
  ])("finds one in %j -> %j", (path, target, says) => assert.match(linkFault(path, target) ?? "", says))
})
