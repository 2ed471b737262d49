// @ts-check
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { git } from "./scratch.mjs"

/** About 3 kB of text that differs from file to file. @param {number} n */
const text = (n) =>
  Array.from({ length: 60 }, (_, line) => `export const value_${n}_${line} = "${n * 7919 + line} of file ${n}"\n`).join(
    ""
  )

/** A repository of so many files in folders of 25, with one commit. @param {string} folder @param {number} files */
export const makeRepository = (folder, files) => {
  for (let n = 0; n < files; n++) {
    const file = join(folder, "src", `d${Math.floor(n / 25)}`, `f${n}.ts`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text(n))
  }
  git(folder, "init", "--quiet", "--initial-branch=main")
  git(folder, "add", "--all")
  git(folder, "commit", "--quiet", "-m", "base")
  git(folder, "gc", "--quiet")
  return folder
}
