/** `find` without actions: paths, then tests and what prints. */
import { refuse, shown } from "./model.ts"
import { requireInside } from "./paths.ts"
import { expandPaths } from "./patterns.ts"
import type { ReadOnlyCommand } from "./readOnlyFiles.ts"

const ALONE = new Set(
  ("( ) ! -not -a -and -o -or -print -print0 -ls -prune -quit -depth -empty -true -false -mount -xdev -readable" +
    " -writable -executable -nouser -nogroup -daystart").split(" ")
)
const WITH_TEXT = new Set(
  ("-name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -type -xtype -size -mtime -mmin" +
    " -atime -amin -ctime -cmin -newermt -maxdepth -mindepth -perm -user -group -links -inum -lname -printf").split(" ")
)
const WITH_PATH = new Set(["-newer", "-anewer", "-cnewer", "-samefile"])

const ACTIONS = /^-(?:exec|ok|delete|fprint|fls)/

/** In `find` an operand is what comes before the first word of the expression. */
const startsExpression = (text: string): boolean => /^(?:-|[(),!]$)/.test(text)

export const find: ReadOnlyCommand = (args, place) => {
  const start = args.findIndex((word) => startsExpression(word.value))
  const paths = (start < 0 ? args : args.slice(0, start)).flatMap((word) =>
    word.value === "" ? refuse("find needs a folder; write . for this one.") : expandPaths(place, word)
  )
  const expression: Array<string> = []
  const tests = (start < 0 ? [] : args.slice(start)).map((word) => word.value).values()
  for (const test of tests) {
    expression.push(test)
    if (ALONE.has(test)) continue
    if (!WITH_TEXT.has(test) && !WITH_PATH.has(test)) {
      return refuse(
        ACTIONS.test(test)
          ? `find ${shown(test)} acts on what it finds. Let find print, and change files with the apply_patch tool.`
          : `find ${shown(test)} isn't allowed: only tests that look at names, types, sizes and times are.`
      )
    }
    const value: string | undefined = tests.next().value
    if (value === undefined) return refuse(`find ${test} needs a value.`)
    expression.push(WITH_PATH.has(test) ? requireInside(place, value) : value)
  }
  return [...(paths.length === 0 ? ["."] : paths), ...expression]
}
