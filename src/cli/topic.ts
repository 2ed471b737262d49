/**
 * What help tells of a command. The options and their descriptions are the
 * library's; its own rendering takes four lines for each. Help itself is told
 * from `help.json`, which holds all topics: to load the commands takes longer
 * than to read their help, and to tell of their options is for who makes that
 * file. The calls are marked as pure, so that the program is shipped without.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import { stripVTControlCharacters } from "node:util"
import type { Topic } from "./help.ts"

const config = /* @__PURE__ */ CliConfig.make({ showBuiltIns: false, showTypes: true })

export const topic = <Name extends string, R, E, A>(
  command: Command.Command<Name, R, E, A>,
  about: Omit<Topic, "options">
): Topic => ({
  ...about,
  get options() {
    return optionsOf(Command.getHelp(command, config))
  }
})

const text = (doc: HelpDoc.HelpDoc): string => stripVTControlCharacters(HelpDoc.toAnsiText(doc)).trim()

/** What the library says of every option, in words that tell nothing. */
const filler =
  /^(A user-defined piece of text\.|An integer\.|A file\.|A true or false value\.|This setting is optional\.|One of the following: .*|This (option|argument) may be repeated zero or more times\.)$/

const optionsOf = (doc: HelpDoc.HelpDoc): Topic["options"] => {
  if (HelpDoc.isSequence(doc)) return [...optionsOf(doc.left), ...optionsOf(doc.right)]
  if (!HelpDoc.isDescriptionList(doc)) return []
  return doc.definitions.map(([name, body]) => ({
    name: text(HelpDoc.p(name)).replaceAll(" | ", "|"),
    text: text(body).split("\n").map((line) => line.trim()).filter((line) => line !== "" && !filler.test(line)).join(
      " "
    )
  }))
}
