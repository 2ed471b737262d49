import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isGuided } from "../../src/codex/instructions.ts"
import { scratchFolder, writeFiles } from "../support/GitRepo.ts"

describe("a worktree", () => {
  it.scoped("is guided by the files that Codex looks for, and where other names were given to it", () =>
    Effect.map(scratchFolder, (folder) => {
      writeFiles(folder, { "plain/README.md": "", "agents/AGENTS.md": "", "override/AGENTS.override.md": "" })
      const guided = ["plain", "agents", "override"].map((name) => isGuided(`${folder}/${name}`, ["model=\"m\""]))
      assert.deepStrictEqual(guided, [false, true, true])
      assert.isTrue(isGuided(`${folder}/plain`, ["project_doc_fallback_filenames=[\"CLAUDE.md\"]"]))
    }))
})
